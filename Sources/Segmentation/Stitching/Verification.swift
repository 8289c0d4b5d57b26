import Foundation
import RasterIO
import TileGeometry

extension SegmentationSummary {
    /// The distance of the tiled result from windows across the borders of tiles that were run in one piece.
    public struct Verification: Sendable {
        /// The number of windows that were compared.
        public let windows: Int
        /// The number of their pixels that have data.
        public let pixels: Int
        /// The number of pixels that have another class in one piece than in tiles.
        public let otherClasses: Int
        /// The largest difference of a probability, over all classes; nil where probabilities are not written.
        public let largestDifference: Float?
    }
}

/// Runs windows across the borders of tiles, and compares them with what the tiles gave.
struct Verifier {
    let grid: TileGrid
    let stride: Int
    let reader: TileReader
    let worker: TileWorker
    let output: OutputEncoding
    /// The part of the scene that the outputs have.
    let origin: PixelWindow
    let cancellation: Cancellation

    /// - Parameters:
    ///   - slot: room for the grid's largest tile.
    ///   - work: complete.
    func verify(windows count: Int, in work: any RasterWork, slot: TileSlot) throws -> SegmentationSummary.Verification
    {
        let tiles = grid.straddling(count, stride: stride)
        let mask = work.sources.first { $0.kind == .mask }!
        let encoded = output.probabilityRasters.first { $0.kind == .probabilities }
        let probabilities = work.sources.first { $0.kind == .probabilities }
        let sampleBytes = max(output.bytesPerPixel[.mask], encoded?.encoding.sampleByteCount ?? 0)
        // What the tiles gave, of one band.
        let stored = UnsafeMutableRawBufferPointer.allocate(
            byteCount: grid.step * grid.step * sampleBytes, alignment: 64)
        defer { stored.deallocate() }
        var (pixels, others) = (0, 0)
        var largest: Float = 0
        for tile in tiles {
            if cancellation.isCancelled { throw CancellationError() }
            try read(tile, into: slot)
            _ = try worker.run(slot)
            let place = tile.kept.moved(from: origin)
            try mask.read(place, band: 1, into: stored.baseAddress!)
            let found =
                output.usesWideMask
                ? compare(stored, slot, UInt16.self, tile.kept) : compare(stored, slot, UInt8.self, tile.kept)
            (pixels, others) = (pixels + found.pixels, others + found.others)
            guard let probabilities, let encoded else { continue }
            for band in 0..<encoded.bands {
                try probabilities.read(place, band: band + 1, into: stored.baseAddress!)
                largest = max(
                    largest, difference(stored, slot, encoded.encoding, band: band, area: tile.kept.size.area))
            }
        }
        return SegmentationSummary.Verification(
            windows: tiles.count, pixels: pixels, otherClasses: others,
            largestDifference: probabilities == nil ? nil : largest)
    }

    /// - Returns: the pixels that have data, and those whose class is another.
    private func compare<Class: FixedWidthInteger>(
        _ stored: UnsafeMutableRawBufferPointer, _ slot: TileSlot, _ type: Class.Type, _ kept: PixelWindow
    ) -> (pixels: Int, others: Int) {
        let (found, computed) = (stored.bindMemory(to: type), slot.mask.bindMemory(to: type))
        let nodata = Class(truncatingIfNeeded: output.nodata)
        var (pixels, others) = (0, 0)
        for pixel in 0..<kept.size.area {
            if computed[pixel] != nodata { pixels += 1 }
            if computed[pixel] != found[pixel] { others += 1 }
        }
        return (pixels, others)
    }

    /// The largest one of a band's probabilities.
    private func difference(
        _ stored: UnsafeMutableRawBufferPointer, _ slot: TileSlot, _ encoding: ProbabilityEncoding, band: Int,
        area: Int
    ) -> Float {
        let all = UnsafeRawBufferPointer(slot.samples(for: .probabilities))
        let found = UnsafeRawBufferPointer(stored)
        var largest: Float = 0
        for pixel in 0..<area {
            let difference = abs(
                encoding.probability(at: pixel, in: found) - encoding.probability(at: band * area + pixel, in: all))
            if difference > largest { largest = difference }  // not for pixels without data
        }
        return largest
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
