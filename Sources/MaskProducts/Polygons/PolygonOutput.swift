package import FileIO
public import RasterIO
import TileGeometry
import VectorIO

/// Writes the regions of a mask as polygons into a vector file: GeoPackage, FlatGeobuf, GeoJSON, Shapefile or Parquet,
/// chosen by the file's ending.
///
///     let output = try PolygonOutput(mask: "mask.tif", path: "mask.gpkg")
///     try output.write()
///     try output.commit()
///
/// Each feature has the number and name of its class, its number of pixels, and its area on the ground in square metres
/// and hectares. The area is that of the polygon on the ellipsoid: the sum over its pixels, or, where the polygon is
/// simplified, the area within its sides; the sum over its pixels is another field then, `pixels_m2`. Areas are null if the
/// mask is not georeferenced. With a confidence raster, each feature also has its mean confidence. Features are ordered by
/// their last row. Wherever three regions meet there is a vertex, so neighbours have the same vertices along their common
/// border.
///
/// Coordinates are in the mask's reference system, except in GeoJSON, which is always WGS 84 (RFC 7946) and in which
/// polygons are cut at the antimeridian. The mask is read once from top to bottom. Memory follows the boundaries of
/// regions that may still grow: each boundary is kept in a compact form until its region is complete. The whole
/// geometry of a complete region is in memory while it is written, at about 50 bytes a vertex in a GeoPackage and
/// several times that in GeoJSON.
public final class PolygonOutput {
    private let mask: RasterReader
    private let confidence: RasterReader?
    private let options: Options
    private let legend: ClassLegend
    private let coordinates: PixelToMap
    private let areas: GroundAreas?
    private let wanted: [Bool]?
    private let writer: VectorWriter
    private let longestLine: Int?
    private let fields: PolygonFields

    /// The number of rows that are read at a time.
    private static let rowsPerRead = 64

    /// Checks that a file can be made under this name, before any work is spent on it. Nothing is created.
    ///
    /// - Throws: the errors of `VectorWriter.check`.
    public static func check(path: String, options: Options) throws(RasterError) {
        try VectorWriter.check(path: path, overwrite: options.overwrite)
    }

    /// Checks the arguments, and begins the output under a hidden name.
    ///
    /// - Parameters:
    ///   - mask: the path of a raster whose first band holds the classes.
    ///   - confidence: the path of a raster of one uint8 band of the mask's size, or nil. The band's scale says what a
    ///     value stands for; in what `segment` writes, 250 is certainty. Without a scale, 255 is certainty.
    ///   - path: where the polygons go.
    /// - Throws: `.unsupported` if a raster is not a mask or has no georeference; `.badArgument` for classes that the
    ///   mask does not have and for rasters of different sizes; and the errors of opening the rasters and of making the
    ///   output.
    public convenience init(
        mask: String, confidence: String? = nil, options: Options = Options(), path: String
    ) throws(RasterError) {
        var reader: RasterReader?
        if let confidence { reader = try RasterReader(path: confidence) }
        try self.init(mask: try RasterReader(path: mask), confidence: reader, options: options, path: path)
    }

    /// Checks the arguments, and begins the output of rasters that are open already.
    ///
    /// - Throws: as the other initialiser; and the errors of `VectorWriter.init`.
    package init(
        mask: RasterReader, confidence: RasterReader? = nil, options: Options, path: String
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
        fields = PolygonFields(isSimplified: options.tolerance != nil, hasConfidence: confidence != nil)
        var layer = VectorWriter.Options(crs: coordinates.crs, fields: fields.list)
        layer.isMultiPolygon = options.connectedness == .eight
        layer.overwrite = options.overwrite
        if options.hasStyle, format == .geoPackage, !legend.entries.isEmpty {
            let shown = legend.entries.filter { [wanted] in wanted?[$0.value] ?? true }
            layer.style = QGISStyle(shown).text(ofPolygonsBy: fields.list[fields.classNumber].name)
        }
        if let pixel = GroundPixelSize(of: mask.spatialReference, size: mask.size) {
            layer.decimals = Self.decimals(forPixel: min(pixel.width, pixel.height))
        }
        self.mask = mask
        self.confidence = confidence
        self.options = options
        writer = try VectorWriter(path: path, options: layer)
    }

    /// Returns how many decimals of a degree resolve a thousandth of a pixel, at least 7.
    ///
    /// - Parameter pixel: the size of a pixel in metres, of which a degree has 111,000.
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

    /// Traces and writes all polygons. May be called once; `commit()` or `discard()` must follow.
    ///
    /// - Parameter progress: called after every few rows with the number of rows that are done, and of all rows. An
    ///   error that it throws stops the work and removes the output.
    /// - Throws: `.readFailed`; `.unsupported` for values that are no classes; `.writeFailed`, `.outOfSpace`; and what
    ///   `progress` throws.
    /// - Returns: the number of features that were written.
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

    /// Gives the file its name.
    ///
    /// - Throws: the errors of `VectorWriter.commit()`.
    public func commit() throws(RasterError) { try writer.commit() }

    /// The output under way, for a caller that gives several outputs their names together (`Publication`).
    package var stagedOutput: any StagedOutput { writer.stagedOutput }

    /// Removes the unfinished output. Does nothing after `commit()`.
    public func discard() { writer.discard() }

    private func trace(_ progress: (Int, Int) throws -> Void) throws -> Int {
        let (width, height) = (mask.size.width, mask.size.height)
        let tracer = RegionTracer(
            width: width, connectedness: options.connectedness, tolerance: options.tolerance, wanted: wanted)
        let unit = confidence.map { $0.bands[0].scale ?? 1 / 255 }
        let feature = FeatureBuilder(
            tracer, writer: writer, coordinates: coordinates, longestLine: longestLine, legend: legend,
            areas: areas, confidenceUnit: unit, minimumArea: options.minimumArea, fields: fields)
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

extension PolygonOutput {
    /// Says which polygons are made of a mask.
    public struct Options: Sendable {
        /// The area in square metres on the ground below which a region is left out. Its neighbours do not grow into it.
        public var minimumArea = 0.0
        /// The tolerance of simplification in pixels: the largest distance between a dropped vertex and the line that
        /// replaces it. nil keeps boundaries along the sides of pixels. Neighbours keep their common border, and no lines
        /// cross or collapse into each other: where they would, vertices stay.
        public var tolerance: Double?
        /// The names or numbers of the classes that become polygons; empty for all classes.
        public var classes: [String] = []
        /// The pixels of a class that belong to the same region.
        public var connectedness = Connectedness.four
        /// True if a GeoPackage takes a style with it, by which QGIS shows the classes in their colours.
        public var hasStyle = true
        /// True if an existing file of the output's name is replaced.
        public var overwrite = false

        /// Makes the options of exact polygons of all classes and sizes.
        public init() {}
    }

    /// The pixels of a class that belong to the same region.
    public enum Connectedness: Int, CaseIterable, Sendable {
        /// Pixels that share a side.
        case four = 4
        /// Pixels that share a side or a corner.
        case eight = 8
    }
}
