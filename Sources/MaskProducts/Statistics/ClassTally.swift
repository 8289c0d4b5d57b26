import RasterIO

/// Sums up pixels and square metres for each class, run by run.
struct ClassTally {
    /// The pixels of each class, indexed by its number in a `ClassNumbering`.
    private var pixels: [Int] = []
    private var areas: [Double] = []
    private var nodataPixels = 0
    private var nodataArea = 0.0

    /// Counts the pixels of a part of a row.
    ///
    /// - Parameters:
    ///   - classes: a class number for each pixel, -1 without data.
    ///   - sums: the square metres to the left of each of the part's columns, and to the left of its end; nil if areas
    ///     are not known.
    ///   - inside: 1 for pixels that count and 0 for others; nil if all pixels count.
    mutating func add(
        _ classes: UnsafePointer<Int32>, count: Int, sums: UnsafePointer<Double>?, inside: UnsafePointer<UInt8>? = nil
    ) {
        var start = 0
        while start < count {
            let number = classes[start]
            var end = start + 1
            if let inside {
                let isInside = inside[start]
                while end < count, classes[end] == number, inside[end] == isInside { end += 1 }
                if isInside == 0 {
                    start = end
                    continue
                }
            } else {
                while end < count, classes[end] == number { end += 1 }
            }
            add(number, end - start, sums.map { $0[end] - $0[start] } ?? 0)
            start = end
        }
    }

    private mutating func add(_ number: Int32, _ count: Int, _ area: Double) {
        guard number >= 0 else {
            nodataPixels += count
            nodataArea += area
            return
        }
        let index = Int(number)
        if index >= pixels.count {
            pixels += [Int](repeating: 0, count: index + 1 - pixels.count)
            areas += [Double](repeating: 0, count: index + 1 - areas.count)
        }
        pixels[index] += count
        areas[index] += area
    }

    /// - Parameters:
    ///   - values: the value of each class, indexed by number.
    ///   - hasAreas: true if square metres were given.
    func statistics(_ values: [Int], _ legend: ClassLegend, hasAreas: Bool) -> ClassStatistics {
        var amounts: [Int: ClassStatistics.Amount] = [:]
        let zero = ClassStatistics.Amount(pixels: 0, squareMetres: hasAreas ? 0 : nil)
        for entry in legend.entries { amounts[entry.value] = zero }
        for (index, value) in values.enumerated() {
            amounts[value] =
                index < pixels.count
                ? ClassStatistics.Amount(pixels: pixels[index], squareMetres: hasAreas ? areas[index] : nil) : zero
        }
        return ClassStatistics(
            amounts.sorted { $0.key < $1.key }.map { ($0.key, legend.name(of: $0.key), $0.value) },
            nodata: ClassStatistics.Amount(pixels: nodataPixels, squareMetres: hasAreas ? nodataArea : nil))
    }
}
