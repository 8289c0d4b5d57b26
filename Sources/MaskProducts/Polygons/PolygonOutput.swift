package import FileIO
public import RasterIO
import TileGeometry
import VectorIO

/// The regions of a mask as polygons in a file that GIS programs open: GeoPackage, FlatGeobuf, GeoJSON, Shapefile or Parquet,
/// by the file's ending.
///
/// Each feature has the class's number and name, its pixels, its area on the ground in square metres and hectares, summed
/// over its pixels on the ellipsoid (null where the mask does not say where it lies), and the mean confidence where there is
/// a raster of these. The area is that of the pixels, simplified or not. Features come by their last row; the geometry has
/// a vertex wherever three regions meet, so that neighbours' vertices are the same.
///
/// Coordinates are those of the mask's reference system, but in GeoJSON, which is WGS 84 (RFC 7946): polygons over the
/// antimeridian are cut there. The mask is read once from top to bottom, and memory follows the boundaries of regions that may
/// still grow; a region's own boundary is kept, compactly, until it is complete. Then its geometry is in memory as a whole,
/// in GDAL and in what writes the format: some 50 bytes a vertex of a GeoPackage, several times that of GeoJSON.
public final class PolygonOutput {
    private let mask: RasterReader
    private let confidence: RasterReader?
    private let options: PolygonOptions
    private let legend: ClassLegend
    private let coordinates: PixelToMap
    private let areas: GroundAreas?
    private let wanted: [Bool]?
    private let writer: VectorWriter
    private let longestLine: Int?

    /// Rows that are read at a time.
    private static let rowsPerRead = 64

    /// Whether a file could be made under this name, before any work is spent on it. Makes nothing.
    ///
    /// - Throws: as `VectorWriter.check`.
    public static func check(path: String, options: PolygonOptions) throws(RasterError) {
        try VectorWriter.check(path: path, overwrite: options.overwrite)
    }

    /// Checks all that can be checked, and begins the output under a hidden name.
    ///
    /// - Parameters:
    ///   - mask: its first band is the classes.
    ///   - confidence: a band of bytes of the mask's size, whose scale says what they stand for: as `segment` writes it, 250
    ///     for certainty. Without a scale, 255 is. nil for none.
    /// - Throws: `.unsupported` for rasters that are no masks, or lie nowhere that could be told; `.badArgument` for
    ///   classes that are not there and rasters of different sizes; and as `VectorWriter.init`.
    public init(
        mask: RasterReader, confidence: RasterReader? = nil, options: PolygonOptions, path: String
    ) throws(RasterError) {
        try mask.requireMask()
        if let confidence { try Self.check(confidence, against: mask) }
        legend = ClassLegend(of: mask)
        if options.classes.isEmpty {
            wanted = nil
        } else {
            var wanted = [Bool](repeating: false, count: 65536)
            for value in try legend.values(of: options.classes) { wanted[value] = true }
            self.wanted = wanted
        }
        coordinates = try PixelToMap(of: mask)
        areas = try? GroundAreas(size: mask.size, reference: mask.spatialReference)
        guard areas != nil || options.minimumArea <= 0 else {
            throw RasterError(
                .badArgument, path: mask.path,
                "cannot leave out polygons of \(mask.path) by their area: it does not say where on the ground it lies")
        }
        let format = try VectorFormat(path: path)
        longestLine = coordinates.longestStraightLine(size: mask.size, wgs84: format.isAlwaysWGS84)
        var fields: [VectorWriter.Field] = [
            .init("class_id", .integer), .init("class_name", .text), .init("pixels", .integer), .init("area_m2", .real),
            .init("area_ha", .real),
        ]
        if confidence != nil { fields.append(.init("confidence", .real)) }
        var layer = VectorWriter.Options(crs: coordinates.crs, fields: fields)
        layer.isMultiPolygon = options.connectedness == .eight
        layer.overwrite = options.overwrite
        if let pixel = GroundPixelSize(of: mask.spatialReference, size: mask.size) {
            layer.decimals = Self.decimals(forPixel: min(pixel.width, pixel.height))
        }
        self.mask = mask
        self.confidence = confidence
        self.options = options
        writer = try VectorWriter(path: path, options: layer)
    }

