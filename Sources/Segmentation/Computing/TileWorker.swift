import InferenceEngine
import Models
import NetworkGraph
import RasterIO
import TileGeometry

/// Runs the network on one tile at a time, from samples to classes. One for each worker thread.
final class TileWorker {
    /// The sessions by the size of a tile's output, all in one block of memory.
    private let sessions: [PixelSize: InferenceSession]
    private let networks: TileNetworks
    private let symmetries: [Symmetry]
    /// The mean of what the network gives under several symmetries; nil where there is one.
    private let mean: MeanScores?
    /// The place and size of what is read for a tile's output of each size.
    private let inputs: [PixelSize: MapWindow]
    private let normalization: Normalization
    private let output: OutputEncoding
    /// The part of the scene that is wanted, where tiles have the outputs' pixels; else nil.
    private let area: SceneArea?
    private let probabilityRasters: [(kind: RasterOutput.Kind, encoding: ProbabilityEncoding, bands: Int)]
    /// The scores of one pixel, by output channel.
    private var scores: [Float]
    /// True once a tile's outputs were looked at.
    private var isChecked = false

    /// - Throws: `EngineError` where the backend cannot make its per-thread state.
    init(_ compiled: CompiledPlan) throws {
        networks = compiled.networks
        sessions = try networks.makeSessions()
        symmetries = networks.symmetries
        let shapes = compiled.plan.tiling.shapes
        inputs = Dictionary(uniqueKeysWithValues: shapes.map { ($0.output, $0.input) })
        (normalization, output) = (compiled.plan.normalization, compiled.plan.output)
        area = compiled.plan.resampling.keepsPixels ? compiled.plan.area : nil
        probabilityRasters = output.probabilityRasters
        scores = Array(repeating: 0, count: output.channels)
        mean =
            symmetries.count > 1
            ? MeanScores(channels: output.channels, pixels: shapes.map(\.output.area).max()!, runs: symmetries.count)
            : nil
    }

    /// Fills the slot's mask and its other outputs. A tile without a valid pixel in its kept window is not run.
    ///
    /// - Returns: true if the network ran.
    func run(_ slot: TileSlot) throws -> Bool {
        let kept = slot.tile!.kept
        try area?.cover(kept) { row in UnsafeMutableBufferPointer(rebasing: slot.validityRow(kept.y + row, kept)) }
        let hasValidPixel = (kept.y..<kept.maxY).contains { slot.validityRow($0, kept).contains(1) }
        let map = hasValidPixel ? try compute(slot) : UnsafeBufferPointer(start: nil, count: 0)
        if output.task != .segmentation {
            encodeChannels(map, isComputed: hasValidPixel, in: slot)
        } else if output.usesWideMask {
            encode(map, isComputed: hasValidPixel, in: slot, mask: slot.mask.bindMemory(to: UInt16.self))
        } else {
            encode(map, isComputed: hasValidPixel, in: slot, mask: slot.mask.bindMemory(to: UInt8.self))
        }
        return hasValidPixel
    }

    /// Runs the network on a slot's tile.
    ///
    /// - Returns: [channels][tile.output.height][tile.output.width], valid until the next call.
    private func compute(_ slot: TileSlot) throws -> UnsafeBufferPointer<Float> {
        guard let mean else {
            let session = sessions[slot.tile!.output.size]!
            normalize(slot, under: .identity, into: session.input)
            try session.run()
            try checkOnce(session.output)
            return session.output
        }
        let size = slot.tile!.output.size
        mean.begin(size)
        for symmetry in symmetries {
            let session = sessions[symmetry.size(of: size)]!
            normalize(slot, under: symmetry, into: session.input)
            try session.run()
            try checkOnce(session.output)
            mean.add(session.output, under: symmetry, output)
        }
        return mean.finish()
    }

    private func checkOnce(_ map: UnsafeBufferPointer<Float>) throws {
        if !isChecked { try output.check(map) }
        isChecked = true
    }

