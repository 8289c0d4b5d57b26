import RasterIO
import VectorIO

/// Turns finished regions into features, with geometry in map coordinates and attributes.
final class FeatureBuilder {
    private let tracer: RegionTracer
    private let assembler: RingAssembler
    private let writer: VectorWriter
    private let coordinates: PixelToMap
    private let longestLine: Int32?
    private let legend: ClassLegend
    private let hasAreas: Bool
    private let confidenceUnit: Double?
    private let minimumArea: Double
    private var names: [Int: String] = [:]
    private var x: [Double] = []
    private var y: [Double] = []
    /// The number of features written.
    private(set) var count = 0

    /// - Parameters:
    ///   - longestLine: the longest line in pixels; points are added to longer ones. nil adds none.
    ///   - confidenceUnit: the confidence that a stored value of 1 stands for; nil without a confidence raster.
    init(
        _ tracer: RegionTracer, writer: VectorWriter, coordinates: PixelToMap, longestLine: Int?,
        legend: ClassLegend, hasAreas: Bool, confidenceUnit: Double?, minimumArea: Double
    ) {
        self.tracer = tracer
        self.writer = writer
        self.coordinates = coordinates
        self.longestLine = longestLine.map { Int32($0) }
        self.legend = legend
        self.hasAreas = hasAreas
        self.confidenceUnit = confidenceUnit
        self.minimumArea = minimumArea
        assembler = RingAssembler(arcs: tracer.arcs)
    }

    /// Writes a region unless it is too small, and releases it.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`.
    func write(_ number: UInt32) throws(RasterError) {
        let region = tracer.table.regions[number]
        let isWanted = region.area >= minimumArea
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
        writer.set(0, value)
        writer.set(1, name(of: value))
        writer.set(2, region.pixels)
        if hasAreas {
            writer.set(3, region.area)
            writer.set(4, region.area / 10_000)
        }
        if let confidenceUnit { writer.set(5, Double(region.confidence) / Double(region.pixels) * confidenceUnit) }
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
        var previous = isMirrored ? ring[last] : ring[0]
        for index in 0...last {
            let point = isMirrored ? ring[index == 0 ? last : index - 1] : ring[index == 0 ? 0 : last + 1 - index]
            if index > 0, let longestLine { divide(previous, point, longestLine) }
            put(Double(point.x), Double(point.y))
            previous = point
            if x.count >= Self.pointsAtOnce { flush() }
        }
        if let longestLine { divide(previous, isMirrored ? ring[last] : ring[0], longestLine) }
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
