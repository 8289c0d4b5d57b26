import MaskProducts
import Models
import RasterIO
import TileGeometry
import Training
import VectorIO

/// Where the classes of a scene's pixels come from.
package struct TruthSource: Sendable {
    /// A raster of classes on any grid, or a vector file of polygons.
    package var path: String
    /// The field of the polygons that holds the class; nil for a raster.
    package var field: String?
    /// The layer, where a vector file has several.
    package var layer: String?
    /// Polygons within which everything that lies in none of the truth's is background; nil for nothing of the kind.
    package var labelledArea: String?

    /// A truth.
    package init(path: String, field: String? = nil, layer: String? = nil, labelledArea: String? = nil) {
        self.path = path
        self.field = field
        self.layer = layer
        self.labelledArea = labelledArea
    }
}

/// The truth of one scene, as the names of classes and a number for each pixel.
struct SceneTruth {
    /// The names of the classes that occur, by the numbers in `numbers`.
    var names: [String] = []
    /// For each pixel, row by row, the number of its class; `Loss.unlabelled` for none.
    var numbers: [UInt8] = []
    /// The colours that a raster's palette gives to its classes, by their names in training.
    var colors: [String: ClassDescription.Color] = [:]
    /// Lines for the user about how the truth was laid over the scene.
    var warnings: [String] = []
    /// The classes that polygons have, whether or not any of them lies on the scene.
    var mentioned: Set<String> = []
    /// The classes of the truth, as it calls them itself, that occur or that polygons have.
    var ownNames: Set<String> = []

    /// The class of what lies in the labelled area and in no polygon.
    static let background = "background"

    /// Lays a truth over a scene.
    ///
    /// - Parameter renamed: what the truth's classes are called in training; "none" for one that is left out.
    /// - Throws: `RasterError`; `TrainingError` for more classes than a network may have, and polygons that do not say where
    ///   they lie.
    init(_ source: TruthSource, on scene: RasterReader, renamed: [String: String]) throws {
        let size = scene.size
        let truth: GroundTruth
        var palette: [LegendEntry.Color] = []
        if let field = source.field {
            let polygons = try RasterPolygons(
                path: source.path, layer: source.layer, field: field, size: size, reference: scene.spatialReference)
            try Self.requirePlace(of: polygons, on: scene)
            truth = .polygons(polygons, outside: nil)
        } else {
            let raster = try RasterReader(path: source.path)
            palette = raster.palette(ofBand: 1) ?? []
            truth = .raster(raster)
        }
        let placed = try PlacedTruth(truth, on: scene)
        warnings = placed.warnings
        let legend = Dictionary(placed.legend.map { ($0.value, $0.name) }, uniquingKeysWith: { first, _ in first })
        if source.field != nil {
            for (value, own) in legend {
                ownNames.formUnion([own, "\(value)"])
                mentioned.insert(renamed[own] ?? renamed["\(value)"] ?? own)
            }
        }
        numbers = Array(repeating: Loss.unlabelled, count: size.area)
        var known: [Float: UInt8] = [:]
        func number(_ value: Float) throws -> UInt8 {
            if let number = known[value] { return number }
            let own = Int(exactly: value).flatMap { legend[$0] } ?? Self.text(value)
            let name = renamed[own] ?? renamed[Self.text(value)] ?? own
            ownNames.formUnion([own, Self.text(value)])
            let number: UInt8
            if name == "none" {
                number = Loss.unlabelled
            } else if let index = names.firstIndex(of: name) {
                number = UInt8(index)
            } else {
                guard names.count < 254 else {
                    throw TrainingError(
                        "\(source.path) has more than 254 classes: is \(source.field ?? "the raster") a class at all?")
                }
                names.append(name)
                number = UInt8(names.count - 1)
            }
            if number != Loss.unlabelled, colors[name] == nil, let value = Int(exactly: value),
                let color = placed.legend.first(where: { $0.value == value })?.color
                    ?? (palette.indices.contains(value) ? palette[value] : nil)
            {
                colors[name] = ClassDescription.Color(red: color.red, green: color.green, blue: color.blue)
            }
            known[value] = number
            return number
        }
        let rows = max(1, min(size.height, (1 << 20) / size.width))
        var strip = [Float](repeating: 0, count: rows * size.width)
        for y in stride(from: 0, to: size.height, by: rows) {
            let window = PixelWindow(x: 0, y: y, width: size.width, height: min(rows, size.height - y))
            try strip.withUnsafeMutableBufferPointer { (strip) throws(RasterError) in
                try placed.read(window, into: strip)
            }
            for index in 0..<window.size.area where !strip[index].isNaN {
                numbers[y * size.width + index] = try number(strip[index])
            }
        }
        if let path = source.labelledArea { try fillBackground(path, scene) }
    }

    private mutating func fillBackground(_ path: String, _ scene: RasterReader) throws {
        let area = try RasterPolygons(path: path, size: scene.size, reference: scene.spatialReference)
        try Self.requirePlace(of: area, on: scene)
        let index = names.firstIndex(of: Self.background) ?? names.count
        if index == names.count { names.append(Self.background) }
        for (number, feature) in area.features.enumerated() where !feature.window.isEmpty {
            let rows = max(1, (1 << 20) / feature.window.width)
            for y in stride(from: feature.window.y, to: feature.window.maxY, by: rows) {
                let part = PixelWindow(
                    x: feature.window.x, y: y, width: feature.window.width, height: min(rows, feature.window.maxY - y))
                var inside = [UInt8](repeating: 0, count: part.size.area)
                try inside.withUnsafeMutableBufferPointer { (inside) throws(RasterError) in
                    try area.cover(number, part, into: inside)
                }
                for row in 0..<part.height {
                    for column in 0..<part.width where inside[row * part.width + column] != 0 {
                        let place = (part.y + row) * scene.size.width + part.x + column
                        if numbers[place] == Loss.unlabelled { numbers[place] = UInt8(index) }
                    }
                }
            }
        }
    }

    /// Makes sure that polygons say where they lie, if the scene does: taken for coordinates of the scene's, they would lie
    /// anywhere, and hours would be spent on wrong labels.
    private static func requirePlace(of polygons: RasterPolygons, on scene: RasterReader) throws(TrainingError) {
        guard let system = scene.spatialReference.system, !polygons.hasSystem else { return }
        throw TrainingError(
            "\(polygons.path) does not name its coordinate system, and \(scene.path) has \(system.name): write into it which "
                + "one it is, as with: ogr2ogr -a_srs EPSG:4326 placed.gpkg \(polygons.path)")
    }

    private static func text(_ value: Float) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
