import FileIO
import RasterIO
import Synchronization
package import TileGeometry
import VectorIO

extension SegmentationOptions {
    /// The part of a scene that is wanted: a box, or the polygons of a file.
    ///
    ///     var options = SegmentationOptions()
    ///     options.area = .box(west: 13.0, south: 52.3, east: 13.8, north: 52.7, system: "EPSG:4326")
    ///     options.area = .polygons(path: "fields.gpkg", layer: nil)
    public enum AreaOfInterest: Equatable, Sendable, CustomStringConvertible {
        /// A box along the axes of a coordinate system, such as "EPSG:4326", which is the scene's own where none is given.
        case box(west: Double, south: Double, east: Double, north: Double, system: String?)
        /// The polygons of a vector file; its only layer where none is named.
        case polygons(path: String, layer: String?)
        /// A rectangle of the scene's pixels, counted from its upper left.
        case pixels(x: Int, y: Int, width: Int, height: Int)

        /// The area for people.
        public var description: String {
            switch self {
            case .box(let west, let south, let east, let north, let system):
                "\(west),\(south),\(east),\(north)" + (system.map { " in \($0)" } ?? "")
            case .polygons(let path, let layer): FileName.last(of: path) + (layer.map { ", layer \($0)" } ?? "")
            case .pixels(let x, let y, let width, let height): "pixels \(x),\(y) and \(width) x \(height)"
            }
        }

        /// What tells this area from others: of a file, its content counts and not its name.
        var identity: String {
            switch self {
            case .box(let west, let south, let east, let north, let system):
                "box \(west) \(south) \(east) \(north) \(system ?? "")"
            case .polygons(let path, let layer):
                "polygons \((try? SHA256.checksum(ofFile: path, isCancelled: { false })) ?? path) \(layer ?? "")"
            case .pixels(let x, let y, let width, let height): "pixels \(x) \(y) \(width) \(height)"
            }
        }
    }
}

