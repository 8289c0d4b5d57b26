/// How each window of a map becomes one value.
///
/// The windows of the two axes are independent of each other. What a window reaches beyond the map and its padding counts
/// for nothing. Source: https://onnx.ai/onnx/operators/onnx__MaxPool.html and `AveragePool` beside it.
package struct Pooling: Hashable, Sendable {
    /// What is taken of a window's pixels.
    package enum Kind: Hashable, Sendable {
        /// The largest value. Padding counts for nothing.
        case maximum
        /// The sum divided by the number of pixels inside the map, or with `countsPadding` inside the map and its padding.
        case average(countsPadding: Bool)
    }

    /// The windows along one axis.
    package struct Window: Hashable, Sendable {
        /// Pixels that a window reads.
        package var taps: Int
        /// Pixels from one window's first to the next one's.
        package var stride: Int
        /// Pixels from one tap to the next.
        package var dilation: Int
        /// Pixels of padding in front of the map.
        package var before: Int
        /// Pixels of padding behind the map.
        package var after: Int

        /// Windows of so many taps, without padding where nothing else is said.
        package init(taps: Int, stride: Int, dilation: Int = 1, before: Int = 0, after: Int = 0) {
            self.taps = taps
            self.stride = stride
            self.dilation = dilation
            self.before = before
            self.after = after
        }

        /// Pixels from a window's first tap to its last, both counted.
        package var extent: Int { (taps - 1) * dilation + 1 }
    }

    /// What is taken of a window's pixels.
    package var kind: Kind
    /// The windows' rows.
    package var vertical: Window
    /// The windows' columns.
    package var horizontal: Window
    /// True if a rest of the map that no whole window covers is pooled by one that reaches beyond it; false if it is
    /// dropped.
    package var ceilMode: Bool

    /// Pooling of one kind, with windows of their own for each axis.
    package init(_ kind: Kind, vertical: Window, horizontal: Window, ceilMode: Bool = false) {
        self.kind = kind
        self.vertical = vertical
        self.horizontal = horizontal
        self.ceilMode = ceilMode
    }

    func window(_ axis: Axis) -> Window { axis == .vertical ? vertical : horizontal }

    /// The windows' padding on each side of the map.
    package var padding: Borders {
        Borders(top: vertical.before, left: horizontal.before, bottom: vertical.after, right: horizontal.after)
    }

    /// The same windows on a map to which the padding has been added.
    var unpadded: Pooling {
        var pooling = self
        (pooling.vertical.before, pooling.vertical.after) = (0, 0)
        (pooling.horizontal.before, pooling.horizontal.after) = (0, 0)
        return pooling
    }

    /// Pixels of the output along an axis; 0 or less where no window fits.
    package func length(of input: Int, _ axis: Axis) -> Int {
        let window = window(axis)
        let padded = input + window.before + window.after
        guard padded >= window.extent else { return 0 }
        return (padded - window.extent + (ceilMode ? window.stride - 1 : 0)) / window.stride + 1
    }

    /// The operation's common name, for messages and listings.
    package var name: String { kind == .maximum ? "max pooling" : "average pooling" }
}
