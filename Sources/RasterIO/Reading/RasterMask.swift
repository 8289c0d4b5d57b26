import CGDAL

/// The rule by which samples of a band have data. The alpha band is not part of it, because it holds for every band.
struct RasterMask: Equatable {
    enum Kind {
        case none
        /// A mask for all bands: in the file, beside it, or by a nodata value of the bands together.
        case dataset
        /// A mask for each band.
        case band
    }

    /// The kind of the mask, whose zeros mean no data.
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

/// The stored values that count as a band's nodata value.
///
/// A range because headers round: "-3.402823e+38" in the metadata means the -3.4028235e+38 of the pixels, and
/// "-3.4028235e+38" is a little beyond the largest float32. As wide as GDAL's own comparison, 4 units in the last place of
/// the stored type's precision; exact for integers.
struct NodataRange: Equatable {
    private let bounds: ClosedRange<Double>

    /// Makes a range, or nil if none is needed: without a nodata value, or if it is NaN or infinite, which reading
    /// takes for invalid in any case.
    init?(_ nodata: Double?, of type: SampleType) {
        guard let nodata, nodata.isFinite else { return nil }
        let slack: Double
        switch type {
        case .float16, .float32: slack = 4 * Double(Float.ulpOfOne) * abs(nodata)
        case .float64: slack = 4 * Double.ulpOfOne * abs(nodata)
        default: slack = 0
        }
        bounds = (nodata - slack)...(nodata + slack)
    }

    /// The range for samples of types that float32 holds exactly.
    var float32: ClosedRange<Float> { Float(bounds.lowerBound)...Float(bounds.upperBound) }

    /// The range for samples of wider types.
    var float64: ClosedRange<Double> { bounds }
}

/// The loops over the samples of a window that set NaN where there is no data.
enum SampleValidity {
    /// Sets samples of the nodata value to NaN.
    static func invalidate(_ samples: UnsafeMutablePointer<Float>, count: Int, in nodata: ClosedRange<Float>) {
        for i in 0..<count where samples[i] >= nodata.lowerBound && samples[i] <= nodata.upperBound {
            samples[i] = .nan
        }
    }

    /// Sets samples under a zero of the mask to NaN.
    static func invalidate(_ samples: UnsafeMutablePointer<Float>, count: Int, under mask: UnsafePointer<UInt8>) {
        for i in 0..<count where mask[i] == 0 { samples[i] = .nan }
    }

    /// Converts float64 samples to float32. Those of the nodata value become NaN, and those outside float32's range
    /// infinite.
    static func narrow(
        _ wide: UnsafePointer<Double>, count: Int, nodata: ClosedRange<Double>?,
        into samples: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { samples[i] = Float(wide[i]) }
        guard let nodata else { return }
        for i in 0..<count where wide[i] >= nodata.lowerBound && wide[i] <= nodata.upperBound { samples[i] = .nan }
    }

    /// Marks pixels whose sample is finite as valid; samples that are not become NaN.
    static func collect(
        _ samples: UnsafeMutablePointer<Float>, count: Int, into validity: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<count {
            if samples[i].isFinite { validity[i] = 1 } else { samples[i] = .nan }
        }
    }

    /// Makes a mask that is zero where the alpha band is.
    static func opacity(_ alpha: UnsafePointer<Float>, count: Int, into mask: UnsafeMutablePointer<UInt8>) {
        for i in 0..<count where alpha[i] == 0 { mask[i] = 0 }
    }
}
