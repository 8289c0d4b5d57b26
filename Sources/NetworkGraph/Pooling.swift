/// One value for each window of a map. Pixels of a window that lie beyond the map and its padding count for nothing.
public struct Pooling: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The largest value. Padding counts for nothing.
        case maximum
        /// The sum divided by the number of pixels inside the map, or with `countsPadding` inside the map and its padding.
        case average(countsPadding: Bool)
    }

    public var kind: Kind
    public var vertical: Window
    public var horizontal: Window

    /// The windows along one axis.
    public struct Window: Hashable, Sendable {
        /// Taps.
        public var taps: Int
        public var stride: Int
        public var dilation: Int
        /// Pixels of padding in front of the map and behind it.
        public var before: Int
        public var after: Int

        public init(taps: Int, stride: Int, dilation: Int = 1, before: Int = 0, after: Int = 0) {
            self.taps = taps
            self.stride = stride
            self.dilation = dilation
            self.before = before
            self.after = after
        }

        public var extent: Int { (taps - 1) * dilation + 1 }
    }

    public init(_ kind: Kind, vertical: Window, horizontal: Window) {
        self.kind = kind
        self.vertical = vertical
        self.horizontal = horizontal
    }

    func window(_ axis: Axis) -> Window { axis == .vertical ? vertical : horizontal }

    /// The windows' padding, as a crop that adds it.
    var borders: Borders {
        Borders(top: -vertical.before, left: -horizontal.before, bottom: -vertical.after, right: -horizontal.after)
    }

    /// The same windows on a map to which the padding has been added.
    var unpadded: Pooling {
        var pooling = self
        (pooling.vertical.before, pooling.vertical.after) = (0, 0)
        (pooling.horizontal.before, pooling.horizontal.after) = (0, 0)
        return pooling
    }

    /// The operation, where there is a simpler one: max pooling by squares.
    var simplest: Operation {
        let isSquare = vertical == horizontal && vertical.dilation == 1 && borders == Borders(all: 0)
        guard case .maximum = kind, isSquare else { return .pooling(self) }
        return .maxPooling(extent: vertical.taps, stride: vertical.stride)
    }
}

extension Operation {
    /// Max pooling by squares where that is what it is, else pooling by any windows.
    public static func simplestPooling(_ pooling: Pooling) -> Operation { pooling.simplest }
}

/// Pixels around a map that are not all zero.
public struct Padding: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        case constant(Float)
        /// Mirrored without repeating the edge pixel.
        case reflect
        /// The edge pixel repeated.
        case edge
    }

    public var mode: Mode
    /// Pixels to add at each side, 0 or more.
    public var amounts: Borders

    public init(_ mode: Mode, amounts: Borders) {
        self.mode = mode
        self.amounts = amounts
    }

    /// As a crop that adds it, whatever it adds.
    var borders: Borders {
        Borders(top: -amounts.top, left: -amounts.left, bottom: -amounts.bottom, right: -amounts.right)
    }
}
