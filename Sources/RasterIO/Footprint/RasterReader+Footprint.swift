import CGDAL
import TileGeometry

extension RasterReader {
    /// Cells on a side of the grid on which data is looked for.
    private static let footprintCells = 512

    /// The ground under the pixels of band 1 that have data: their convex hull, through the geotransform, the ground
    /// control points or the rational polynomials. To within a 512th of the raster's sides.
    ///
    /// - Returns: nil where the raster does not say where it lies, or has no pixel with data.
    /// - Throws: `.readFailed`.
    public func footprint() throws(RasterError) -> Footprint? {
        guard let transformer = GeographicTransformer(of: dataset) else { return nil }
        let grid = PixelSize(
            width: min(size.width, Self.footprintCells), height: min(size.height, Self.footprintCells))
        let outline = ValidOutline(validity: try reducedValidity(grid), grid: grid, of: size)
        return Footprint(outline: transformer.positions(of: outline.points))
    }

    /// Of the pixel at the centre of each cell of a coarser grid over the raster; of its overviews where it has some.
    private func reducedValidity(_ grid: PixelSize) throws(RasterError) -> [UInt8] {
        var validity = [UInt8](repeating: 0, count: grid.area)
        let messages = GDALMessages()
        let status = messages.during { () -> CPLErr in
            guard let mask = GDALGetMaskBand(dataset.band(1)) else { return CE_Failure }
            return GDALRasterIO(
                mask, GF_Read, 0, 0, Int32(size.width), Int32(size.height), &validity, Int32(grid.width),
                Int32(grid.height), GDT_Byte, 0, 0)
        }
        guard status == CE_None else {
            let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
            throw RasterError(.readFailed, path: path, "cannot read the mask of \(path): \(reason)")
        }
        return validity
    }
}
