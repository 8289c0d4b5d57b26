import CGDAL
package import TileGeometry

/// The properties of one band of a raster, without its pixels.
package struct RasterBand: Equatable, Sendable {
    /// The number of the band, from 1, as GDAL and its users count.
    package let number: Int
    /// The band's description, such as "B04 red"; nil without one.
    package let name: String?
    /// The type of the stored samples.
    package let sampleType: SampleType
    /// True for int8 samples that GDAL hands out as if they had no sign, as it did before 3.7.
    let hidesSign: Bool
    /// The value that stands for no data, as the file or the user says; NaN possible.
    package let nodata: Double?
    /// True for a band that says how opaque pixels are, and shows nothing itself.
    package let isAlpha: Bool
    /// GDAL's name of what the band shows: "Red", "Gray", "Alpha", "Undefined", …
    package let colorInterpretation: String
    /// The unit in which the file stores pixels: tiles or strips.
    package let blockSize: PixelSize
    /// The file's scale, by which a stored value v means v * scale + offset; nil if it has none. Reading does not apply
    /// it.
    package let scale: Double?
    /// The offset that goes with `scale`; nil where the file has none.
    package let offset: Double?
    /// The band's own metadata, default domain.
    package let metadata: [String: String]

    /// - Parameter nodata: overrides the file's value.
    /// - Throws: `.unsupported` for sample types that cannot be segmented.
    init(number: Int, handle: GDALRasterBandH, nodata override: Double?, path: String) throws(RasterError) {
        let gdalType = GDALGetRasterDataType(handle)
        let typeName = GDALGetDataTypeName(gdalType).map { String(cString: $0) } ?? "unknown"
        guard let type = SampleType(rawValue: typeName) else {
            let isComplex = GDALDataTypeIsComplex(gdalType) != 0
            throw RasterError(
                .unsupported, path: path,
                "cannot use \(path): band \(number) has \(isComplex ? "complex samples" : "samples") of type "
                    + "\(typeName); convert it to \(isComplex ? "amplitude or intensity" : "Float32") first")
        }
        self.number = number
        // https://gdal.org/en/stable/drivers/raster/gtiff.html: PIXELTYPE=SIGNEDBYTE marks int8 in a GDT_Byte band.
        let structure = CStringList.dictionary(GDALGetMetadata(handle, "IMAGE_STRUCTURE"))
        hidesSign = type == .uint8 && structure["PIXELTYPE"] == "SIGNEDBYTE"
        name = GDALGetDescription(handle).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        sampleType = hidesSign ? .int8 : type
        nodata = override ?? Self.value { GDALGetRasterNoDataValue(handle, $0) }
        let interpretation = GDALGetRasterColorInterpretation(handle)
        isAlpha = interpretation == GCI_AlphaBand
        colorInterpretation =
            GDALGetColorInterpretationName(interpretation).map { String(cString: $0) } ?? "Undefined"
        var width: Int32 = 0
        var height: Int32 = 0
        GDALGetBlockSize(handle, &width, &height)
        blockSize = PixelSize(width: Int(width), height: Int(height))
        scale = Self.value { GDALGetRasterScale(handle, $0) }
        offset = Self.value { GDALGetRasterOffset(handle, $0) }
        metadata = CStringList.dictionary(GDALGetMetadata(handle, nil))
    }

    /// Returns a value that GDAL gives together with a flag, or nil if the flag says that there is none.
    private static func value(_ get: (UnsafeMutablePointer<Int32>) -> Double) -> Double? {
        var isThere: Int32 = 0
        let value = get(&isThere)
        return isThere != 0 ? value : nil
    }
}
