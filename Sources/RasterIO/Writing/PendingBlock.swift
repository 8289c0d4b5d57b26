import TileGeometry

/// A block of the file, some of whose pixels have not been written yet.
///
/// Planar, `planes` times the block's height x width: one plane, or one for each band where the file keeps the bands
/// of a block together.
final class PendingBlock {
    /// The part of the raster that the block covers; blocks at the right and bottom edge reach beyond it.
    private let inside: PixelWindow
    private let rowBytes: Int
    private let planeBytes: Int
    private let sampleBytes: Int
    private let bytes: UnsafeMutableRawBufferPointer
    /// The windows that were written, plane by plane.
    private var parts: [[PixelWindow]]
    private var missingPixels: Int

    /// - Parameters:
    ///   - padding: the bytes of one sample, for what lies beyond the raster.
    ///   - inside: the part of the raster that the block covers.
    init(planes: Int, blockSize: PixelSize, inside: PixelWindow, padding: [UInt8]) {
        self.inside = inside
        sampleBytes = padding.count
        rowBytes = blockSize.width * sampleBytes
        planeBytes = blockSize.height * rowBytes
        bytes = .allocate(byteCount: planes * planeBytes, alignment: 64)
        parts = Array(repeating: [], count: planes)
        missingPixels = planes * inside.size.area
        if Set(padding).count == 1 || inside.size == blockSize {
            bytes.initializeMemory(as: UInt8.self, repeating: padding[0])
        } else {
            for i in bytes.indices { bytes[i] = padding[i % sampleBytes] }
        }
    }

    deinit { bytes.deallocate() }

    var isComplete: Bool { missingPixels == 0 }

    /// Returns the bytes of one plane, as the file takes them.
    func plane(_ plane: Int) -> UnsafeMutableRawPointer? { bytes.baseAddress.map { $0 + plane * planeBytes } }

    /// Copies the part of a window that lies in the block.
    ///
    /// - Parameter samples: height x width of `window`.
    /// - Returns: false, and changes nothing, where some of the pixels were written before.
    func take(_ window: PixelWindow, plane: Int, samples: UnsafeRawPointer) -> Bool {
        let part = window.intersection(inside)
        guard !parts[plane].contains(where: { !$0.intersection(part).isEmpty }) else { return false }
        guard let target = self.plane(plane) else { return false }
        for y in part.y..<part.maxY {
            let source = ((y - window.y) * window.width + part.x - window.x) * sampleBytes
            (target + (y - inside.y) * rowBytes + (part.x - inside.x) * sampleBytes)
                .copyMemory(from: samples + source, byteCount: part.width * sampleBytes)
        }
        missingPixels -= part.size.area
        extend(plane, by: part)
        return true
    }

    /// Remembers that a part was written. A part that continues the one before it, as a next row does, is merged with
    /// it.
    private func extend(_ plane: Int, by part: PixelWindow) {
        if let last = parts[plane].last, last.x == part.x, last.width == part.width, last.maxY == part.y {
            parts[plane][parts[plane].count - 1].height += part.height
        } else {
            parts[plane].append(part)
        }
    }
}
