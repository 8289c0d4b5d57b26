import CGDAL

/// How to tell which of a band's samples hold data. An alpha band is not looked at here: it holds for every band.
struct RasterMask: Equatable {
    enum Kind {
        case none
        /// One for all bands: a mask in the file or beside it, or a nodata value of the bands together.
        case dataset
        /// One for each band.
        case band
    }

    /// A mask whose zeros have no data.
    let kind: Kind
    /// Values that stand for no data.
    let nodata: NodataRange?

    /// GDAL's order of precedence: a mask makes the file's nodata value void. The user's value, `override`, replaces
    /// the file's, and holds beside a mask.
    init(_ handle: GDALRasterBandH, of band: RasterBand, override: Double?) {
        let flags = Int(GDALGetMaskFlags(handle))
        func has(_ flag: Int32) -> Bool { flags & Int(flag) != 0 }
        let isOwnNodata = has(GMF_NODATA) && (override != nil || !has(GMF_PER_DATASET))
        if has(GMF_ALL_VALID) || has(GMF_ALPHA) || isOwnNodata {
            kind = .none
        } else {
            kind = has(GMF_PER_DATASET) ? .dataset : .band
        }
        // GDAL says "all valid" for a nodata value a little beyond float32, such as -3.4028235e+38: not so here.
        nodata = NodataRange(kind == .none || override != nil ? band.nodata : nil, of: band.sampleType)
    }
}
