import CGDAL

/// The way from places in one raster to those in another, by what both say of the ground: coordinate systems, geotransforms,
/// ground control points and polynomials.
///
/// One thread at a time may use it.
package final class PixelToPixel {
    private let exact: UnsafeMutableRawPointer
    private let approximate: UnsafeMutableRawPointer
    private let readers: (RasterReader, RasterReader)

    /// The largest error, in pixels of `other`, that interpolating along a row may have.
    private static let tolerance = 0.125

    /// Finds the way from a raster to another one.
    ///
    /// - Throws: `.unsupported` where one of the rasters does not say where it lies, or coordinates cannot be turned from
    ///   the one's system into the other's.
    package init(of raster: RasterReader, in other: RasterReader) throws(RasterError) {
        let messages = GDALMessages()
        let exact = messages.during {
            GDALCreateGenImgProjTransformer2(other.dataset.raw, raster.dataset.raw, nil)
        }
        guard let exact else {
            let reason = messages.reason(about: raster.path, otherwise: "GDAL gave no reason")
            throw RasterError(
                .unsupported, path: raster.path,
                "cannot lay \(raster.path) over \(other.path): \(reason); give both the same grid, or georeference both"
            )
        }
        guard let approximate = GDALCreateApproxTransformer(GDALGenImgProjTransform, exact, Self.tolerance) else {
            GDALDestroyGenImgProjTransformer(exact)
            preconditionFailure("no memory for a transformer")
        }
        self.exact = exact
        self.approximate = approximate
        readers = (raster, other)  // whose datasets the transformer refers to
    }

    deinit {
        GDALDestroyApproxTransformer(approximate)
        GDALDestroyGenImgProjTransformer(exact)
    }

    /// Returns the places in the other raster, in its pixels from its upper left corner, of places in one row of this one.
    ///
    /// - Parameters:
    ///   - columns: ascending, in pixels from the upper left corner.
    ///   - row: likewise, of all of them.
    /// - Returns: NaN for places that have none there.
    package func places(columns: [Double], row: Double) -> (x: [Double], y: [Double]) {
        var x = columns
        var y = [Double](repeating: row, count: columns.count)
        var z = [Double](repeating: 0, count: columns.count)
        var success = [Int32](repeating: 0, count: columns.count)
        // A place beyond a projection's reach is no failure: it has no counterpart.
        _ = GDALMessages(keepsWarnings: true).during {
            GDALApproxTransform(approximate, 1, Int32(columns.count), &x, &y, &z, &success)
        }
        for index in columns.indices where success[index] == 0 || !x[index].isFinite || !y[index].isFinite {
            x[index] = .nan
            y[index] = .nan
        }
        return (x, y)
    }
}
