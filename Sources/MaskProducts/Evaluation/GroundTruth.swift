package import RasterIO
package import TileGeometry
package import VectorIO

/// The truth that a mask is compared with: classes that were observed on the ground or drawn by hand.
package enum GroundTruth {
    /// A raster of classes on any grid, resampled to the mask's grid by nearest neighbour.
    case raster(RasterReader)
    /// Polygons with a field that holds the class, as a number or a name. Where polygons overlap, the last one counts.
    /// Pixels outside all polygons have the class `outside`, or none.
    case polygons(RasterPolygons, outside: Int?)

    var path: String {
        switch self {
        case .raster(let reader): reader.path
        case .polygons(let polygons, _): polygons.path
        }
    }
}

/// Reads a truth on a raster's grid, window by window.
package final class PlacedTruth {
    /// The names of the truth's classes.
    package let legend: [LegendEntry]
    /// True if the truth's values were assigned to names, and mean nothing by themselves.
    package let hasNamesOnly: Bool
    /// Lines for the user about how the truth was laid over the mask.
    package let warnings: [String]
    private let source: Source
    private var inside: [UInt8] = []

    private enum Source {
        case raster(WarpedBandReader)
        /// Polygons with the class of each feature, and the class outside all of them; NaN for none.
        case polygons(RasterPolygons, values: [Float], outside: Float)
    }

    /// Places a truth on the grid of a mask.
    ///
    /// - Throws: `.unsupported` if one cannot be laid over the other, or the polygons have no classes.
    package init(_ truth: GroundTruth, on mask: RasterReader) throws(RasterError) {
        switch truth {
        case .raster(let reader):
            legend = ClassLegend(of: reader).entries
            hasNamesOnly = false
            let aligned = try WarpedBandReader(
                reader, size: mask.size, reference: mask.spatialReference, of: mask.path)
            warnings = aligned.warnings
            source = .raster(aligned)
        case .polygons(let polygons, let outside):
            let names = Set(polygons.features.compactMap(\.value))
            guard !names.isEmpty else {
                throw RasterError(
                    .unsupported, path: polygons.path,
                    "the polygons of \(polygons.path) name no class: their field is empty, or there are none")
            }
            // Numbers are values of the mask. Names get numbers here, and are matched by name.
            var numbers: [String: Int] = [:]
            if names.allSatisfy({ Self.number($0) != nil }) {
                for name in names { numbers[name] = Self.number(name) }
                legend = []
                hasNamesOnly = false
            } else {
                // No name may get the value for pixels outside the polygons.
                let free = (0..<65_536).lazy.filter { $0 != outside }
                for (number, name) in zip(free, names.sorted()) { numbers[name] = number }
                legend = numbers.map { LegendEntry(value: $0.value, name: $0.key) }.sorted { $0.value < $1.value }
                hasNamesOnly = true
            }
            warnings = polygons.warnings
            let values = polygons.features.map { $0.value.flatMap { numbers[$0] }.map { Float($0) } ?? .nan }
            source = .polygons(polygons, values: values, outside: outside.map { Float($0) } ?? .nan)
        }
    }

    /// Returns the class number in a field's text, where a real 3 is written "3.0", or nil for a name.
    private static func number(_ text: String) -> Int? {
        Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// Reads a window.
    ///
    /// - Parameter samples: receives the truth's values, height x width, NaN where it has no class.
    /// - Throws: `.readFailed`.
    package func read(_ window: PixelWindow, into samples: UnsafeMutableBufferPointer<Float>) throws(RasterError) {
        switch source {
        case .raster(let reader): try reader.read(window, into: samples)
        case .polygons(let polygons, let values, let outside):
            samples.prefix(window.size.area).update(repeating: outside)
            for (index, feature) in polygons.features.enumerated() {
                let part = feature.window.intersection(window)
                if part.isEmpty { continue }
                if inside.count < part.size.area { inside = [UInt8](repeating: 0, count: part.size.area) }
                try inside.withUnsafeMutableBufferPointer { (inside) throws(RasterError) in
                    try polygons.cover(index, part, into: inside)
                }
                for line in 0..<part.height {
                    let start = (part.y + line - window.y) * window.width + part.x - window.x
                    for column in 0..<part.width where inside[line * part.width + column] != 0 {
                        samples[start + column] = values[index]
                    }
                }
            }
        }
    }
}
