import Foundation

/// Reads the rings of a Shapefile by its specification (ESRI, 1998), apart from the library that writes it.
struct ShapefilePolygons {
    typealias Point = SIMD2<Double>

    /// By feature, each ring closed.
    let features: [[[Point]]]

    init(path: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func integer(_ place: Int) -> Int {
            Int(Int32(bitPattern: data[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }))
        }
        func number(_ place: Int) -> Double {
            Double(bitPattern: data[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
        var features: [[[Point]]] = []
        var record = 100
        while record < data.count {
            let words = data[record + 4..<record + 8].reduce(0) { $0 << 8 | Int($1) }
            let content = record + 8
            let (parts, points) = (integer(content + 36), integer(content + 40))
            let starts = (0..<parts).map { integer(content + 44 + 4 * $0) } + [points]
            let first = content + 44 + 4 * parts
            features.append(
                (0..<parts).map { part in
                    (starts[part]..<starts[part + 1]).map {
                        Point(number(first + 16 * $0), number(first + 16 * $0 + 8))
                    }
                })
            record = content + 2 * words
        }
        self.features = features
    }
}
