import InferenceEngine
import NetworkGraph
import RasterIO
import TileGeometry

/// Runs the network on one tile at a time, from samples to classes. One for each worker thread.
final class TileWorker {
    /// The sessions by the size of a tile's output, all in one block of memory.
    private let sessions: [PixelSize: InferenceSession]
    private let normalization: Normalization
    private let output: OutputEncoding
    /// The part of the scene that is wanted, where tiles have the outputs' pixels; else nil.
    private let area: SceneArea?
    private let probabilityRasters: [(kind: RasterOutput.Kind, encoding: ProbabilityEncoding, bands: Int)]
    /// The scores of one pixel, by output channel.
    private var scores: [Float]

    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    init(_ compiled: CompiledPlan) throws {
        sessions = try compiled.networks.makeSessions()
        (normalization, output) = (compiled.plan.normalization, compiled.plan.output)
        area = compiled.plan.resampling.keepsPixels ? compiled.plan.area : nil
        probabilityRasters = output.probabilityRasters
        scores = Array(repeating: 0, count: output.channels)
    }

    /// Fills the slot's mask and its other outputs. A tile without a valid pixel in its kept window is not run.
    ///
    /// - Returns: true if the network ran.
    func run(_ slot: TileSlot) throws -> Bool {
        let kept = slot.tile!.kept
        try area?.cover(kept) { row in UnsafeMutableBufferPointer(rebasing: slot.validityRow(kept.y + row, kept)) }
        let session = sessions[slot.tile!.output.size]!
        let hasValidPixel = (kept.y..<kept.maxY).contains { slot.validityRow($0, kept).contains(1) }
        if hasValidPixel {
            normalize(slot, into: session.input)
            try session.run()
        }
        if output.usesWideMask {
            encode(session.output, isComputed: hasValidPixel, in: slot, mask: slot.mask.bindMemory(to: UInt16.self))
        } else {
            encode(session.output, isComputed: hasValidPixel, in: slot, mask: slot.mask.bindMemory(to: UInt8.self))
        }
        return hasValidPixel
    }

    /// Mirrors and normalises the slot's samples into the network's input.
    private func normalize(_ slot: TileSlot, into input: UnsafeMutableBufferPointer<Float>) {
        let (width, height) = (slot.columns.range.count, slot.rows.range.count)
        let (firstColumn, firstRow) = (slot.columns.range.lowerBound, slot.rows.range.lowerBound)
        var position = 0
        for band in 0..<normalization.mean.count {
            let normalize = normalization.band(band)
            for row in slot.rows.sources {
                let source = slot.samples.baseAddress! + (band * height + row - firstRow) * width
                let destination = input.baseAddress! + position
                if slot.columns.isPlain {
                    for column in 0..<width { destination[column] = normalize(source[column]) }
                } else {
                    for (column, sourceColumn) in slot.columns.sources.enumerated() {
                        destination[column] = normalize(source[sourceColumn - firstColumn])
                    }
                }
                position += slot.columns.sources.count
            }
        }
    }

    /// - Parameter map: [channels][tile.output.height][tile.output.width]
    private func encode<Class: FixedWidthInteger>(
        _ map: UnsafeBufferPointer<Float>, isComputed: Bool, in slot: TileSlot, mask: UnsafeMutableBufferPointer<Class>
    ) {
        let (size, kept) = (slot.tile!.output.size, slot.tile!.kept)
        let place = kept.moved(from: slot.tile!.output)
        let (plane, keptPlane) = (size.area, kept.size.area)
        let nodata = Class(truncatingIfNeeded: output.nodata)
        let rasters = probabilityRasters.map { ($0.kind, $0.encoding, $0.bands, slot.samples(for: $0.kind)) }
        for row in 0..<kept.height {
            let validity = slot.validityRow(kept.y + row, kept)
            for column in 0..<kept.width {
                let position = row * kept.width + column
                guard isComputed, validity[validity.startIndex + column] == 1 else {
                    mask[position] = nodata
                    for (_, encoding, bands, samples) in rasters {
                        for band in 0..<bands { encoding.store(.nan, at: band * keptPlane + position, in: samples) }
                    }
                    continue
                }
                let pixel = (place.y + row) * size.width + place.x + column
                for channel in scores.indices { scores[channel] = map[channel * plane + pixel] }
                let winner = output.classify(&scores)
                mask[position] = Class(truncatingIfNeeded: winner)
                for (kind, encoding, bands, samples) in rasters {
                    for band in 0..<bands {
                        let value = kind.value(band: band, scores, winner: winner)
                        encoding.store(value, at: band * keptPlane + position, in: samples)
                    }
                }
            }
        }
    }
}

extension TileSlot {
    /// Validity of one of the scene's rows, for the columns of a window inside the scene.
    fileprivate func validityRow(_ row: Int, _ window: PixelWindow) -> Slice<UnsafeMutableBufferPointer<UInt8>> {
        let start = (row - rows.range.lowerBound) * columns.range.count + window.x - columns.range.lowerBound
        return validity[start..<start + window.width]
    }
}
