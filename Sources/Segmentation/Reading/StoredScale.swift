import RasterIO

/// The scale and the offset that bands carry in their tags: a stored value v means v * scale + offset.
///
/// Sources: the GDAL raster data model (https://gdal.org/en/stable/user/raster_data_model.html); Sentinel-2's processing
/// baseline 04.00, whose reflectance has an offset.
package struct StoredScale: Equatable, Sendable, CustomStringConvertible {
    /// The factor of each of the chosen bands.
    let scale: [Double]
    /// The summand of each of the chosen bands.
    let offset: [Double]

    /// Takes what the bands say.
    ///
    /// - Returns: nil where values mean themselves.
    /// - Throws: `SegmentationError` for a scale of 0 and for what is no number.
    init?(_ bands: [RasterBand], of scene: String) throws {
        scale = bands.map { $0.scale ?? 1 }
        offset = bands.map { $0.offset ?? 0 }
        guard scale.contains(where: { $0 != 1 }) || offset.contains(where: { $0 != 0 }) else { return nil }
        for (band, (scale, offset)) in zip(bands, zip(scale, offset)) {
            guard scale.isFinite, offset.isFinite, scale != 0 else {
                throw SegmentationError(
                    .badData,
                    "\(scene): band \(band.number) says that its values mean v * \(scale) + \(offset), which leaves "
                        + "nothing of them: mend the band's scale, or give --no-apply-scale")
            }
        }
    }

    /// What the values mean, the first band's for all that are alike.
    package var description: String {
        let all = zip(scale, offset).map { scale, offset in
            "v * \(scale)" + (offset == 0 ? "" : offset < 0 ? " - \(-offset)" : " + \(offset)")
        }
        return Set(all).count == 1 ? all[0] : all.joined(separator: ", ")
    }
}

extension Normalization {
    /// Returns what happens to stored values where this is to happen to what they mean.
    func after(_ stored: StoredScale) -> Normalization {
        var result = self
        for band in scale.indices {
            let (factor, summand) = (stored.scale[band], stored.offset[band])
            let bounds = [minimum[band], maximum[band]].map { Float((Double($0) - summand) / factor) }
            (result.minimum[band], result.maximum[band]) = (min(bounds[0], bounds[1]), max(bounds[0], bounds[1]))
            result.scale[band] = Float(Double(scale[band]) * factor)
            result.offset[band] = Float(Double(offset[band]) + Double(scale[band]) * summand)
        }
        return result
    }
}
