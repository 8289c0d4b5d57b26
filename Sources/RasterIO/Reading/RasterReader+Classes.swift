import CGDAL
package import TileGeometry

extension RasterReader {
    /// Makes sure that the raster can be read as a mask: one band of whole numbers, apart from alpha.
    ///
    /// - Throws: `.unsupported`.
    package func requireMask() throws(RasterError) {
        let count = bands.count { !$0.isAlpha }
        guard count == 1, !bands[0].isAlpha else {
            throw RasterError(
                .unsupported, path: path,
                "cannot use \(path) as a mask: it has \(count) bands, and a mask has one band of classes")
        }
        switch bands[0].sampleType {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32: return
        default:
            throw RasterError(
                .unsupported, path: path,
                "cannot use \(path) as a mask: its pixels are \(bands[0].sampleType) and no classes; give a mask of "
                    + "whole numbers, as overtile segment writes it")
        }
    }

    /// Reads a window of a mask: the class of each pixel of band 1, -1 where it has no data.
    ///
    /// It is several times as fast as `read`, which converts the pixels to floating point.
    ///
    /// - Parameter classes: height x width.
    /// - Throws: `.badArgument` for windows outside the raster; `.readFailed`; `.unsupported` for values that are no
    ///   classes, which are 0 to 65535.
    /// - Precondition: `requireMask()` passed, and the buffer is large enough.
    package func readClasses(
        _ window: PixelWindow, into classes: UnsafeMutableBufferPointer<Int32>
    ) throws(RasterError) {
        try check(window, [1])
        let area = window.size.area
        precondition(classes.count >= area, "buffer too small for the window")
        guard let start = classes.baseAddress else { return }
        try read(dataset.band(1), SampledArea(window), into: start, GDT_Int32, naming: "band 1")
        if let nodata = masks[0].nodata {
            let range = nodata.float64
            // Whole numbers in it, if any: one value at most.
            if let value = Int32(exactly: range.lowerBound.rounded(.up)), Double(value) <= range.upperBound {
                for index in 0..<area where start[index] == value { start[index] = -1 }
            }
        }
        if alphaBand != nil || masks[0].kind != .none {
            let valid = bandMaskScratch.reserve(area)
            guard let mask = GDALGetMaskBand(dataset.band(1)) else { return }
            try read(mask, SampledArea(window), into: valid, GDT_Byte, naming: "the mask of band 1")
            for index in 0..<area where valid[index] == 0 { start[index] = -1 }
        }
        var (lowest, highest): (Int32, Int32) = (0, 0)
        for index in 0..<area {
            lowest = min(lowest, start[index])
            highest = max(highest, start[index])
        }
        guard lowest >= -1, highest <= 65535 else {
            throw RasterError(
                .unsupported, path: path,
                "cannot use \(path) as a mask: \(lowest < -1 ? lowest : highest), in \(window), is no class; classes are 0 "
                    + "to 65535")
        }
    }

    /// Reads a window of a band of bytes as they are stored, whatever its nodata value.
    ///
    /// - Throws: `.badArgument` for windows outside the raster and for bands of other types; `.readFailed`.
    /// - Precondition: the buffer is large enough.
    package func readBytes(
        _ window: PixelWindow, band: Int, into bytes: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        try check(window, [band])
        precondition(bytes.count >= window.size.area, "buffer too small for the window")
        guard bands[band - 1].sampleType == .uint8 else {
            throw RasterError(
                .badArgument, path: path,
                "cannot read band \(band) of \(path) as bytes: its samples are \(bands[band - 1].sampleType)")
        }
        guard let start = bytes.baseAddress else { return }
        try read(dataset.band(band), SampledArea(window), into: start, GDT_Byte, naming: "band \(band)")
    }
}

extension RasterReader {
    /// The colours that a band's values stand for, from value 0 on; nil for bands that hold measurements.
    package func palette(ofBand number: Int) -> [LegendEntry.Color]? {
        let handle = dataset.band(number)
        return GDALMessages().during {
            guard GDALGetRasterColorInterpretation(handle) == GCI_PaletteIndex,
                let table = GDALGetRasterColorTable(handle), GDALGetPaletteInterpretation(table) == GPI_RGB
            else { return nil }
            return (0..<GDALGetColorEntryCount(table)).map { index in
                GDALGetColorEntry(table, index).map { LegendEntry.Color($0.pointee) }
                    ?? LegendEntry.Color(red: 0, green: 0, blue: 0, alpha: 0)
            }
        }
    }
}
