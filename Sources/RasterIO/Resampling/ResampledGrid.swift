package import TileGeometry

/// A grid of other pixels over a raster: the same upper left corner and axes, pixels of another size.
///
/// Pixel (column, row) covers the raster from column `column * columnStep` on, and row `row * rowStep`: each place is worked
/// out from its number, so that nothing adds up over a large raster. The last column and row may reach beyond the raster by
/// less than a pixel.
package struct ResampledGrid: Hashable, Sendable {
    /// The size of the raster, in its own pixels.
    package let raster: PixelSize
    /// Columns of the raster in one column of the grid; below 1 where pixels are enlarged.
    package let columnStep: Double
    /// The height of a pixel of the grid, in rows of the raster.
    package let rowStep: Double
    /// The size of the grid, in its own pixels.
    package let size: PixelSize

    /// About how many pixels of the raster, on a side, are read at a time.
    private static let readSide = 1024

    /// The largest ratio between the sizes of both rasters' pixels. Whoever makes a grid refuses a larger one.
    package static let largestRatio = Double(readSide)

    /// Lays a grid over a raster.
    ///
    /// - Parameters:
    ///   - raster: the size of the raster in its own pixels.
    ///   - columnStep: the width of a pixel of the grid, in columns of the raster.
    ///   - rowStep: the height of a pixel of the grid, in rows of the raster.
    /// - Precondition: steps are greater than 0, and the grid's sides are below 2^31.
    package init(raster: PixelSize, columnStep: Double, rowStep: Double) {
        self.raster = raster
        self.columnStep = columnStep
        self.rowStep = rowStep
        size = PixelSize(
            width: Self.count(of: raster.width, step: columnStep), height: Self.count(of: raster.height, step: rowStep))
    }

    /// Takes the raster's own grid.
    package init(of raster: PixelSize) { self.init(raster: raster, columnStep: 1, rowStep: 1) }

    /// True if the grid is the raster's own.
    package var isNative: Bool { columnStep == 1 && rowStep == 1 }
    /// True if one of the grid's pixels may be made of several of the raster's.
    package var shrinks: Bool { columnStep > 1 || rowStep > 1 }

    /// Returns how many pixels cover a length. A remainder that is only due to rounding does not make a pixel.
    private static func count(of length: Int, step: Double) -> Int {
        max(1, Int((Double(length) / step - 1e-6).rounded(.up)))
    }

    /// The size of the part that is made at a time, in pixels of the grid.
    package var chunk: PixelSize {
        func side(_ step: Double) -> Int { min(Self.readSide, max(1, Int(Double(Self.readSide) / step))) }
        return PixelSize(width: side(columnStep), height: side(rowStep))
    }

    /// Returns the bytes that reading takes in addition to the pixels that are asked for.
    package func scratchByteCount(bands: Int) -> Int {
        guard !isNative else { return 0 }
        func sources(_ cells: Int, _ step: Double, _ length: Int) -> Int {
            min(length, Int((Double(cells) * step).rounded(.up)) + 2)
        }
        let width = sources(chunk.width, columnStep, raster.width)
        let height = sources(chunk.height, rowStep, raster.height)
        let sums = 2 * MemoryLayout<Double>.stride + 1
        return width * height * (bands * MemoryLayout<Float>.stride + 1) + height * chunk.width * sums
    }

    // MARK: Back to the raster

    /// Returns the pixels of the raster whose centres lie in a window of the grid. Windows without common pixels have
    /// none here either, and all windows together give the whole raster.
    package func rasterWindow(under window: PixelWindow) -> PixelWindow {
        let columns = Self.sources(
            window.x..<window.maxX, step: columnStep, length: raster.width, count: size.width)
        let rows = Self.sources(window.y..<window.maxY, step: rowStep, length: raster.height, count: size.height)
        return PixelWindow(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }

    /// Returns the pixels of the grid that cover a window of the raster.
    package func window(over window: PixelWindow) -> PixelWindow {
        let (left, top) = (Int(Double(window.x) / columnStep), Int(Double(window.y) / rowStep))
        let right = Int((Double(window.maxX) / columnStep).rounded(.up))
        let bottom = Int((Double(window.maxY) / rowStep).rounded(.up))
        return PixelWindow(x: left, y: top, width: right - left, height: bottom - top)
            .intersection(PixelWindow(size))
    }

    private static func sources(_ range: Range<Int>, step: Double, length: Int, count: Int) -> Range<Int> {
        func first(_ index: Int) -> Int {
            index >= count ? length : min(length, max(0, Int((Double(index) * step - 0.5).rounded(.up))))
        }
        return first(range.lowerBound)..<first(range.upperBound)
    }

    /// Returns, for columns of the raster that lie under `limits`, the columns of the grid under their centres.
    package func columns(of columns: Range<Int>, in limits: Range<Int>) -> [Int] {
        Self.indices(of: columns, step: columnStep, in: limits)
    }

    /// Returns for rows what `columns(of:in:)` returns for columns.
    package func rows(of rows: Range<Int>, in limits: Range<Int>) -> [Int] {
        Self.indices(of: rows, step: rowStep, in: limits)
    }

    private static func indices(of range: Range<Int>, step: Double, in limits: Range<Int>) -> [Int] {
        range.map { min(max(Int((Double($0) + 0.5) / step), limits.lowerBound), limits.upperBound - 1) }
    }
}
