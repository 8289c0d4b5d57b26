import CGDAL
import TileGeometry

/// The ground that a raster's pixels with data cover: polygons in longitude and latitude of WGS 84, as GeoJSON has them.
///
/// Source: RFC 7946, sections 3.1.6 (rings run counterclockwise), 3.1.9 (cut at the antimeridian) and 5.2 (bounding boxes
/// across it).
package struct Footprint: Equatable, Sendable {
    /// A place on the globe.
    package struct Position: Equatable, Sendable {
        /// The longitude in degrees, -180 to 180.
        package var longitude: Double
        /// The latitude in degrees.
        package var latitude: Double

        /// Makes a position of degrees.
        package init(longitude: Double, latitude: Double) {
            self.longitude = longitude
            self.latitude = latitude
        }
    }

    /// Closed rings, without holes; two where the antimeridian cuts the ground.
    package let rings: [[Position]]

    /// The difference of longitudes beyond which two neighbours lie on both sides of the antimeridian.
    private static let halfTurn = 180.0

    /// - Parameter outline: positions around the ground, not closed, close enough to each other that a line between two is
    ///   never longer than half a turn.
    /// - Returns: nil where they enclose nothing.
    init?(outline: [Position]) {
        guard outline.count >= 3, outline.allSatisfy({ $0.longitude.isFinite && $0.latitude.isFinite }) else {
            return nil
        }
        var path = Self.unwrapped(outline)
        let turn = (path.last?.longitude ?? 0) - (path.first?.longitude ?? 0)
        path.removeLast()
        if abs(turn) > Self.halfTurn {
            rings = [Self.closed(Self.aroundPole(path, eastward: turn > 0))]
            return
        }
        let longitudes = path.map(\.longitude)
        guard let west = longitudes.min(), let east = longitudes.max() else { return nil }
        let shift = -(((west + east) / 2 / 360).rounded() * 360)
        for index in path.indices { path[index].longitude += shift }
        let parts: [[Position]]
        if west + shift < -180 - 1e-9 {
            parts = [Self.half(path, of: -180, isEast: true), Self.half(path, of: -180, isEast: false, shift: 360)]
        } else if east + shift > 180 + 1e-9 {
            parts = [Self.half(path, of: 180, isEast: false), Self.half(path, of: 180, isEast: true, shift: -360)]
        } else {
            parts = [path]
        }
        rings = parts.filter { $0.count >= 3 }.map(Self.closed)
        if rings.isEmpty { return nil }
    }

    /// The bounding box in degrees: west, south, east and north; west is the larger where the antimeridian lies between.
    package var boundingBox: [Double] {
        let latitudes = rings.joined().map(\.latitude)
        let spans = rings.map { ring in
            (ring.map(\.longitude).min() ?? 0, ring.map(\.longitude).max() ?? 0)
        }
        let isCut = spans.count == 2
        let west = isCut ? spans.map(\.0).max() ?? 0 : spans[0].0
        let east = isCut ? spans.map(\.1).min() ?? 0 : spans[0].1
        return [west, latitudes.min() ?? 0, east, latitudes.max() ?? 0]
    }

    /// Returns the outline with longitudes that continue beyond 180 instead of jumping, and with the first position
    /// repeated at the end.
    private static func unwrapped(_ outline: [Position]) -> [Position] {
        var path = [outline[0]]
        var offset = 0.0
        for (last, next) in zip(outline, outline.dropFirst() + [outline[0]]) {
            let step = next.longitude - last.longitude
            if step > halfTurn { offset -= 360 } else if step < -halfTurn { offset += 360 }
            path.append(Position(longitude: next.longitude + offset, latitude: next.latitude))
        }
        return path
    }

    /// Returns the ring of ground around a pole: in degrees, it is a strip from -180 to 180 that reaches to the pole's
    /// latitude.
    private static func aroundPole(_ path: [Position], eastward: Bool) -> [Position] {
        let positions = (eastward ? path : path.reversed()).map { position in
            let turns = ((position.longitude + 180) / 360).rounded(.down)
            return Position(longitude: position.longitude - 360 * turns, latitude: position.latitude)
        }
        let start = positions.indices.min { positions[$0].longitude < positions[$1].longitude } ?? 0
        let strip = Array(positions[start...] + positions[..<start])
        let (first, last) = (strip[0], strip[strip.count - 1])
        let gap = first.longitude + 360 - last.longitude
        let share = gap > 0 ? (180 - last.longitude) / gap : 0
        let edge = last.latitude + share * (first.latitude - last.latitude)
        let pole: Double = strip.reduce(0) { $0 + $1.latitude } > 0 ? 90 : -90
        return [Position(longitude: -180, latitude: edge)] + strip
            + [
                Position(longitude: 180, latitude: edge), Position(longitude: 180, latitude: pole),
                Position(longitude: -180, latitude: pole),
            ]
    }

    /// Returns the part of a polygon on one side of a meridian (Sutherland and Hodgman), moved by some degrees.
    private static func half(
        _ path: [Position], of meridian: Double, isEast: Bool, shift: Double = 0
    ) -> [Position] {
        func isInside(_ position: Position) -> Bool {
            isEast ? position.longitude >= meridian : position.longitude <= meridian
        }
        var result: [Position] = []
        for (last, next) in zip([path[path.count - 1]] + path, path) {
            if isInside(last) != isInside(next) {
                let share = (meridian - last.longitude) / (next.longitude - last.longitude)
                result.append(
                    Position(
                        longitude: meridian, latitude: last.latitude + share * (next.latitude - last.latitude)))
            }
            if isInside(next) { result.append(next) }
        }
        for index in result.indices { result[index].longitude += shift }
        return result
    }

    /// Returns a ring counterclockwise, rounded to 7 decimals (a centimetre), with the first position repeated at the
    /// end.
    private static func closed(_ path: [Position]) -> [Position] {
        func rounded(_ value: Double, _ limit: Double) -> Double {
            min(limit, max(-limit, (value * 1e7).rounded() / 1e7))
        }
        var ring: [Position] = []
        for position in path {
            let next = Position(
                longitude: rounded(position.longitude, 180), latitude: rounded(position.latitude, 90))
            if ring.last != next { ring.append(next) }
        }
        if ring.count > 1, ring.first == ring.last { ring.removeLast() }
        var area = 0.0
        for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) {
            area += a.longitude * b.latitude - b.longitude * a.latitude
        }
        if area < 0 { ring.reverse() }
        guard let first = ring.first else { return [] }
        return simplified(ring + [first])
    }

    /// Returns a ring without points that lie on the line between their neighbours, to within a thousandth of the
    /// ring's extent.
    private static func simplified(_ ring: [Position]) -> [Position] {
        func extent(_ values: [Double]) -> Double { (values.max() ?? 0) - (values.min() ?? 0) }
        let tolerance = max(extent(ring.map(\.longitude)), extent(ring.map(\.latitude))) / 1000
        // The point that is farthest from the first one stays, so that there are two lines to begin with.
        func distance(_ index: Int) -> Double {
            let (a, b) = (ring[0], ring[index])
            return (a.longitude - b.longitude) * (a.longitude - b.longitude)
                + (a.latitude - b.latitude) * (a.latitude - b.latitude)
        }
        let middle = ring.indices.max { distance($0) < distance($1) } ?? 0
        var isKept = [Bool](repeating: false, count: ring.count)
        for index in [0, middle, ring.count - 1] { isKept[index] = true }
        // Douglas and Peucker.
        var spans = [(0, middle), (middle, ring.count - 1)]
        while let (start, end) = spans.popLast() {
            guard end - start > 1 else { continue }
            let far = (start + 1..<end).max {
                gap(ring[$0], ring[start], ring[end]) < gap(ring[$1], ring[start], ring[end])
            }
            guard let far, gap(ring[far], ring[start], ring[end]) > tolerance else { continue }
            isKept[far] = true
            spans += [(start, far), (far, end)]
        }
        let result = ring.indices.filter { isKept[$0] }.map { ring[$0] }
        return result.count >= 4 ? result : ring
    }

    /// Returns the distance of a point from the line through two others, in degrees.
    private static func gap(_ point: Position, _ a: Position, _ b: Position) -> Double {
        let (dx, dy) = (b.longitude - a.longitude, b.latitude - a.latitude)
        let (px, py) = (point.longitude - a.longitude, point.latitude - a.latitude)
        let length = (dx * dx + dy * dy).squareRoot()
        return length > 0 ? abs(dx * py - dy * px) / length : (px * px + py * py).squareRoot()
    }
}

