/// Width and height of a raster, a window or a map, in pixels.
package struct PixelSize: Hashable, Sendable {
    /// The number of columns.
    package var width: Int
    /// The number of rows.
    package var height: Int

    /// Makes a size of so many columns and rows.
    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The number of pixels in all.
    package var area: Int { width * height }
}

/// A rectangle of pixels, `x` columns and `y` rows from a raster's upper left.
///
/// A window may reach beyond its raster on every side (`x` and `y` negative included): such pixels are mirrored
/// when they are read and dropped when they are written.
package struct PixelWindow: Hashable, Sendable {
    /// The first column.
    package var x: Int
    /// The first row.
    package var y: Int
    /// The number of columns.
    package var width: Int
    /// The number of rows.
    package var height: Int

    /// Makes a window of so many columns and rows from its upper left pixel on.
    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// Makes the window that is the whole of a raster of this size.
    package init(_ size: PixelSize) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    /// The number of columns and rows.
    package var size: PixelSize { PixelSize(width: width, height: height) }
    /// The column after the last.
    package var maxX: Int { x + width }
    /// The row after the last.
    package var maxY: Int { y + height }
    /// True if the window has no pixel.
    package var isEmpty: Bool { width <= 0 || height <= 0 }

    /// Returns the part that both windows cover; it is empty (of size 0) where they do not meet.
    package func intersection(_ other: PixelWindow) -> PixelWindow {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return PixelWindow(
            x: left, y: top, width: max(0, min(maxX, other.maxX) - left), height: max(0, min(maxY, other.maxY) - top))
    }

    /// Returns the same window as it is counted from the upper left pixel of another.
    package func moved(from origin: PixelWindow) -> PixelWindow {
        PixelWindow(x: x - origin.x, y: y - origin.y, width: width, height: height)
    }

    /// Returns true if all of the other window lies in this one.
    package func contains(_ other: PixelWindow) -> Bool {
        other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
    }
}

extension PixelWindow: CustomStringConvertible {
    /// The window for people: "columns 512-767, rows 0-255".
    package var description: String { "columns \(x)-\(maxX - 1), rows \(y)-\(maxY - 1)" }
}
