/// The order of a map's elements in memory.
package enum MapLayout: Hashable, Sendable {
    /// [channels][height][width]
    case plain
    /// [channels / B][height][width][B], B being the backend's `channelBlock`
    case blocked
}

/// A window of a map in memory: what a kernel reads or writes, without knowing more of the buffer.
package struct MapView: Hashable, Sendable {
    /// The order of the parent's elements.
    package var layout: MapLayout
    /// Channels as they are stored; for `blocked` a multiple of the backend's `channelMultiple`.
    package var channels: Int
    /// Rows of the window.
    package var height: Int
    /// Columns of the window.
    package var width: Int
    /// Rows of the whole map that the window lies in.
    package var parentHeight: Int
    /// Columns of the whole map that the window lies in.
    package var parentWidth: Int
    /// Rows of the parent above the window.
    package var top: Int
    /// Columns of the parent to the left of the window.
    package var left: Int

    /// True if the window is its whole parent, so that its pixels follow each other without gaps.
    package var isWhole: Bool { height == parentHeight && width == parentWidth }

    /// The window's elements; a quarter of `Program.mostBytes` for all that is larger.
    var elementCount: Int { boundedProduct([channels, height, width], limit: Program.mostBytes / 4) }

    /// Floats from a row of the window to the next, for blocks of so many channels.
    func rowStride(block: Int) -> Int { parentWidth * block }

    /// Floats from a block of so many channels to the next.
    func planeStride(block: Int) -> Int { parentHeight * parentWidth * block }

    /// Floats from the parent's first element to the window's.
    func offset(block: Int) -> Int { (top * parentWidth + left) * block }
}

/// Returns the product of numbers that are not negative, or the limit where it is larger.
func boundedProduct(_ factors: [Int], limit: Int) -> Int {
    var product = 1
    for factor in factors {
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        product = overflow || next > limit ? limit : next
    }
    return factors.contains(0) ? 0 : product
}

extension KernelShape {
    /// Bytes of weights as they come, a float for each tap, for so many channels.
    func weightByteCount(_ inputs: Int, _ outputs: Int) -> Int {
        boundedProduct([height, width, inputs, outputs, MemoryLayout<Float>.stride], limit: Program.mostBytes)
    }

    /// Multiplications and additions of a convolution over channels as they are stored.
    func operationCount(inputChannels: Int, to destination: MapView) -> Double {
        2 * Double(height) * Double(width) * Double(inputChannels / groups) * Double(destination.elementCount)
    }
}
