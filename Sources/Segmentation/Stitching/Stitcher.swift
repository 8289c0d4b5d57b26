import RasterIO
import TileGeometry

/// Puts finished tiles into the raw rasters, in the order of the grid whatever the order in which they come.
///
/// The order makes it plain what is done: all before the last finished row of tiles.
final class Stitcher {
    private let work: WorkInProgress
    /// Where the tiles are not on the outputs' grid.
    private let nativeGrid: NativeGridWriter?
    private let columns: Int
    private var order: TileOrder
    /// Tiles of the unfinished row that the network ran on.
    private var computed = 0

    /// - Parameter columns: of the tile grid.
    init(_ work: WorkInProgress, columns: Int, nativeGrid: NativeGridWriter? = nil) {
        self.work = work
        self.nativeGrid = nativeGrid
        self.columns = columns
        order = TileOrder(next: work.progress.tileRows * columns)
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
        for raster in work.rasters {
            if let nativeGrid {
                try nativeGrid.write(slot, to: raster)
                continue
            }
            let samples = UnsafeRawPointer(slot.samples(for: raster.kind).baseAddress!)
            let plane = kept.size.area * raster.sampleType.sampleByteCount
            for band in 0..<raster.bandCount {
                try raster.write(kept, band: band + 1, bytes: samples + band * plane)
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