extension RasterReader {
    /// The cells on a side of the grid on which data are sampled.
    private static let footprintCells = 512

    /// Returns the ground under the pixels of band 1 that have data: their convex hull, through the geotransform, the ground
    /// control points or the rational polynomials. To within a 512th of the raster's sides.
    ///
    /// - Returns: nil where the raster does not say where it lies, or has no pixel with data.
    /// - Throws: `.readFailed`.
    package func footprint() throws(RasterError) -> Footprint? {
        guard let transformer = PixelToLonLat(of: dataset) else { return nil }
        let grid = PixelSize(
            width: min(size.width, Self.footprintCells), height: min(size.height, Self.footprintCells))
        let outline = ValidOutline(validity: try reducedValidity(grid), grid: grid, of: size)
        return Footprint(outline: transformer.positions(of: outline.points))
    }

    /// Reads the validity of the pixel at the centre of each cell of a coarser grid, from overviews where there are some.
    private func reducedValidity(_ grid: PixelSize) throws(RasterError) -> [UInt8] {
        var validity = [UInt8](repeating: 0, count: grid.area)
        let messages = GDALMessages()
        let status = messages.during { () -> CPLErr in
            guard let mask = GDALGetMaskBand(dataset.band(1)) else { return CE_Failure }
            return GDALRasterIO(
                mask, GF_Read, 0, 0, Int32(size.width), Int32(size.height), &validity, Int32(grid.width),
                Int32(grid.height), GDT_Byte, 0, 0)
        }
        guard status == CE_None else {
            let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
            throw RasterError(.readFailed, path: path, "cannot read the mask of \(path): \(reason)")
        }
        return validity
    }
}
