import RasterIO
import TileGeometry

/// Puts finished tiles into the output rasters, in the order of the grid whatever the order in which they come.
///
/// The order makes the files' bytes independent of the number of workers.
final class Stitcher {
    private let mask: RasterWriter
    private let probabilities: RasterWriter?
    private let output: OutputEncoding
    /// Where the tiles are not on the outputs' grid.
    private let sceneGrid: SceneGridOutput?
    private var order = TileOrder()

    init(
        mask: RasterWriter, probabilities: RasterWriter?, output: OutputEncoding, sceneGrid: SceneGridOutput? = nil
    ) {
        self.mask = mask
        self.probabilities = probabilities
        self.output = output
        self.sceneGrid = sceneGrid
    }

    /// Takes a finished tile, writes all that now have their turn, and returns their slots.
    ///
    /// - Throws: `RasterError` naming the output.
    func accept(_ slot: TileSlot) throws -> [TileSlot] {
        let ready = order.accept(slot)
        for slot in ready { try write(slot, slot.tile!.kept) }
        return ready
    }

    private func write(_ slot: TileSlot, _ kept: PixelWindow) throws {
        if let sceneGrid { return try sceneGrid.write(slot, mask: mask, probabilities: probabilities) }
        let plane = kept.size.area
        if output.usesWideMask {
            let classes = slot.mask.bindMemory(to: UInt16.self)
            try mask.write(kept, band: 1, samples: UnsafeBufferPointer(rebasing: classes[..<plane]))
        } else {
            let classes = slot.mask.bindMemory(to: UInt8.self)
            try mask.write(kept, band: 1, samples: UnsafeBufferPointer(rebasing: classes[..<plane]))
        }
        guard let probabilities else { return }
        for band in 0..<output.probabilityBands {
            let samples = slot.probabilities[band * plane..<(band + 1) * plane]
            try probabilities.write(kept, band: band + 1, samples: UnsafeBufferPointer(rebasing: samples))
        }
    }
}

/// Holds tiles back until all before them have come.
struct TileOrder {
    private var waiting: [Int: TileSlot] = [:]
    private var next = 0

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