    /// Mirrors and normalises the slot's samples into the network's input.
    private func normalize(
        _ slot: TileSlot, under symmetry: Symmetry, into input: UnsafeMutableBufferPointer<Float>
    ) {
        let (width, height) = (slot.columns.range.count, slot.rows.range.count)
        let (rows, columns) = offsets(slot, symmetry)
        let isPlain = columns.count == columns.last! - columns[0] + 1 && columns.last! - columns[0] < width
        var position = 0
        for band in 0..<normalization.mean.count {
            let normalize = normalization.band(band)
            let plane = slot.samples.baseAddress! + band * height * width
            for row in rows {
                let source = plane + row
                let destination = input.baseAddress! + position
                if isPlain {
                    let source = source + columns[0]
                    for column in columns.indices { destination[column] = normalize(source[column]) }
                } else {
                    for (column, offset) in columns.enumerated() { destination[column] = normalize(source[offset]) }
                }
                position += columns.count
            }
        }
    }

    /// Where the slot's samples lie that the network's rows and columns show: the sum of both is a sample's place in its
    /// band.
    private func offsets(_ slot: TileSlot, _ symmetry: Symmetry) -> (rows: [Int], columns: [Int]) {
        let size = slot.tile!.output.size
        let (read, needed) = (inputs[size]!, networks.inputs[symmetry.size(of: size)]!)
        let (down, across) = symmetry.isTransposed ? (needed.columns, needed.rows) : (needed.rows, needed.columns)
        let width = slot.columns.range.count
        let rows = down.map { position in
            let row = slot.rows.sources[symmetry.row(position, of: size) - read.rows.lowerBound]
            return (row - slot.rows.range.lowerBound) * width
        }
        let columns = across.map { position in
            let column = slot.columns.sources[symmetry.column(position, of: size) - read.columns.lowerBound]
            return column - slot.columns.range.lowerBound
        }
        return symmetry.isTransposed ? (columns, rows) : (rows, columns)
    }

    /// Stores a band of the mask for each channel: labels, or the values themselves.
    ///
    /// - Parameter map: [channels][tile.output.height][tile.output.width]
    private func encodeChannels(_ map: UnsafeBufferPointer<Float>, isComputed: Bool, in slot: TileSlot) {
        let (size, kept) = (slot.tile!.output.size, slot.tile!.kept)
        let (plane, keptPlane) = (size.area, kept.size.area)
        let place = kept.moved(from: slot.tile!.output)
        let values = slot.samples(for: .mask)
        let labels = values.bindMemory(to: UInt8.self)
        let rasters = probabilityRasters.map { ($0.encoding, $0.bands, slot.samples(for: $0.kind)) }
        for row in 0..<kept.height {
            let validity = slot.validityRow(kept.y + row, kept)
            for column in 0..<kept.width {
                let position = row * kept.width + column
                let pixel = (place.y + row) * size.width + place.x + column
                let isValid = isComputed && validity[validity.startIndex + column] == 1
                for channel in scores.indices { scores[channel] = isValid ? map[channel * plane + pixel] : .nan }
                if output.task == .regression {
                    for channel in scores.indices {
                        values.storeBytes(
                            of: scores[channel], toByteOffset: (channel * keptPlane + position) * 4, as: Float.self)
                    }
                    continue
                }
                output.label(&scores) { channel, isThere in
                    labels[channel * keptPlane + position] = isValid ? (isThere ? 1 : 0) : .max
                }
                for (encoding, bands, samples) in rasters {
                    for band in 0..<bands {
                        encoding.store(scores[band], at: band * keptPlane + position, in: samples)
                    }
                }
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
                let isLeftOut = output.isLeftOut(winner)
                mask[position] = isLeftOut ? nodata : Class(truncatingIfNeeded: winner)
                for (kind, encoding, bands, samples) in rasters {
                    for band in 0..<bands {
                        let isNothing = isLeftOut && kind == .confidence
                        let value = isNothing ? .nan : kind.value(band: band, scores, winner: winner)
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
