import Foundation
import RasterIO
import TileGeometry

/// How far the tiled result is from windows across the borders of tiles that were run in one piece.
public struct Verification: Sendable {
    public let windows: Int
    /// Of all windows, those that have data.
    public let pixels: Int
    /// Pixels whose class is another.
    public let otherClasses: Int
    /// Between probabilities, over all classes; nil where these are not written.
    public let largestDifference: Float?
}

/// Runs windows across the borders of tiles, and compares them with what the tiles gave.
struct Verifier {
    let grid: TileGrid
    let stride: Int
    let reader: TileReader
    let worker: TileWorker
    let output: OutputEncoding
    let cancellation: Cancellation

    /// - Parameters:
    ///   - slot: room for the grid's largest tile.
    ///   - work: complete.
    func verify(windows count: Int, in work: WorkInProgress, slot: TileSlot) throws -> Verification {
        let tiles = grid.straddling(count, stride: stride)
        var (pixels, others) = (0, 0)
        var largest: Float = 0
        let maskRaster = work.rasters.first { $0.kind == .mask }!
        let probabilityRaster = work.rasters.first { $0.kind == .probabilities }
        let encoding = output.probabilityEncoding
        for tile in tiles {
            if cancellation.isCancelled { throw CancellationError() }
            try read(tile, into: slot)
            _ = try worker.run(slot)
            let area = tile.kept.size.area
            let bytes = output.maskBytesPerPixel
            var stored = [UInt8](repeating: 0, count: area * max(bytes, encoding.sampleByteCount))
            try stored.withUnsafeMutableBytes { try maskRaster.read(tile.kept, band: 1, into: $0.baseAddress!) }
            for pixel in 0..<area {
                let found = (0..<bytes).map { stored[pixel * bytes + $0] }
                let computed = (0..<bytes).map { slot.mask[pixel * bytes + $0] }
                if !computed.allSatisfy({ $0 == 255 }) { pixels += 1 }
                if found != computed { others += 1 }
            }
            guard let probabilityRaster else { continue }
            for band in 0..<output.probabilityBands {
                try stored.withUnsafeMutableBytes { stored in
                    try probabilityRaster.read(tile.kept, band: band + 1, into: stored.baseAddress!)
                    let computed = UnsafeRawBufferPointer(
                        rebasing: slot.probabilities[(band * area * encoding.sampleByteCount)...])
                    for pixel in 0..<area {
                        let difference = abs(
                            encoding.probability(at: pixel, in: UnsafeRawBufferPointer(stored))
                                - encoding.probability(at: pixel, in: computed))
                        if difference > largest { largest = difference }
                    }
                }
            }
        }
        return Verification(
            windows: tiles.count, pixels: pixels, otherClasses: others,
            largestDifference: probabilityRaster == nil ? nil : largest)
    }

    private func read(_ tile: Tile, into slot: TileSlot) throws {
        let done = DispatchSemaphore(value: 0)
        let failure = ReadFailure()
        reader.read(tile, into: slot) { error in
            failure.error = error
            done.signal()
        }
        done.wait()
        if let error = failure.error { throw error }
    }

    /// @unchecked Sendable: written before the semaphore is signalled, read after it was waited for.
    private final class ReadFailure: @unchecked Sendable {
        var error: (any Error)?
    }
}
