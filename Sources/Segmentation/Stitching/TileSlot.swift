import RasterIO
import TileGeometry

/// Memory for one tile on its way through the pipeline, used again for later tiles.
///
/// @unchecked Sendable: a slot belongs to one stage at a time, the one that popped it from a queue.
final class TileSlot: @unchecked Sendable {
    /// The tile that the slot carries now.
    var tile: Tile?
    /// True if the network ran on the tile, which then has a valid pixel.
    var isComputed = false

    /// The input window on the mirrored scene: for each of its columns and rows, the scene's column or row.
    var columns = MirroredAxis(sources: [0], range: 0..<1)
    var rows = MirroredAxis(sources: [0], range: 0..<1)

    /// The part of the scene that these show.
    var window: PixelWindow {
        PixelWindow(
            x: columns.range.lowerBound, y: rows.range.lowerBound, width: columns.range.count, height: rows.range.count)
    }

    /// [bands][rows.range][columns.range] as read from the scene; NaN where invalid.
    ///
    /// While it is read, several threads write to it, each its own part.
    let samples: UnsafeMutableBufferPointer<Float>
    /// [rows.range][columns.range], 1 where a pixel is valid.
    let validity: UnsafeMutableBufferPointer<UInt8>

    /// [tile.kept.height][tile.kept.width], the winning class or nodata, in 8 or 16 bits.
    let mask: UnsafeMutableRawBufferPointer
    /// [classes][tile.kept.height][tile.kept.width], as the output stores them; empty where nobody asked for probabilities.
    let probabilities: UnsafeMutableRawBufferPointer
    /// [tile.kept.height][tile.kept.width], as the output stores it; empty where nobody asked for it.
    let confidence: UnsafeMutableRawBufferPointer

    init(layout: TileSlotLayout) {
        samples = .allocate(capacity: layout.bands * layout.inputPixels)
        validity = .allocate(capacity: layout.inputPixels)
        mask = .allocate(byteCount: layout.outputPixels * layout.bytesPerPixel.mask, alignment: 64)
        probabilities = .allocate(byteCount: layout.outputPixels * layout.bytesPerPixel.probabilities, alignment: 64)
        confidence = .allocate(byteCount: layout.outputPixels * layout.bytesPerPixel.confidence, alignment: 64)
    }

    deinit {
        samples.deallocate()
        validity.deallocate()
        mask.deallocate()
        probabilities.deallocate()
        confidence.deallocate()
    }

    /// What becomes part of an output: [bands][tile.kept.height][tile.kept.width].
    func samples(for kind: RasterOutput.Kind) -> UnsafeMutableRawBufferPointer {
        switch kind {
        case .mask: mask
        case .probabilities: probabilities
        case .confidence: confidence
        }
    }
}

/// How large a tile slot has to be.
struct TileSlotLayout {
    var bands: Int
    /// Pixels of the largest input window.
    var inputPixels: Int
    /// Pixels of a whole output window.
    var outputPixels: Int
    /// What the outputs take.
    var bytesPerPixel = OutputBytes()

    /// What is read of the scene.
    var inputByteCount: Int { (bands * MemoryLayout<Float>.stride + 1) * inputPixels }

    var byteCount: Int { inputByteCount + bytesPerPixel.total * outputPixels }
}
