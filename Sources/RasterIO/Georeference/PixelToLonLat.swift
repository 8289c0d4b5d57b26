import CGDAL

/// The way from a raster's pixels to longitude and latitude in WGS 84, by whatever the raster has: a geotransform, ground control
/// points or rational polynomials.
final class PixelToLonLat {
    private let raw: UnsafeMutableRawPointer
    /// The raster, which the transformer reads.
    private let dataset: DatasetHandle

    /// Finds the way that a raster has.
    ///
    /// - Returns: nil where the raster does not say where it lies, or in which system.
    init?(of dataset: DatasetHandle) {
        let raw = GDALMessages(keepsWarnings: true).during {
            CStringList(["DST_SRS=EPSG:4326"]).withUnsafe { GDALCreateGenImgProjTransformer2(dataset.raw, nil, $0) }
        }
        guard let raw else { return nil }
        self.raw = raw
        self.dataset = dataset
    }

    deinit { GDALDestroyGenImgProjTransformer(raw) }

    /// Returns the positions of those points that lie anywhere: corners of some projections are off the globe.
    ///
    /// - Parameter points: in pixels from the raster's upper left corner.
    func positions(of points: [(column: Double, row: Double)]) -> [Footprint.Position] {
        guard !points.isEmpty else { return [] }
        var (x, y) = (points.map(\.column), points.map(\.row))
        var z = [Double](repeating: 0, count: points.count)
        var isFound = [Int32](repeating: 0, count: points.count)
        GDALMessages(keepsWarnings: true).during {
            _ = GDALGenImgProjTransform(raw, 0, Int32(points.count), &x, &y, &z, &isFound)
        }
        return points.indices.filter { isFound[$0] != 0 && x[$0].isFinite && y[$0].isFinite && abs(y[$0]) <= 90.001 }
            .map { Footprint.Position(longitude: x[$0], latitude: y[$0]) }
    }
}
