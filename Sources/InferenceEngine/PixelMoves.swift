import NetworkGraph

/// Where each of a destination's pixels and channels comes from, when squares of pixels and channels change places.
///
/// Exactly one of the two blocks is larger than 1, but for shuffles that move nothing.
package struct PixelShuffle: Sendable {
    /// The pixels on a side of a square that is made of channels.
    package var enlargement = 1
    /// The pixels on a side of a square that becomes channels.
    package var reduction = 1
    /// For each channel of the destination, and with an enlargement for each place of a square, row by row, the channel of
    /// the source as stored.
    package var channels: [Int]
    /// For each channel of the destination the place in the square that it is made of; 0 with an enlargement.
    package var places: [Int] = []
    /// The row and column of a square at which the destination begins, with an enlargement.
    package var rowPhase = 0
    package var columnPhase = 0
    /// The places of the destination's channels as stored.
    package var positions: [Int]
}

/// A constant for each pixel, as a map that may be one row, column or channel for all.
package struct PixelConstant: Sendable {
    /// The values, [channels][height][width].
    package var values: [Float]
    /// Values from one to the next channel, row and column; 0 where one is for all.
    package var channelStride: Int
    package var rowStride: Int
    package var columnStride: Int
    /// The constant's row and column at the destination's first pixel.
    package var top = 0
    package var left = 0
    /// True if the constant is the left operand.
    package var isFirst: Bool

    init(_ constant: ConstantTensor, isFirst: Bool) {
        let shape = constant.shape
        values = constant.elements()
        channelStride = shape[0] > 1 ? shape[1] * shape[2] : 0
        rowStride = shape[1] > 1 ? shape[2] : 0
        columnStride = shape[2] > 1 ? 1 : 0
        self.isFirst = isFirst
    }

    /// Returns the value for a channel of the network, and a row and column of the destination.
    func value(channel: Int, row: Int, column: Int) -> Float {
        values[channel * channelStride + (top + row) * rowStride + (left + column) * columnStride]
    }
}
