import CGDAL
package import TileGeometry

/// Reads the first band of a raster on the grid of another raster, by nearest neighbour: each pixel of the grid gets
/// the pixel of the raster that holds its centre.
///
/// Windows are warped one by one, through geotransforms, ground control points and coordinate systems; no more than a
/// window is in memory. One thread at a time may use it.
package final class WarpedBandReader {
    private let source: RasterReader
    private let size: PixelSize
    private let reference: SpatialReference
    /// True if both grids are the same, so that pixel belongs to pixel.
    package let isSameGrid: Bool
    /// The warnings: a raster that does not say where it lies, or in which system.
    package let warnings: [String]
    private let validity = ScratchBuffer<UInt8>()

    /// The largest error, in pixels, of positions that are interpolated between exactly transformed points of a row.
    private static let tolerance = "0.02"

    /// Lays a raster over a grid; nothing is read yet.
    ///
    /// - Parameters:
    ///   - source: a raster of one band, and perhaps an alpha band.
    ///   - path: the raster whose grid it is, for messages.
    /// - Throws: `.unsupported` if one of the two has no georeference and their sizes differ, or if the source has more
    ///   bands.
    package init(_ source: RasterReader, size: PixelSize, reference: SpatialReference, of path: String)
        throws(RasterError)
    {
        let bands = source.bands.filter { !$0.isAlpha }.count
        guard bands == 1 else {
            throw RasterError(
                .unsupported, path: source.path,
                "cannot use \(source.path): it has \(bands) bands, and one band of classes is needed")
        }
        let (mine, theirs) = (source.spatialReference, reference)
        var warnings: [String] = []
        if mine.hasPlace != theirs.hasPlace {
            warnings.append(
                "\(mine.hasPlace ? path : source.path) does not say where it lies: taken for the same grid, pixel by pixel"
            )
        } else if mine.hasPlace, (mine.system == nil) != (theirs.system == nil) {
            warnings.append(
                "\(mine.system == nil ? source.path : path) does not name its coordinate system: taken for the other's")
        }
        self.warnings = warnings
        self.source = source
        self.size = size
        self.reference = reference
        isSameGrid = source.size == size && Self.isSame(source.spatialReference, reference, size)
        guard isSameGrid || source.spatialReference.hasPlace && reference.hasPlace else {
            let lost = source.spatialReference.hasPlace ? path : source.path
            throw RasterError(
                .unsupported, path: lost,
                "cannot lay \(source.path) over \(path): \(lost) does not say where it lies, and the sizes differ, "
                    + "\(source.size.width) x \(source.size.height) and \(size.width) x \(size.height) pixels")
        }
    }

    /// Reads a window of the grid.
    ///
    /// - Parameters:
    ///   - window: in pixels of the grid.
    ///   - samples: height x width, NaN where the raster has no data or does not reach.
    /// - Throws: `.readFailed`.
    /// - Precondition: `samples` is large enough.
    package func read(_ window: PixelWindow, into samples: UnsafeMutableBufferPointer<Float>) throws(RasterError) {
        precondition(samples.count >= window.size.area, "buffer too small for the window")
        let number = source.bands.first { !$0.isAlpha }?.number ?? 1
        if isSameGrid {
            let validity = UnsafeMutableBufferPointer(
                start: validity.reserve(window.size.area), count: window.size.area)
            return try source.read(window, bands: [number], into: samples, validity: validity)
        }
        guard let start = samples.baseAddress else { return }
        let messages = GDALMessages()
        guard messages.during({ warp(window, into: start) }) else {
            let reason = messages.reason(about: source.path, otherwise: "GDAL gave no reason")
            throw RasterError(
                .readFailed, path: source.path, "cannot warp \(source.path) to \(window) of the mask: \(reason)")
        }
        if source.bands[number - 1].hidesSign {
            SampleSign.restore(start, count: window.size.area)
            if let nodata = source.masks[number - 1].nodata {
                SampleValidity.invalidate(start, count: window.size.area, in: nodata.float32)
            }
        }
    }

    private func warp(_ window: PixelWindow, into samples: UnsafeMutablePointer<Float>) -> Bool {
        let (width, height) = (Int32(window.width), Int32(window.height))
        guard let canvas = GDALCreate(GDALGetDriverByName("MEM"), "", width, height, 1, GDT_Float32, nil) else {
            return false
        }
        defer { GDALClose(canvas) }
        let band = GDALGetRasterBand(canvas, 1)
        guard reference.window(window).apply(to: canvas), GDALSetRasterNoDataValue(band, .nan) == CE_None,
            GDALFillRaster(band, .nan, 0) == CE_None
        else { return false }
        // Overviews may hold means of class numbers.
        let options = CStringList(["-r", "near", "-et", Self.tolerance, "-ovr", "NONE", "-q"]).withUnsafe {
            GDALWarpAppOptionsNew($0, nil)
        }
        defer { GDALWarpAppOptionsFree(options) }
        var sources: [GDALDatasetH?] = [source.dataset.raw]
        var usage: Int32 = 0
        guard GDALWarp(nil, canvas, 1, &sources, options, &usage) != nil, usage == 0 else { return false }
        return GDALRasterIO(
            band, GF_Read, 0, 0, width, height, samples, width, height, GDT_Float32, 0, 0) == CE_None
    }

    /// Returns true if the corners of both agree to a hundredth of a pixel. A raster of the same size without a
    /// georeference is taken to lie where the other does.
    private static func isSame(_ first: SpatialReference, _ second: SpatialReference, _ size: PixelSize) -> Bool {
        if !first.hasPlace || !second.hasPlace || first.isEquivalent(to: second) { return true }
        guard let a = first.geoTransform, let b = second.geoTransform else { return false }
        if let system = first.crs, let other = second.crs, !system.isEquivalent(to: other) { return false }
        let tolerance = 0.01 * abs(a.columnX * a.rowY - a.rowX * a.columnY).squareRoot()
        return [(0, 0), (size.width, 0), (0, size.height), (size.width, size.height)].allSatisfy { corner in
            let p = a.coordinates(column: Double(corner.0), row: Double(corner.1))
            let q = b.coordinates(column: Double(corner.0), row: Double(corner.1))
            return abs(p.x - q.x) < tolerance && abs(p.y - q.y) < tolerance
        }
    }
}

extension SpatialReference {
    /// True if anything says where the raster lies.
    package var hasPlace: Bool {
        geoTransform != nil || !groundControlPoints.isEmpty || !rationalPolynomials.isEmpty
    }

    /// The system of the raster's coordinates; nil where it does not say.
    package var system: CoordinateReferenceSystem? { geoTransform == nil ? groundControlPointCRS : crs }

    /// Returns the reference of a window of the raster.
    package func window(_ window: PixelWindow) -> SpatialReference {
        var result = self
        if let transform = geoTransform {
            let origin = transform.coordinates(column: Double(window.x), row: Double(window.y))
            result.geoTransform?.originX = origin.x
            result.geoTransform?.originY = origin.y
        }
        for index in groundControlPoints.indices {
            result.groundControlPoints[index].column -= Double(window.x)
            result.groundControlPoints[index].row -= Double(window.y)
        }
        for (key, start) in [("SAMP_OFF", window.x), ("LINE_OFF", window.y)] {
            if let value = rationalPolynomials[key].flatMap(Double.init) {
                result.rationalPolynomials[key] = "\(value - Double(start))"
            }
        }
        return result
    }
}
