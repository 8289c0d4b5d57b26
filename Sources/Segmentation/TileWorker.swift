import InferenceEngine
import NetworkGraph
import RasterIO
import TileGeometry

/// Runs the network on one tile at a time, from samples to classes. One for each worker thread.
final class TileWorker {
    private let session: InferenceSession
    private let network: CompiledNetwork
    private let normalization: Normalization
    private let output: OutputEncoding
    /// One pixel's, by output channel.
    private var scores: [Float]

    init(_ network: CompiledNetwork, normalization: Normalization, output: OutputEncoding) throws {
        session = try InferenceSession(network)
        self.network = network
        self.normalization = normalization
        self.output = output
        scores = Array(repeating: 0, count: network.outputShape.channels)
    }

    /// Fills the slot's mask and probabilities. A tile without a valid pixel in its kept window is not run.
    ///
    /// - Returns: whether the network ran.
    func run(_ slot: TileSlot) throws -> Bool {
        let kept = slot.tile!.kept
        let hasValidPixel = (kept.y..<kept.maxY).contains { slot.validityRow($0, kept).contains(1) }
        if hasValidPixel {
            normalizeInput(of: slot)
            try session.run()
        }
        if output.usesWideMask {
            encode(slot, kept, isComputed: hasValidPixel, mask: slot.mask.bindMemory(to: UInt16.self))
        } else {
            encode(slot, kept, isComputed: hasValidPixel, mask: slot.mask.bindMemory(to: UInt8.self))
        }
        return hasValidPixel
    }

    /// Mirrors and normalises the slot's samples into the network's input.
    private func normalizeInput(of slot: TileSlot) {
        let (width, height) = (slot.columns.range.count, slot.rows.range.count)
        let (firstColumn, firstRow) = (slot.columns.range.lowerBound, slot.rows.range.lowerBound)
        var position = 0
        for band in 0..<network.inputShape.channels {
            let normalize = normalization.band(band)
            for row in slot.rows.sources {
                let source = slot.samples.baseAddress! + (band * height + row - firstRow) * width
                let destination = session.input.baseAddress! + position
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

    private func encode<Class: FixedWidthInteger>(
        _ slot: TileSlot, _ kept: PixelWindow, isComputed: Bool, mask: UnsafeMutableBufferPointer<Class>
    ) {
        let shape = network.outputShape
        let plane = shape.height * shape.width
        let keptPlane = kept.width * kept.height
        let nodata = Class(truncatingIfNeeded: output.nodata)
        for row in 0..<kept.height {
            let validity = slot.validityRow(kept.y + row, kept)
            for column in 0..<kept.width {
                let position = row * kept.width + column
                guard isComputed, validity[validity.startIndex + column] == 1 else {
                    mask[position] = nodata
                    for band in 0..<output.probabilityBands { slot.probabilities[band * keptPlane + position] = .nan }
                    continue
                }
                let pixel = row * shape.width + column
                for channel in scores.indices { scores[channel] = session.output[channel * plane + pixel] }
                mask[position] = Class(truncatingIfNeeded: output.classify(&scores))
                for band in 0..<output.probabilityBands {
                    slot.probabilities[band * keptPlane + position] = scores[band]
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
