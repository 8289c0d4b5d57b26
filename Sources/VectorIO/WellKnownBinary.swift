import CGDAL
import Glibc

/// One or several unfinished polygons as well-known binary (ISO 13249-3): 16 bytes a vertex and nothing more, written
/// as the vertices arrive.
final class WellKnownBinary {
    /// The buffer, from malloc so that it can grow in place: a copy of the largest polygons would not fit into memory
    /// beside them.
    private var bytes: UnsafeMutableRawPointer?
    private var capacity = 0
    /// The number of bytes in use, including the room before the geometry.
    private var count = headerRoom
    private let isMultiPolygon: Bool
    private var polygons: UInt32 = 0
    /// The offsets at which the number of the polygon's rings, and of the ring's points, are written.
    private var ringCount = 0
    private var pointCount = 0
    private(set) var bounds = Bounds()

    struct Bounds {
        var x = (least: Double.infinity, greatest: -Double.infinity)
        var y = (least: Double.infinity, greatest: -Double.infinity)
    }

    /// The room before the geometry for the header of a format: that of a GeoPackage with its bounds.
    static let headerRoom = 40
    /// The most bytes that are kept from one feature to the next.
    private static let kept = 1 << 20
    private static let littleEndian: UInt8 = 1

    init(isMultiPolygon: Bool) { self.isMultiPolygon = isMultiPolygon }

    deinit { free(bytes) }

    /// The length of the geometry in bytes.
    var size: Int { count - Self.headerRoom }
    var isEmpty: Bool { size == 0 }

    func beginPolygon() {
        if isMultiPolygon, isEmpty {
            begin(type: 6)
            append(UInt32(0))
        }
        begin(type: 3)
        ringCount = count
        append(UInt32(0))
        polygons += 1
        if isMultiPolygon { put(polygons, at: Self.headerRoom + 5) }
    }

    func beginRing() {
        put(number(at: ringCount) + 1, at: ringCount)
        pointCount = count
        append(UInt32(0))
    }

    /// Appends vertices to the current ring.
    ///
    /// - Precondition: there are as many x as y.
    func append(x: [Double], y: [Double]) {
        precondition(x.count == y.count)
        reserve(16 * x.count)
        guard let bytes else { return }
        for index in x.indices {
            bytes.storeBytes(of: x[index].bitPattern.littleEndian, toByteOffset: count, as: UInt64.self)
            bytes.storeBytes(of: y[index].bitPattern.littleEndian, toByteOffset: count + 8, as: UInt64.self)
            count += 16
            bounds.x = (min(bounds.x.least, x[index]), max(bounds.x.greatest, x[index]))
            bounds.y = (min(bounds.y.least, y[index]), max(bounds.y.greatest, y[index]))
        }
        put(number(at: pointCount) + UInt32(x.count), at: pointCount)
    }

    /// Closes the ring with its first point, to the last bit.
    func endRing() {
        guard number(at: pointCount) > 0 else { return }
        reserve(16)
        guard let bytes else { return }
        (bytes + count).copyMemory(from: bytes + pointCount + 4, byteCount: 16)
        count += 16
        put(number(at: pointCount) + 1, at: pointCount)
    }

    /// Returns the geometry as one of GDAL's, which the caller owns, or nil if there is none.
    func makeGeometry() -> OGRGeometryH? {
        guard let bytes else { return nil }
        var geometry: OGRGeometryH?
        OGR_G_CreateFromWkbEx(bytes + Self.headerRoom, nil, &geometry, size)
        return geometry
    }

    /// Lends the bytes of a header and the geometry.
    ///
    /// - Precondition: the header fills the room for it.
    func withUnsafeBytes<R>(after header: [UInt8], _ body: (UnsafeRawBufferPointer) -> R) -> R {
        precondition(header.count == Self.headerRoom && !isEmpty)
        header.withUnsafeBytes { bytes?.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return body(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func removeAll() {
        if capacity > Self.kept {
            free(bytes)
            (bytes, capacity) = (nil, 0)
        }
        (count, polygons, bounds) = (Self.headerRoom, 0, Bounds())
    }

    private func begin(type: UInt32) {
        reserve(1)
        bytes?.storeBytes(of: Self.littleEndian, toByteOffset: count, as: UInt8.self)
        count += 1
        append(type)
    }

    private func append(_ number: UInt32) {
        reserve(4)
        put(number, at: count)
        count += 4
    }

    private func number(at offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes?.loadUnaligned(fromByteOffset: offset, as: UInt32.self) ?? 0)
    }

    private func put(_ number: UInt32, at offset: Int) {
        bytes?.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    private func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(count + more, capacity + capacity / 2, 4096)
        guard let larger = realloc(bytes, capacity) else { fatalError("no memory for a polygon of \(capacity) bytes") }
        bytes = larger
    }
}