    /// As many decimals of a degree as tell a thousandth of a pixel, and 7 at least.
    ///
    /// - Parameter pixel: in metres; a degree has 111 km.
    static func decimals(forPixel pixel: Double) -> Int {
        var (decimals, step) = (7, 1e-7 * 111_000)
        while step > pixel / 1000, decimals < 15 {
            decimals += 1
            step /= 10
        }
        return decimals
    }

    private static func check(_ confidence: RasterReader, against mask: RasterReader) throws(RasterError) {
        guard confidence.size == mask.size else {
            throw RasterError(
                .badArgument, path: confidence.path,
                "\(confidence.path) has \(confidence.size.width) x \(confidence.size.height) pixels and \(mask.path) "
                    + "\(mask.size.width) x \(mask.size.height): give the confidence of the same run")
        }
        guard confidence.bands[0].sampleType == .uint8 else {
            throw RasterError(
                .badArgument, path: confidence.path,
                "\(confidence.path) is no confidence: its samples are \(confidence.bands[0].sampleType), not bytes")
        }
    }

    /// Traces and writes all polygons; `commit()` or `discard()` comes next. May be called once.
    ///
    /// - Parameter progress: called after every few rows with the number of rows done and in all; what it throws stops
    ///   the work, and the output is gone then.
    /// - Throws: `.readFailed`, `.unsupported` for values that are no classes; `.writeFailed`, `.outOfSpace`; what
    ///   `progress` throws.
    /// - Returns: the number of features.
    @discardableResult
    public func write(progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Int {
        do {
            let count = try trace(progress)
            try writer.finish()
            return count
        } catch {
            writer.discard()
            throw error
        }
    }

    /// Puts the file in place.
    ///
    /// - Throws: as `VectorWriter.commit()`.
    public func commit() throws(RasterError) { try writer.commit() }

    /// The output under way, for a caller that gives several outputs their names together (`Publication`).
    package var stagedOutput: any StagedOutput { writer.stagedOutput }

    /// Gives the output up. Does nothing after `commit()`.
    public func discard() { writer.discard() }

    private func trace(_ progress: (Int, Int) throws -> Void) throws -> Int {
        let (width, height) = (mask.size.width, mask.size.height)
        let tracer = RegionTracer(
            width: width, connectedness: options.connectedness, tolerance: options.tolerance, wanted: wanted)
        let unit = confidence.map { $0.bands[0].scale ?? 1 / 255 }
        let feature = FeatureBuilder(
            tracer, writer: writer, coordinates: coordinates, longestLine: longestLine, legend: legend,
            hasAreas: areas != nil, confidenceUnit: unit, minimumArea: options.minimumArea)
        let rows = min(height, Self.rowsPerRead)
        let classes = UnsafeMutableBufferPointer<Int32>.allocate(capacity: rows * width)
        defer { classes.deallocate() }
        let confidences = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: confidence == nil ? 0 : rows * width)
        defer { confidences.deallocate() }
        var sums: [Double] = []
        var top = 0
        while top < height {
            let window = PixelWindow(x: 0, y: top, width: width, height: min(rows, height - top))
            try mask.readClasses(window, into: classes)
            try confidence?.readBytes(window, band: 1, into: confidences)
            for row in 0..<window.height {
                areas?.cumulative(row: top + row, into: &sums)
                let complete = tracer.add(
                    UnsafePointer(classes.baseAddress! + row * width), areas: areas == nil ? nil : sums,
                    confidences: confidence == nil ? nil : UnsafePointer(confidences.baseAddress! + row * width))
                for region in complete { try feature.write(region) }
            }
            top += window.height
            try progress(top, height)
        }
        for region in tracer.finish() { try feature.write(region) }
        return feature.count
    }
}
