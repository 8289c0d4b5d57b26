import RasterIO
import VectorIO

/// The columns of the polygons' table, and where each stands.
struct PolygonFields {
    private(set) var list: [VectorWriter.Field] = []
    let classNumber: Int
    let className: Int
    let pixels: Int
    /// The square metres on the ground that the polygon covers.
    let area: Int
    /// The same in hectares.
    let hectares: Int
    /// The square metres that the pixels cover, where the polygon is simplified and does not cover the same.
    private(set) var pixelsArea: Int?
    /// The mean confidence of the pixels, where it is known.
    private(set) var confidence: Int?

    init(isSimplified: Bool, hasConfidence: Bool) {
        func add(_ name: String, _ kind: VectorWriter.Field.Kind, to list: inout [VectorWriter.Field]) -> Int {
            list.append(VectorWriter.Field(name, kind))
            return list.count - 1
        }
        classNumber = add("class_id", .integer, to: &list)
        className = add("class_name", .text, to: &list)
        pixels = add("pixels", .integer, to: &list)
        area = add("area_m2", .real, to: &list)
        hectares = add("area_ha", .real, to: &list)
        if isSimplified { pixelsArea = add("pixels_m2", .real, to: &list) }
        if hasConfidence { confidence = add("confidence", .real, to: &list) }
    }
}

/// Turns finished regions into features, with geometry in map coordinates and attributes.
final class FeatureBuilder {
    private let tracer: RegionTracer
    private let assembler: RingAssembler
    private let writer: VectorWriter
    private let coordinates: PixelToMap
    private let longestLine: Int32?
    private let legend: ClassLegend
    private let areas: GroundAreas?
    private let confidenceUnit: Double?
    private let minimumArea: Double
    private let fields: PolygonFields
    private var names: [Int: String] = [:]
    private var x: [Double] = []
    private var y: [Double] = []
    /// The square metres of the current feature's rings so far, if it is simplified, and the column from which those of the
    /// current ring are summed.
    private var covered = (sum: 0.0, column: 0.0)
    /// The number of features written.
    private(set) var count = 0

    /// - Parameters:
    ///   - longestLine: the longest line in pixels; points are added to longer ones. nil adds none.
    ///   - confidenceUnit: the confidence that a stored value of 1 stands for; nil without a confidence raster.
    init(
        _ tracer: RegionTracer, writer: VectorWriter, coordinates: PixelToMap, longestLine: Int?,
        legend: ClassLegend, areas: GroundAreas?, confidenceUnit: Double?, minimumArea: Double, fields: PolygonFields
    ) {
        self.tracer = tracer
        self.writer = writer
        self.coordinates = coordinates
        self.longestLine = longestLine.map { Int32($0) }
        self.legend = legend
        self.areas = areas
        self.confidenceUnit = confidenceUnit
        self.minimumArea = minimumArea
        self.fields = fields
        assembler = RingAssembler(arcs: tracer.arcs)
    }

    /// Writes a region unless it is too small, and releases it.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`.
    func write(_ number: UInt32) throws(RasterError) {
        let region = tracer.table.regions[number]
        let isWanted = region.area >= minimumArea
        covered.sum = 0
        var piece = region.firstFinished
        while piece != 0 {
            let sides = tracer.table.pieces[piece].first
            if isWanted {
                writer.beginPolygon()
                assembler.assemble(sides) { place($0) }
            } else {
                release(sides)
            }
            piece = tracer.table.pieces[piece].next
        }
        tracer.table.release(number)
        guard isWanted else { return }
        let value = Int(region.value)
        writer.set(fields.classNumber, value)
        writer.set(fields.className, name(of: value))
        writer.set(fields.pixels, region.pixels)
        if areas != nil {
            let area = fields.pixelsArea == nil ? region.area : abs(covered.sum)
            writer.set(fields.area, area)
            writer.set(fields.hectares, area / 10_000)
            if let field = fields.pixelsArea { writer.set(field, region.area) }
        }
        if let confidenceUnit, let field = fields.confidence {
            writer.set(field, Double(region.confidence) / Double(region.pixels) * confidenceUnit)
        }
        try writer.endFeature()
        count += 1
    }

    private func release(_ sides: UInt32) {
        var side = sides
        while side != 0 {
            let next = tracer.arcs.next(after: side)
            tracer.arcs.release(side)
            side = next
        }
    }

    private func name(of value: Int) -> String {
        if let name = names[value] { return name }
        let name = legend.name(of: value)
        names[value] = name
        return name
    }

    /// Passes a ring to the writer, a few points at a time because the largest rings have millions. Exteriors are
    /// counterclockwise on the map.
    private func place(_ ring: [LatticePoint]) {
        writer.beginRing()
        // If the map is not mirrored, its rings run the other way round than on the screen, from the same point.
        let last = ring.count - 1
        let isMirrored = coordinates.isMirrored
        let first = isMirrored ? ring[last] : ring[0]
        var previous = first
        covered.column = Double(first.x)
        for index in 0...last {
            let point = isMirrored ? ring[index == 0 ? last : index - 1] : ring[index == 0 ? 0 : last + 1 - index]
            if index > 0 { goOn(previous, point) }
            put(Double(point.x), Double(point.y))
            previous = point
            if x.count >= Self.pointsAtOnce { flush() }
        }
        goOn(previous, first)
        flush()
        writer.endRing()
    }

    private static let pointsAtOnce = 4096

    private func flush() {
        coordinates.transform(&x, &y)
        writer.addPoints(x: x, y: y)
        x.removeAll(keepingCapacity: true)
        y.removeAll(keepingCapacity: true)
    }

    /// Goes from one vertex to the next: adds what lies between them to the area and, on long lines, to the points.
    private func goOn(_ start: LatticePoint, _ end: LatticePoint) {
        if fields.pixelsArea != nil, let areas {
            covered.sum += areas.strip(from: start.place, to: end.place, rightOf: covered.column)
        }
        if let longestLine { divide(start, end, longestLine) }
    }

    /// Adds points between two vertices, the same ones in either direction.
    private func divide(_ start: LatticePoint, _ end: LatticePoint, _ longest: Int32) {
        let parts = (max(abs(end.x - start.x), abs(end.y - start.y)) - 1) / longest + 1
        guard parts > 1 else { return }
        for part in 1..<parts {
            let (before, after) = (Double(parts - part), Double(part))
            put(
                (Double(start.x) * before + Double(end.x) * after) / Double(parts),
                (Double(start.y) * before + Double(end.y) * after) / Double(parts))
        }
    }

    private func put(_ column: Double, _ row: Double) {
        x.append(column)
        y.append(row)
    }
}

extension LatticePoint {
    fileprivate var place: SIMD2<Double> { SIMD2(Double(x), Double(y)) }
}
