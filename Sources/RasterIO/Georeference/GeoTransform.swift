/// The affine map from a raster's pixels to coordinates, in GDAL's order:
///
///     x = originX + column * columnX + row * rowX
///     y = originY + column * columnY + row * rowY
///
/// where (column, row) = (0, 0) is the outer corner of the upper left pixel, whatever the file calls a pixel's place.
/// North-up rasters have `rowX == 0 && columnY == 0 && rowY < 0`.
public struct GeoTransform: Equatable, Sendable {
    public var originX: Double
    public var columnX: Double
    public var rowX: Double
    public var originY: Double
    public var columnY: Double
    public var rowY: Double

    public init(originX: Double, columnX: Double, rowX: Double, originY: Double, columnY: Double, rowY: Double) {
        self.originX = originX
        self.columnX = columnX
        self.rowX = rowX
        self.originY = originY
        self.columnY = columnY
        self.rowY = rowY
    }

    /// - Precondition: six coefficients, in GDAL's order.
    public init(_ coefficients: [Double]) {
        precondition(coefficients.count == 6)
        self.init(
            originX: coefficients[0], columnX: coefficients[1], rowX: coefficients[2],
            originY: coefficients[3], columnY: coefficients[4], rowY: coefficients[5])
    }

    /// The six coefficients, in GDAL's order.
    public var coefficients: [Double] { [originX, columnX, rowX, originY, columnY, rowY] }

    /// Whether rows run along x and columns along y, north-up or south-up.
    public var isAxisAligned: Bool { rowX == 0 && columnY == 0 }

    /// The coordinates of a place in the raster, in pixels from its upper left corner.
    public func coordinates(column: Double, row: Double) -> (x: Double, y: Double) {
        (originX + column * columnX + row * rowX, originY + column * columnY + row * rowY)
    }
}
