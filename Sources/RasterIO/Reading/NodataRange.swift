/// The stored values that count as a band's nodata value.
///
/// A range because headers round: "-3.402823e+38" in the metadata means the -3.4028235e+38 of the pixels, and
/// "-3.4028235e+38" is a little beyond the largest float32. As wide as GDAL's own comparison, 4 units in the last place of
/// the stored type's precision; exact for integers.
struct NodataRange: Equatable {
    private let bounds: ClosedRange<Double>

    /// nil where no range is needed: without a nodata value, or where it is NaN or infinite, which reading takes for
    /// invalid in any case.
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

    /// For samples of types that float32 holds exactly.
    var float32: ClosedRange<Float> { Float(bounds.lowerBound)...Float(bounds.upperBound) }

    /// For samples of wider types.
    var float64: ClosedRange<Double> { bounds }
}
