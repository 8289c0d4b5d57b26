import CGDAL
import TileGeometry

/// The part of a raster that one reading call covers, and the number of pixels that it returns: all of the part's
/// pixels, or fewer.
///
/// Fewer pixels are sampled by GDAL's nearest neighbour, each the stored pixel under its centre, from the coarsest
/// overview that still has enough of them.
struct SampledArea {
    /// The stored pixels that hold the area.
    let window: PixelWindow
    /// The size of the result.
    let size: PixelSize
    /// The area itself in stored pixels, if it does not begin and end with whole ones.
    private let exact: Extent?

    struct Extent {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
    }

    /// Every pixel of a window.
    init(_ window: PixelWindow) {
        self.window = window
        size = window.size
        exact = nil
    }

    /// Some rows of a window that is reduced to fewer pixels.
    ///
    /// - Parameters:
    ///   - window: lies inside the raster.
    ///   - size: what the whole window is reduced to, at most its own size.
    ///   - rows: of the reduced window.
    init(_ window: PixelWindow, reducedTo size: PixelSize, rows: Range<Int>) {
        let step = Double(window.height) / Double(size.height)
        let top = Double(rows.lowerBound) * step
        let bottom = rows.upperBound == size.height ? Double(window.height) : Double(rows.upperBound) * step
        let first = Int(top)
        let last = min(window.height, Int(bottom.rounded(.up)))
        self.window = PixelWindow(x: window.x, y: window.y + first, width: window.width, height: last - first)
        self.size = PixelSize(width: size.width, height: rows.count)
        exact = Extent(
            x: Double(window.x), y: Double(window.y) + top, width: Double(window.width), height: bottom - top)
    }

    /// Lends GDAL's description of the area; none where it is the window itself.
    func withExtraArgument(_ call: (UnsafeMutablePointer<GDALRasterIOExtraArg>?) -> CPLErr) -> CPLErr {
        guard let exact else { return call(nil) }
        var argument = GDALRasterIOExtraArg()
        argument.nVersion = Int32(RASTERIO_EXTRA_ARG_CURRENT_VERSION)
        argument.eResampleAlg = GRIORA_NearestNeighbour
        argument.bFloatingPointWindowValidity = 1
        argument.dfXOff = exact.x
        argument.dfYOff = exact.y
        argument.dfXSize = exact.width
        argument.dfYSize = exact.height
        return call(&argument)
    }
}
