/// Order of a map's elements in memory.
package enum MapLayout: Hashable, Sendable {
    /// [channels][height][width]
    case plain
    /// [channels / B][height][width][B], B being the backend's `channelBlock`
    case blocked
}

/// A window of a map in memory: what a kernel reads or writes, without knowing more of the buffer.
package struct MapView: Hashable, Sendable {
    package var layout: MapLayout
    /// Channels as stored: for `blocked` a multiple of the backend's `channelMultiple`.
    package var channels: Int
    package var height: Int
    package var width: Int
    /// Extent of the whole map that the window lies in.
    package var parentHeight: Int
    package var parentWidth: Int
    /// The window's first pixel within the parent.
    package var top: Int
    package var left: Int

    /// Whether the window is its whole parent, so that its pixels follow each other without gaps.
    package var isWhole: Bool { height == parentHeight && width == parentWidth }

    var elementCount: Int { channels * height * width }

    /// Floats from a row of the window to the next, for blocks of so many channels.
    func rowStride(block: Int) -> Int { parentWidth * block }

    /// Floats from a block of so many channels to the next.
    func planeStride(block: Int) -> Int { parentHeight * parentWidth * block }

    /// Floats from the parent's first element to the window's.
    func offset(block: Int) -> Int { (top * parentWidth + left) * block }
}

extension KernelShape {
    /// Weights as they come, a float for each tap.
    func weightByteCount(_ inputs: Int, _ outputs: Int) -> Int {
        height * width * inputs * outputs * MemoryLayout<Float>.stride
    }

    /// Multiplications and additions of a convolution over channels as they are stored.
    func operationCount(inputChannels: Int, to destination: MapView) -> Double {
        2 * Double(height * width) * Double(inputChannels / groups) * Double(destination.elementCount)
    }
}
