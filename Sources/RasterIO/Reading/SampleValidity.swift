/// The loops over a window's samples that put NaN where there is no data.
enum SampleValidity {
    /// Samples of the nodata value become NaN.
    static func invalidate(_ samples: UnsafeMutablePointer<Float>, count: Int, in nodata: ClosedRange<Float>) {
        for i in 0..<count where samples[i] >= nodata.lowerBound && samples[i] <= nodata.upperBound {
            samples[i] = .nan
        }
    }

    /// Samples under a zero of the mask become NaN.
    static func invalidate(_ samples: UnsafeMutablePointer<Float>, count: Int, under mask: UnsafePointer<UInt8>) {
        for i in 0..<count where mask[i] == 0 { samples[i] = .nan }
    }

    /// float64 samples as float32; those of the nodata value as NaN, those beyond float32's range as infinite.
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

    /// A mask that is zero where the alpha band is.
    static func opacity(_ alpha: UnsafePointer<Float>, count: Int, into mask: UnsafeMutablePointer<UInt8>) {
        for i in 0..<count where alpha[i] == 0 { mask[i] = 0 }
    }
}
