import RasterIO
import TileGeometry

/// Puts finished tiles into the raw rasters, in the order of the grid whatever the order in which they come.
///
/// The order makes it plain what is done: all before the last finished row of tiles.
final class Stitcher {
    private let work: WorkInProgress
    /// The writer for outputs that have other pixels than the tiles; nil where they have the same.
    private let nativeGrid: NativeGridWriter?
    private let columns: Int
    /// The part of the scene that the outputs have.
    private let origin: PixelWindow
    private var order: TileOrder
    /// Tiles of the unfinished row that the network ran on.
    private var computed = 0

    /// - Parameters:
    ///   - columns: the columns of the tile grid.
    ///   - firstTile: the first tile that will come.
    ///   - origin: the part of the scene that the outputs have, in their pixels.
    init(
        _ work: WorkInProgress, columns: Int, firstTile: Int, origin: PixelWindow, nativeGrid: NativeGridWriter? = nil
    ) {
        self.work = work
        self.origin = origin
        self.nativeGrid = nativeGrid
        self.columns = columns
        order = TileOrder(next: firstTile)
    }

    /// Takes a finished tile, writes all that now have their turn, and returns their slots.
    ///
    /// - Throws: `RasterError` naming the output.
    func accept(_ slot: TileSlot) throws -> [TileSlot] {
        let ready = order.accept(slot)
        for slot in ready {
            let tile = slot.tile!
            try write(slot, tile.kept)
            if slot.isComputed { computed += 1 }
            if tile.column == columns - 1 {
                try work.finishTileRow(tilesComputed: computed)
                computed = 0
            }
        }
        return ready
    }

    private func write(_ slot: TileSlot, _ kept: PixelWindow) throws {
        for (index, raster) in work.rasters.enumerated() {
            if let nativeGrid {
                try nativeGrid.write(slot, for: raster) { try work.write($0, band: $1, bytes: $2, to: index) }
                continue
            }
            let samples = slot.samples(for: raster.kind)
            let plane = kept.size.area * raster.sampleType.sampleByteCount
            for band in 0..<raster.bandCount {
                let bytes = UnsafeRawBufferPointer(rebasing: samples[band * plane..<(band + 1) * plane])
                try work.write(kept.moved(from: origin), band: band + 1, bytes: bytes, to: index)
            }
        }
    }
}

/// Holds tiles back until all before them have come.
struct TileOrder {
    private var waiting: [Int: TileSlot] = [:]
    private var next: Int

    /// - Parameter next: the first tile that will come.
    init(next: Int = 0) { self.next = next }

    /// - Returns: the tiles whose turn it is now, in the grid's order.
    mutating func accept(_ slot: TileSlot) -> [TileSlot] {
        waiting[slot.tile!.index] = slot
        var ready: [TileSlot] = []
        while let slot = waiting.removeValue(forKey: next) {
            ready.append(slot)
            next += 1
        }
        return ready
    }
}

/// Puts tiles that were computed on other pixels onto the scene's own: each of the scene's pixels takes what was
/// computed for the pixel under its centre, and has data exactly where the scene has.
///
/// Classes are not interpolated, as there is nothing between water and land; probabilities are not either, so that they
/// are those that the mask follows from. Memory holds one small piece of the outputs, whatever the ratio.
final class NativeGridWriter {
    /// Takes the samples of a window of a band, which is counted from 1.
    typealias Write = (_ window: PixelWindow, _ band: Int, _ bytes: UnsafeRawBufferPointer) throws -> Void

    private let pixelGrid: ResampledGrid
    private let windows: OutputWindows
    /// The scene, where one of the model's pixels may hold some with data and some without; nil where none does.
    private let scene: RasterReader?
    private let bands: [Int]
    /// The part of the scene that is wanted; nil for all of it.
    private let area: SceneArea?
    private var samples: [Float] = []
    private var validity: [UInt8] = []

    /// - Throws: `RasterError` where the scene has to be opened again, and cannot be.
    init(
        _ scene: RasterReader, windows: OutputWindows, pixelGrid: ResampledGrid, bands: [Int], area: SceneArea?
    ) throws(RasterError) {
        self.area = area
        self.pixelGrid = pixelGrid
        self.windows = windows
        self.bands = bands
        let mayHaveHoles =
            scene.marksInvalidPixels || bands.contains { scene.bands[$0 - 1].sampleType.isFloatingPoint }
        self.scene = pixelGrid.shrinks && mayHaveHoles ? try scene.reopened() : nil
    }

    /// Writes what a tile says of one of the outputs.
    ///
    /// - Throws: `RasterError`, and what `write` throws.
    func write(_ slot: TileSlot, for raster: RawRaster, _ write: Write) throws {
        for piece in windows.windows(of: slot.tile!) {
            switch raster.sampleType {
            case .uint8: try self.write(piece, slot, for: raster, nodata: UInt8.max, write)
            case .uint16: try self.write(piece, slot, for: raster, nodata: UInt16.max, write)
            default: try self.write(piece, slot, for: raster, nodata: Float.nan, write)
            }
        }
    }

    /// - Parameter nodata: the nodata value of all outputs of this type.
    private func write<Sample: RasterSample>(
        _ piece: PixelWindow, _ slot: TileSlot, for raster: RawRaster, nodata: Sample, _ write: Write
    ) throws {
        let kept = slot.tile!.kept
        let rows = pixelGrid.rows(of: piece.y..<piece.maxY, in: kept.y..<kept.maxY)
        let columns = pixelGrid.columns(of: piece.x..<piece.maxX, in: kept.x..<kept.maxX)
        // Places in the tile, row by row.
        let places = rows.flatMap { row in columns.map { (row - kept.y) * kept.width + $0 - kept.x } }
        try readValidity(piece)
        let source = slot.samples(for: raster.kind).bindMemory(to: Sample.self)
        let plane = kept.size.area
        for band in 0..<raster.bandCount {
            var pixels = places.map { source[band * plane + $0] }
            if scene != nil || area != nil {
                for index in pixels.indices where validity[index] == 0 { pixels[index] = nodata }
            }
            try pixels.withUnsafeBytes { try write(windows.place(of: piece), band + 1, $0) }
        }
    }

    private func readValidity(_ piece: PixelWindow) throws {
        guard scene != nil || area != nil else { return }
        let count = piece.size.area
        if validity.count < count {
            validity = Array(repeating: 0, count: count)
            samples = Array(repeating: 0, count: count * bands.count)
        }
        for index in 0..<count { validity[index] = 1 }
        if let scene { try readValidity(piece, of: scene) }
        try validity.withUnsafeMutableBufferPointer { validity in
            try area?.cover(piece) { row in
                UnsafeMutableBufferPointer(rebasing: validity[row * piece.width..<(row + 1) * piece.width])
            }
        }
    }

    private func readValidity(_ piece: PixelWindow, of scene: RasterReader) throws {
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try scene.read(piece, bands: bands, into: samples, validity: validity)
            }
        }
    }
}
