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

    /// The samples that become part of each output, [bands][tile.kept.height][tile.kept.width], as the output stores it; empty for
    /// one that nobody asked for.
    private let outputs: [RasterOutput.Kind: UnsafeMutableRawBufferPointer]

    init(layout: TileSlotLayout) {
        samples = .allocate(capacity: layout.bands * layout.inputPixels)
        validity = .allocate(capacity: layout.inputPixels)
        outputs = Dictionary(
            uniqueKeysWithValues: RasterOutput.Kind.allCases.map { kind in
                (kind, .allocate(byteCount: layout.outputPixels * layout.bytesPerPixel[kind], alignment: 64))
            })
    }

    deinit {
        samples.deallocate()
        validity.deallocate()
        outputs.values.forEach { $0.deallocate() }
    }

    /// Returns what becomes part of an output: [bands][tile.kept.height][tile.kept.width].
    func samples(for kind: RasterOutput.Kind) -> UnsafeMutableRawBufferPointer { outputs[kind]! }

    /// The winning class of each pixel or nodata, [tile.kept.height][tile.kept.width], in 8 or 16 bits.
    var mask: UnsafeMutableRawBufferPointer { samples(for: .mask) }
}

/// The size that a tile slot has to have.
struct TileSlotLayout {
    var bands: Int
    /// Pixels of the largest input window.
    var inputPixels: Int
    /// Pixels of a whole output window.
    var outputPixels: Int
    /// The bytes that the outputs take.
    var bytesPerPixel = OutputBytes()

    /// The bytes that are read of the scene.
    var inputByteCount: Int { (bands * MemoryLayout<Float>.stride + 1) * inputPixels }

    var byteCount: Int { inputByteCount + bytesPerPixel.total * outputPixels }
}
