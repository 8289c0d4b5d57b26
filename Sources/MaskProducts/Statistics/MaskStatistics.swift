public import FileIO
public import RasterIO
import TileGeometry
package import VectorIO

/// The pixels, areas and shares of a mask's classes, for the whole mask and for each zone.
///
///     let statistics = try MaskStatistics(mask: "mask.tif")
///     for row in statistics.whole.classes { print(row.name, row.amount.hectares ?? 0) }
///
/// The mask is read once, in strips. Memory grows with the zones, not with the mask. A pixel belongs to a zone if its
/// centre lies inside; where zones overlap, it counts in each of them.
public struct MaskStatistics: Sendable {
    /// A polygon, and the statistics of the mask inside it.
    public struct Zone: Sendable, Encodable {
        /// The number of the feature in its layer.
        public let id: Int
        /// The name of the zone: the value of its field, or "zone" and its number.
        public let name: String
        /// The statistics of the pixels in the zone.
        public let statistics: ClassStatistics
    }

    /// The name of the mask in reports; its path, unless it is changed.
    public var mask: String
    /// The statistics of the whole mask.
    public let whole: ClassStatistics
    /// The statistics of each zone; nil if no zones were given.
    public let zones: [Zone]?
    /// Lines for the user: areas that are not known, zones that hold no pixel of the mask.
    public var warnings: [String]

    /// Counts a mask, in all and for each zone.
    ///
    /// - Parameters:
    ///   - mask: the path of a raster with one band of classes, as `segment` writes it, or of any other raster of whole
    ///     numbers.
    ///   - zones: the layer of zones; nil for none.
    /// - Throws: `.unsupported` if the raster is not a mask; `.readFailed`; and the errors of opening the mask and of
    ///   reading the layer.
    public init(mask: String, zones: ZoneLayer? = nil) throws(RasterError) {
        try self.init(of: try RasterReader(path: mask), zones: zones)
    }

    /// Counts a mask that is open already.
    ///
    /// - Throws: as the other initialiser, but for the errors of opening the mask.
    package init(of mask: RasterReader, zones: ZoneLayer? = nil) throws(RasterError) {
        try self.init(of: mask, zones: try zones?.place(on: mask))
    }

    /// Counts a mask in zones that were placed on its grid.
    ///
    /// - Parameters:
    ///   - mask: a raster with one band of classes.
    ///   - zones: the zones; nil for none.
    /// - Throws: `.unsupported` if the raster is not a mask; `.readFailed`.
    package init(of mask: RasterReader, zones: RasterPolygons?) throws(RasterError) {
        let strips = try MaskStrips(mask)
        var warnings = zones?.warnings ?? []
        var areas: GroundAreas?
        do {
            areas = try GroundAreas(size: mask.size, reference: mask.spatialReference)
        } catch {
            warnings.append("\(mask.path): \(error.message); pixels and shares of pixels are counted")
        }
        var count = Count(strips, areas, zones)
        try strips.forEach { (strip, samples) throws(RasterError) in try count.add(strip, samples) }

        let legend = ClassLegend(of: mask)
        let (values, hasAreas) = (count.index.values, areas != nil)
        self.mask = mask.path
        whole = count.whole.statistics(values, legend, hasAreas: hasAreas)
        guard let zones else {
            self.zones = nil
            self.warnings = warnings
            return
        }
        let counted = zip(zones.features, count.zones).map { feature, tally in
            Zone(
                id: feature.id, name: feature.value ?? "zone \(feature.id)",
                statistics: tally.statistics(values, legend, hasAreas: hasAreas))
        }
        let empty = counted.filter { $0.statistics.valid.pixels + $0.statistics.nodata.pixels == 0 }
        if !empty.isEmpty {
            let names = empty.prefix(5).map(\.name).joined(separator: ", ") + (empty.count > 5 ? ", …" : "")
            warnings.append(
                "\(empty.count) of \(counted.count) zones of \(zones.path) hold no pixel of \(mask.path): \(names)")
        }
        self.zones = counted
        self.warnings = warnings
    }

    /// The counts so far.
    private struct Count {
        var index: ClassNumbering
        var whole = ClassTally()
        var zones: [ClassTally]

        private let areas: GroundAreas?
        private let polygons: RasterPolygons?
        private var classes: [Int32]
        /// The square metres to the left of each column, for each row of a strip: width + 1 values a row.
        private var sums: [Double]
        private var row: [Double] = []
        private var inside: [UInt8] = []

        init(_ strips: MaskStrips, _ areas: GroundAreas?, _ polygons: RasterPolygons?) {
            index = ClassNumbering(path: strips.mask.path)
            self.areas = areas
            self.polygons = polygons
            zones = Array(repeating: ClassTally(), count: polygons?.features.count ?? 0)
            classes = [Int32](repeating: -1, count: strips.largest)
            // The zones need the areas of all rows of a strip; without zones, one row is enough.
            let rows = areas == nil || polygons == nil ? 0 : strips.rows
            sums = [Double](repeating: 0, count: rows * (strips.mask.size.width + 1))
        }

