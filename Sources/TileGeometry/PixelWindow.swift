/// Width and height of a raster, a window or a map, in pixels.
public struct PixelSize: Hashable, Sendable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Pixels in all.
    public var area: Int { width * height }
}

/// A rectangle of pixels, `x` columns and `y` rows from a raster's upper left.
///
/// A window may reach beyond its raster on every side (`x` and `y` negative included): such pixels are mirrored
/// when they are read and dropped when they are written.
public struct PixelWindow: Hashable, Sendable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The whole of a raster of this size.
    public init(_ size: PixelSize) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    public var size: PixelSize { PixelSize(width: width, height: height) }
    public var maxX: Int { x + width }
    public var maxY: Int { y + height }
    public var isEmpty: Bool { width <= 0 || height <= 0 }

    /// The part that both windows cover; empty (of size 0) where they do not meet.
    public func intersection(_ other: PixelWindow) -> PixelWindow {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return PixelWindow(
            x: left, y: top, width: max(0, min(maxX, other.maxX) - left), height: max(0, min(maxY, other.maxY) - top))
    }

    public func contains(_ other: PixelWindow) -> Bool {
        other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
    }
}

extension PixelWindow: CustomStringConvertible {
    /// For messages: "columns 512-767, rows 0-255".
    public var description: String { "columns \(x)-\(maxX - 1), rows \(y)-\(maxY - 1)" }
}
