import CGDAL
import TileGeometry

/// Overviews inside a GeoTIFF, each of half the width and height of the one before, made window by window.
///
/// GDAL's own overviews of paletted rasters take rows of the whole width at a time, 300 MB and more for 36000 columns, and
/// let classes vote by their order of appearance; here memory is that of a few blocks, whatever the raster's size, and a
/// tie goes to the lowest class.
struct OverviewPyramid {
    /// The ways in which four pixels become one. Pixels without data are ignored. If none of the four has data, the
    /// result has none.
    enum Method: String {
        /// The value that most of them have.
        case mode = "MODE"
        /// The upper left one.
        case nearest = "NEAREST"
        /// Their mean, for integers rounded.
        case average = "AVERAGE"
    }

    /// The path of a closed GeoTIFF.
    let path: String
    let method: Method
    let sampleType: SampleType

    /// Overviews are made until one is no larger than this on a side, the side of a block of a cloud-optimised GeoTIFF.
    private static let smallestSide = 512
    /// The side of the part of an overview that is made at a time, in pixels.
    private static let windowSide = 512

    /// Returns the factors of the overviews that a raster gets, until one of them fits into a block.
    static func factors(for size: PixelSize) -> [Int] {
        var factors: [Int] = []
        var factor = 1
        while (max(size.width, size.height) - 1) / factor + 1 > smallestSide {
            factor *= 2
            factors.append(factor)
        }
        return factors
    }

    /// - Parameter isStopped: asked with every window; true ends the work.
    /// - Returns: false where GDAL failed, with its reasons in `messages`, or where it was stopped.
    func build(reportingTo messages: GDALMessages, isStopped: () -> Bool) -> Bool {
        messages.during {
            guard let dataset = DatasetHandle(geoTIFF: path, forUpdate: true) else { return false }
            let size = PixelSize(
                width: Int(GDALGetRasterXSize(dataset.raw)), height: Int(GDALGetRasterYSize(dataset.raw)))
            var factors = Self.factors(for: size).map(Int32.init)
            guard !factors.isEmpty else { return true }
            guard
                GDALBuildOverviews(dataset.raw, "NONE", Int32(factors.count), &factors, 0, nil, nil, nil) == CE_None,
                (1...dataset.bandCount).allSatisfy({ fill(dataset.band($0), factors.count, isStopped) })
            else { return false }
            GDALFlushCache(dataset.raw)
            return true
        } && messages.failures.isEmpty
    }

    private func fill(_ band: GDALRasterBandH, _ count: Int, _ isStopped: () -> Bool) -> Bool {
        switch sampleType {
        case .uint8: fill(band, count, isStopped, nodata: nodata(of: band, as: UInt8.init(exactly:)))
        case .uint16: fill(band, count, isStopped, nodata: nodata(of: band, as: UInt16.init(exactly:)))
        default: fill(band, count, isStopped, nodata: nodata(of: band, as: { Float($0) }))
        }
    }

    private func nodata<Sample>(of band: GDALRasterBandH, as convert: (Double) -> Sample?) -> Sample? {
        var isThere: Int32 = 0
        let value = GDALGetRasterNoDataValue(band, &isThere)
        return isThere != 0 ? convert(value) : nil
    }

    private func fill<Sample: PyramidSample>(
        _ band: GDALRasterBandH, _ count: Int, _ isStopped: () -> Bool, nodata: Sample?
    ) -> Bool {
        let side = Self.windowSide
        let reducer = PixelReducer(method: method, nodata: nodata)
        let pixels = UnsafeMutablePointer<Sample>.allocate(capacity: 4 * side * side)
        defer { pixels.deallocate() }
        let reduced = UnsafeMutablePointer<Sample>.allocate(capacity: side * side)
        defer { reduced.deallocate() }
        var above = band
        for level in 0..<count {
            guard let overview = GDALGetOverview(band, Int32(level)) else { return false }
            let size = bandSize(overview)
            let aboveSize = bandSize(above)
            for y in stride(from: 0, to: size.height, by: side) {
                for x in stride(from: 0, to: size.width, by: side) {
                    guard !isStopped() else { return false }
                    let window = PixelWindow(x: x, y: y, width: side, height: side).intersection(PixelWindow(size))
                    let under = PixelWindow(x: 2 * x, y: 2 * y, width: 2 * window.width, height: 2 * window.height)
                        .intersection(PixelWindow(aboveSize))
                    guard transfer(GF_Read, above, under, pixels) else { return false }
                    reducer.reduce(pixels, of: under.size, into: reduced, of: window.size)
                    guard transfer(GF_Write, overview, window, reduced) else { return false }
                }
            }
            above = overview
        }
        return true
    }

    private func bandSize(_ band: GDALRasterBandH) -> PixelSize {
        PixelSize(width: Int(GDALGetRasterBandXSize(band)), height: Int(GDALGetRasterBandYSize(band)))
    }

    private func transfer<Sample: PyramidSample>(
        _ direction: GDALRWFlag, _ band: GDALRasterBandH, _ window: PixelWindow, _ pixels: UnsafeMutablePointer<Sample>
    ) -> Bool {
        guard let type = Sample.sampleType.writing?.gdalType else { return false }
        return GDALRasterIO(
            band, direction, Int32(window.x), Int32(window.y), Int32(window.width), Int32(window.height), pixels,
            Int32(window.width), Int32(window.height), type, 0, 0) == CE_None
    }
}