/// The part of one scene that is wanted, on the pixels of the outputs.
package struct SceneArea: Sendable {
    /// The pixels around it: the outputs have these.
    package let window: PixelWindow
    let warnings: [PlanWarning]
    /// The polygons, of which a pixel's centre has to be inside of one; nil where the whole window is wanted.
    private let polygons: LockedPolygons?

    /// Lays an area over a scene.
    ///
    /// - Parameter pixelGrid: the outputs' pixels; nil for the scene's own.
    /// - Throws: `SegmentationError` (`.outsideArea`, `.usage`); `RasterError` for a file of polygons that cannot be read
    ///   or laid over the scene.
    init(_ area: SegmentationOptions.AreaOfInterest, of scene: RasterReader, pixelGrid: ResampledGrid?) throws {
        let size = pixelGrid?.size ?? scene.size
        let reference = pixelGrid.map { scene.spatialReference.resampled(to: $0) } ?? scene.spatialReference
        var placed: RasterPolygons?
        switch area {
        case .box(let west, let south, let east, let north, let name):
            let system = try name.map { try Self.system($0) }
            guard west < east, south < north, [west, south, east, north].allSatisfy(\.isFinite) else {
                throw SegmentationError(
                    .usage,
                    "--bbox \(west),\(south),\(east),\(north) is no box: give west, south, east and north, in this order"
                )
            }
            guard reference.hasPlace else {
                throw SegmentationError(
                    .usage,
                    "--bbox: \(scene.path) does not say where it lies: georeference it first, or leave --bbox out")
            }
            let isOwn = system == nil || reference.system.map { system?.isEquivalent(to: $0) == true } == true
            if isOwn, let transform = reference.geoTransform, transform.isAxisAligned {
                (window, polygons) = (Self.window(transform, west, south, east, north, in: size), nil)
            } else {
                let ring = [(west, south), (east, south), (east, north), (west, north)]
                placed = try RasterPolygons(
                    ring: ring, system: system ?? reference.system, name: "the box of --bbox", size: size,
                    reference: reference)
                (window, polygons) = (placed!.window, LockedPolygons(placed!))
            }
        case .polygons(let path, let layer):
            placed = try RasterPolygons(path: path, layer: layer, size: size, reference: reference)
            (window, polygons) = (placed!.window, LockedPolygons(placed!))
        case .pixels(let x, let y, let width, let height):
            let asked = PixelWindow(x: x, y: y, width: max(0, width), height: max(0, height))
            (window, polygons) = (asked.intersection(PixelWindow(size)), nil)
        }
        warnings = placed?.warnings.map(PlanWarning.area) ?? []
        guard !window.isEmpty else {
            throw SegmentationError(.outsideArea, "\(scene.path) lies outside of the area that is wanted, \(area)")
        }
    }

    private static func system(_ name: String) throws -> CoordinateReferenceSystem {
        do {
            return try CoordinateReferenceSystem(name)
        } catch {
            throw SegmentationError(
                .usage, "--bbox-crs \(name) is no coordinate system that PROJ knows: give one such as EPSG:4326")
        }
    }

    /// The pixels of an upright raster between four coordinates, to the nearest pixel, and one at least.
    private static func window(
        _ transform: GeoTransform, _ west: Double, _ south: Double, _ east: Double, _ north: Double, in size: PixelSize
    ) -> PixelWindow {
        func range(_ first: Double, _ second: Double, _ origin: Double, _ step: Double, _ count: Int) -> Range<Int> {
            let ends = [(first - origin) / step, (second - origin) / step].sorted()
            guard ends[1] > 0, ends[0] < Double(count) else { return 0..<0 }
            let start = min(Int(max(0, ends[0]).rounded()), count - 1)
            return start..<max(start + 1, Int(min(Double(count), ends[1]).rounded()))
        }
        let columns = range(west, east, transform.originX, transform.columnX, size.width)
        let rows = range(south, north, transform.originY, transform.rowY, size.height)
        guard !columns.isEmpty, !rows.isEmpty else { return PixelWindow(x: 0, y: 0, width: 0, height: 0) }
        return PixelWindow(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }

    /// True if something of a window may be wanted, as far as the polygons' bounding boxes tell.
    func touches(_ window: PixelWindow) -> Bool {
        let part = window.intersection(self.window)
        return !part.isEmpty && polygons?.touches(part) != false
    }

    /// Takes from what is valid in a window that which is not wanted.
    ///
    /// - Parameter row: gives the validity of one of the window's rows, from 0 on.
    /// - Throws: `RasterError`.
    func cover(_ window: PixelWindow, _ row: (Int) -> UnsafeMutableBufferPointer<UInt8>) throws {
        guard let polygons, !window.isEmpty else { return }
        try polygons.cover(window, row)
    }
}

/// Polygons for any thread; they are for one at a time.
private final class LockedPolygons: Sendable {
    private struct State: @unchecked Sendable {
        let polygons: RasterPolygons
        /// A window's pixels inside of one polygon, and inside of any.
        var one: [UInt8] = []
        var any: [UInt8] = []
    }

    private let state: Mutex<State>
    private let windows: [PixelWindow]

    init(_ polygons: RasterPolygons) {
        windows = polygons.features.map(\.window).filter { !$0.isEmpty }
        state = Mutex(State(polygons: polygons))
    }

    func touches(_ window: PixelWindow) -> Bool { windows.contains { !$0.intersection(window).isEmpty } }

    func cover(_ window: PixelWindow, _ row: (Int) -> UnsafeMutableBufferPointer<UInt8>) throws {
        let count = window.size.area
        try state.withLock { state in
            state.any = Array(repeating: 0, count: count)
            if state.one.count < count { state.one = Array(repeating: 0, count: count) }
            for (index, feature) in state.polygons.features.enumerated() {
                let part = feature.window.intersection(window)
                guard !part.isEmpty else { continue }
                try state.one.withUnsafeMutableBufferPointer { try state.polygons.cover(index, part, into: $0) }
                for y in 0..<part.height {
                    let start = (part.y - window.y + y) * window.width + part.x - window.x
                    for x in 0..<part.width { state.any[start + x] |= state.one[y * part.width + x] }
                }
            }
            for y in 0..<window.height {
                let validity = row(y)
                for x in 0..<window.width where state.any[y * window.width + x] == 0 { validity[x] = 0 }
            }
        }
    }
}

extension RasterPolygons {
    /// The pixels around all polygons.
    fileprivate var window: PixelWindow {
        let windows = features.map(\.window).filter { !$0.isEmpty }
        guard let first = windows.first else { return PixelWindow(x: 0, y: 0, width: 0, height: 0) }
        return windows.dropFirst().reduce(first) { all, next in
            let (x, y) = (min(all.x, next.x), min(all.y, next.y))
            return PixelWindow(
                x: x, y: y, width: max(all.maxX, next.maxX) - x, height: max(all.maxY, next.maxY) - y)
        }
    }
}

extension Plan {
    /// Returns true if something of a tile is wanted, so that it has to be read.
    @Sendable
    func isWanted(_ tile: Tile) -> Bool {
        guard let area else { return true }
        return area.touches(
            resampling.keepsPixels ? tile.kept : resampling.pixelGrid.rasterWindow(under: tile.kept))
    }
}
