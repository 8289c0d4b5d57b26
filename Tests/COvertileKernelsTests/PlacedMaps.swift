import COvertileKernels
import TestMaps

/// What a kernel reads. Each plane is a window of a map of its own, in its own buffer and with its own stride, as the
/// parts of a concatenation are. Around the windows is NaN, which no kernel may use.
final class SourceMap {
    private(set) var planes: [overtile_plane] = []
    private var buffers: [UnsafeMutableRawPointer] = []

    init(_ volume: Volume, isPlain: Bool) {
        let block = isPlain ? 1 : Int(OVERTILE_BLOCK)
        let area = volume.height * volume.width
        for plane in 0..<volume.channels / block {
            // The first window is its whole map: a sanitizer sees what is read beyond it.
            let around = plane % 3
            let row = (volume.width + 2 * around) * block
            let pixels = buffer(count: row * (volume.height + 2 * around)) + (around * row + around * block)
            volume.values.withUnsafeBufferPointer { values in
                for channel in 0..<block {
                    var from = (plane * block + channel) * area
                    for y in 0..<volume.height {
                        let to = pixels + y * row + channel
                        for x in 0..<volume.width {
                            to[x * block] = values[from]
                            from += 1
                        }
                    }
                }
            }
            planes.append(overtile_plane(pixels: pixels, row: row))
        }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    private func buffer(count: Int) -> UnsafeMutablePointer<Float> {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
        buffers.append(raw)
        return raw.initializeMemory(as: Float.self, repeating: .nan, count: count)
    }
}

/// The window that a kernel writes, in a map full of canaries.
final class DestinationMap {
    let target: overtile_target

    private static let canary: Float = 777
    private let channels: Int
    private let height: Int
    private let width: Int
    private let block: Int
    private let parent: UnsafeMutableBufferPointer<Float>

    init(_ channels: Int, _ height: Int, _ width: Int, isPlain: Bool) {
        (self.channels, self.height, self.width) = (channels, height, width)
        block = isPlain ? 1 : Int(OVERTILE_BLOCK)
        let (top, left, bottom, right) = (1, 2, 1, 3)
        let row = (left + width + right) * block
        let plane = (top + height + bottom) * row
        let count = channels / block * plane
        let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
        let first = raw.initializeMemory(as: Float.self, repeating: Self.canary, count: count)
        parent = UnsafeMutableBufferPointer(start: first, count: count)
        target = overtile_target(pixels: first + top * row + left * block, row: row, plane: plane)
    }

    deinit { UnsafeMutableRawPointer(parent.baseAddress!).deallocate() }

    /// Whether the window has been written and nothing else.
    var isUntouchedAround: Bool {
        var (changed, missing) = (0, false)
        for index in parent.indices where parent[index] != Self.canary { changed += 1 }
        forEachElement { if $0 == Self.canary { missing = true } }
        return !missing && changed == channels * height * width
    }

    var volume: Volume {
        var values: [Float] = []
        values.reserveCapacity(channels * height * width)
        forEachElement { values.append($0) }
        return Volume(channels, height, width, values: values)
    }

    private func forEachElement(_ body: (Float) -> Void) {
        for channel in 0..<channels {
            for y in 0..<height {
                let row = target.pixels + channel / block * target.plane + y * target.row + channel % block
                for x in 0..<width { body(row[x * block]) }
            }
        }
    }
}

/// Memory with canaries behind it. It starts as NaN, so that what was never written shows.
final class GuardedBuffer {
    let bytes: UnsafeMutableRawPointer
    private let byteCount: Int
    private static let canaries = 64
    private static let fill: UInt8 = 0xff

    init(byteCount: Int) {
        self.byteCount = byteCount
        bytes = .allocate(byteCount: byteCount + Self.canaries, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: Self.fill, count: byteCount + Self.canaries)
    }

    deinit { bytes.deallocate() }

    var floats: UnsafeMutablePointer<Float> { bytes.assumingMemoryBound(to: Float.self) }

    /// Whether nothing was written behind it.
    var isIntact: Bool {
        UnsafeRawBufferPointer(start: bytes + byteCount, count: Self.canaries).allSatisfy { $0 == Self.fill }
    }

    /// Whether every float was written, none of them NaN.
    var isFilled: Bool {
        for index in 0..<byteCount / MemoryLayout<Float>.stride where floats[index].isNaN { return false }
        return true
    }
}