        mutating func add(_ strip: PixelWindow, _ samples: UnsafePointer<Float>) throws(RasterError) {
            let width = strip.width
            for line in 0..<strip.height {
                try classes.withUnsafeMutableBufferPointer { (classes) throws(RasterError) in
                    guard let start = classes.baseAddress else { return }
                    try index.number(samples + line * width, count: width, into: start + line * width)
                }
                if let areas {
                    areas.cumulative(row: strip.y + line, into: &row)
                    if polygons != nil {
                        let place = line * (width + 1)
                        sums.replaceSubrange(place...place + width, with: row)
                    }
                }
                classes.withUnsafeBufferPointer { classes in
                    row.withUnsafeBufferPointer { row in
                        guard let start = classes.baseAddress else { return }
                        whole.add(
                            start + line * width, count: width, sums: areas == nil ? nil : row.baseAddress)
                    }
                }
            }
            guard let polygons else { return }
            for (number, feature) in polygons.features.enumerated() {
                let part = feature.window.intersection(strip)
                if !part.isEmpty { try add(zone: number, of: polygons, part, strip) }
            }
        }

        private mutating func add(
            zone: Int, of polygons: RasterPolygons, _ part: PixelWindow, _ strip: PixelWindow
        ) throws(RasterError) {
            if inside.count < part.size.area { inside = [UInt8](repeating: 0, count: part.size.area) }
            try inside.withUnsafeMutableBufferPointer { (inside) throws(RasterError) in
                try polygons.cover(zone, part, into: inside)
            }
            inside.withUnsafeBufferPointer { inside in
                classes.withUnsafeBufferPointer { classes in
                    sums.withUnsafeBufferPointer { sums in
                        guard let inside = inside.baseAddress, let classes = classes.baseAddress else { return }
                        for line in 0..<part.height {
                            let above = part.y + line - strip.y
                            zones[zone].add(
                                classes + above * strip.width + part.x, count: part.width,
                                sums: areas == nil
                                    ? nil : sums.baseAddress.map { $0 + above * (strip.width + 1) + part.x },
                                inside: inside + line * part.width)
                        }
                    }
                }
            }
        }
    }
}

extension MaskStatistics {
    /// A layer of polygons in which a mask is counted, zone by zone.
    public struct ZoneLayer: Equatable, Sendable {
        /// The vector file.
        public var path: String
        /// The name of the layer; nil if the file has only one.
        public var layer: String?
        /// The field that holds the names of the zones; nil for the field "name", if there is one.
        public var field: String?

        /// Names a layer. Nothing is read.
        public init(path: String, layer: String? = nil, field: String? = nil) {
            self.path = path
            self.layer = layer
            self.field = field
        }

        /// Checks that the file can be read and has the field, before any work is spent on a mask.
        ///
        /// - Throws: the errors of `RasterPolygons.fields(ofFile:layer:)`; `.badArgument` if there is no such field.
        public func check() throws(RasterError) {
            let fields = try RasterPolygons.fields(ofFile: path, layer: layer)
            guard let field, !fields.contains(field) else { return }
            throw RasterError(
                .badArgument, path: path, "\(path) has no field \"\(field)\": it has \(fields.joined(separator: ", "))")
        }

        /// Reads the zones, and places them on the grid of a mask.
        ///
        /// - Throws: the errors of `RasterPolygons.init`.
        package func place(on mask: RasterReader) throws(RasterError) -> RasterPolygons {
            var field = field
            if field == nil {
                field = try RasterPolygons.fields(ofFile: path, layer: layer).first { $0.lowercased() == "name" }
            }
            return try RasterPolygons(
                path: path, layer: layer, field: field, size: mask.size, reference: mask.spatialReference)
        }
    }
}

extension MaskStatistics: Encodable, NumberReport {
    private enum CodingKeys: CodingKey { case mask, zones, warnings }

    /// Encodes the statistics of the whole mask, with the zones and warnings beside them.
    public func encode(to encoder: any Encoder) throws {
        try whole.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mask, forKey: .mask)
        try container.encodeIfPresent(zones, forKey: .zones)
        try container.encode(warnings, forKey: .warnings)
    }

    /// A line for each class, and one for pixels without data. With zones, there are such lines for each zone and none
    /// for the whole mask, so that the sum of a column counts nothing twice unless zones overlap.
    public var csv: String {
        let names = ["value", "class", "pixels", "square_metres", "hectares", "share"]
        guard let zones else { return CSVLine.text(names) + Self.lines(whole, []) }
        return CSVLine.text(["zone_id", "zone"] + names)
            + zones.map { Self.lines($0.statistics, ["\($0.id)", $0.name]) }.joined()
    }

    /// Writes CSV if the path ends in `.csv`, and JSON otherwise. The file appears under its name only when it is
    /// complete.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    public func write(to path: String, overwrite: Bool = false) throws(FileError) {
        try writeReport(to: path, overwrite: overwrite)
    }

    private static func lines(_ statistics: ClassStatistics, _ first: [String]) -> String {
        func line(_ value: String, _ name: String, _ amount: ClassStatistics.Amount, _ share: Double?) -> String {
            CSVLine.text(
                first + [
                    value, name, "\(amount.pixels)", CSVLine.number(amount.squareMetres),
                    CSVLine.number(amount.hectares), CSVLine.number(share),
                ])
        }
        return statistics.classes.map { line("\($0.value)", $0.name, $0.amount, $0.share) }.joined()
            + line("", "no data", statistics.nodata, nil)
    }
}
