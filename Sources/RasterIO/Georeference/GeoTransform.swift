/// The affine map from a raster's pixels to coordinates, in GDAL's order:
///
///     x = originX + column * columnX + row * rowX
///     y = originY + column * columnY + row * rowY
///
/// where (column, row) = (0, 0) is the outer corner of the upper left pixel, whatever the file calls a pixel's place.
/// North-up rasters have `rowX == 0 && columnY == 0 && rowY < 0`.
package struct GeoTransform: Equatable, Sendable {
    /// The x of the upper left corner.
    package var originX: Double
    /// The change of x from one column to the next.
    package var columnX: Double
    /// The change of x from one row to the next.
    package var rowX: Double
    /// The y of the upper left corner.
    package var originY: Double
    /// The change of y from one column to the next.
    package var columnY: Double
    /// The change of y from one row to the next; negative where the first row is the northernmost.
    package var rowY: Double

    /// Makes a map of its six coefficients, in GDAL's order.
    package init(originX: Double, columnX: Double, rowX: Double, originY: Double, columnY: Double, rowY: Double) {
        self.originX = originX
        self.columnX = columnX
        self.rowX = rowX
        self.originY = originY
        self.columnY = columnY
        self.rowY = rowY
    }

    /// Makes a map of an array as GDAL has it.
    ///
    /// - Precondition: six coefficients, in GDAL's order.
    package init(_ coefficients: [Double]) {
        precondition(coefficients.count == 6)
        self.init(
            originX: coefficients[0], columnX: coefficients[1], rowX: coefficients[2],
            originY: coefficients[3], columnY: coefficients[4], rowY: coefficients[5])
    }

    /// The six coefficients, in GDAL's order.
    package var coefficients: [Double] { [originX, columnX, rowX, originY, columnY, rowY] }

    /// True if rows run along x and columns along y, north-up or south-up.
    package var isAxisAligned: Bool { rowX == 0 && columnY == 0 }

    /// Returns the coordinates of a place in the raster, in pixels from its upper left corner.
    package func coordinates(column: Double, row: Double) -> (x: Double, y: Double) {
        (originX + column * columnX + row * rowX, originY + column * columnY + row * rowY)
    }
}
