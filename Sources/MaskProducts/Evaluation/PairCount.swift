import RasterIO

/// Counts how often each value of a mask coincides with each value of a truth.
struct PairCount {
    private var mask: ClassNumbering
    private var truth: ClassNumbering
    /// The counts, truth x mask, indexed by class number plus 1. Index 0 is for pixels without data.
    private var counts: [Int]
    /// The number of rows and columns that there is room for, including no data.
    private var side = 16
    private var maskClasses: [Int32] = []
    private var truthClasses: [Int32] = []

    /// The most classes of both. Rasters with more values hold measurements.
    private static let most = 1024

    init(mask: String, truth: String) {
        self.mask = ClassNumbering(path: mask)
        self.truth = ClassNumbering(path: truth)
        counts = [Int](repeating: 0, count: side * side)
    }

    /// The number of pixels where only the truth has a class.
    var withoutMask: Int { (1..<side).reduce(0) { $0 + counts[$1 * side] } }
    /// The number of pixels where only the mask has a class.
    var withoutTruth: Int { (1..<side).reduce(0) { $0 + counts[$1] } }

    /// The pairs of values that coincide where both have a class, with their pixels.
    var pairs: [(truth: Int, mask: Int, pixels: Int)] {
        truth.values.indices.flatMap { row in
            mask.values.indices.map { (truth.values[row], mask.values[$0], counts[(row + 1) * side + $0 + 1]) }
        }.filter { $0.2 > 0 }
    }

    /// Counts the pixels of a strip.
    ///
    /// - Throws: `.unsupported` for values that are no classes.
    mutating func add(
        mask maskSamples: UnsafePointer<Float>, truth truthSamples: UnsafePointer<Float>, pixels: Int
    ) throws(RasterError) {
        if maskClasses.count < pixels {
            maskClasses = [Int32](repeating: 0, count: pixels)
            truthClasses = maskClasses
        }
        try maskClasses.withUnsafeMutableBufferPointer { (classes) throws(RasterError) in
            if let start = classes.baseAddress { try mask.number(maskSamples, count: pixels, into: start) }
        }
        try truthClasses.withUnsafeMutableBufferPointer { (classes) throws(RasterError) in
            if let start = classes.baseAddress { try truth.number(truthSamples, count: pixels, into: start) }
        }
        try grow(to: max(mask.values.count, truth.values.count) + 1)
        counts.withUnsafeMutableBufferPointer { counts in
            maskClasses.withUnsafeBufferPointer { columns in
                truthClasses.withUnsafeBufferPointer { rows in
                    for index in 0..<pixels { counts[(Int(rows[index]) + 1) * side + Int(columns[index]) + 1] += 1 }
                }
            }
        }
    }

    private mutating func grow(to wanted: Int) throws(RasterError) {
        guard wanted > side else { return }
        guard wanted <= Self.most else {
            let worse = mask.values.count > truth.values.count ? mask : truth
            throw RasterError(
                .unsupported, path: worse.path,
                "\(worse.path) is no raster of classes: it holds more than \(Self.most - 1) values")
        }
        var larger = side
        while larger < wanted { larger *= 2 }
        var grown = [Int](repeating: 0, count: larger * larger)
        for row in 0..<side {
            for column in 0..<side { grown[row * larger + column] = counts[row * side + column] }
        }
        (counts, side) = (grown, larger)
    }
}
