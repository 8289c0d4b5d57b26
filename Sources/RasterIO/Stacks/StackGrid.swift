import TileGeometry

/// The pixels that all bands of a stack are laid on: the area of the first band, in pixels of the wanted size.
struct StackGrid {
    let size: PixelSize
    let reference: SpatialReference
    private let path: String
    private let first: RasterReader

    /// Where a raster lies on the grid, in pixels of it.
    struct Place: Equatable {
        var source: PixelSize
        var x: Double
        var y: Double
        var width: Double
        var height: Double

        /// The way in which other pixels are made of the raster's; nil where they are the same.
        var resampling: String? {
            let ratio = max(width / Double(source.width), height / Double(source.height))
            if ratio > 1.0001 { return "bilinear" }
            return ratio < 0.9999 ? "average" : nil
        }

        /// The XML of a source at this place.
        ///
        /// - Parameter isMask: true for a band that says which pixels have data, whose values are not to be mixed.
        func source(_ path: String, band: String, isMask: Bool = false) -> String {
            let method = resampling.map { " resampling=\"\(isMask ? "nearest" : $0)\"" } ?? ""
            return "<SimpleSource\(method)><SourceFilename relativeToVRT=\"0\" shared=\"0\">\(XMLText.escaped(path))"
                + "</SourceFilename><SourceBand>\(band)</SourceBand>"
                + "<SrcRect xOff=\"0\" yOff=\"0\" xSize=\"\(source.width)\" ySize=\"\(source.height)\"/>"
                + "<DstRect xOff=\"\(x)\" yOff=\"\(y)\" xSize=\"\(width)\" ySize=\"\(height)\"/></SimpleSource>"
        }
    }

    /// - Parameter path: the stack's name, for messages.
    /// - Throws: `.unsupported` for pixels of a size that cannot be.
    init(_ rasters: [RasterReader], resolution: StackResolution, of path: String) throws(RasterError) {
        self.path = path
        first = rasters[0]
        var steps: (x: Double, y: Double)?
        let transforms = rasters.compactMap(\.spatialReference.geoTransform)
        switch resolution {
        case .first: break
        case .finest: steps = transforms.map(\.steps).min { abs($0.x) < abs($1.x) }
        case .coarsest: steps = transforms.map(\.steps).max { abs($0.x) < abs($1.x) }
        case .size(let side): steps = (side, side)
        }
        guard let steps else {
            (size, reference) = (first.size, first.spatialReference)
            return
        }
        guard let own = first.spatialReference.geoTransform, own.isUpright else {
            throw RasterError(
                .unsupported, path: path,
                "cannot lay \(path) on other pixels: \(first.path) has no upright geotransform; leave --stack-resolution out"
            )
        }
        let (width, height) = (
            Double(first.size.width) * abs(own.columnX), Double(first.size.height) * abs(own.rowY)
        )
        let (columns, rows) = ((width / abs(steps.x)).rounded(), (height / abs(steps.y)).rounded())
        guard columns >= 1, rows >= 1, columns < Double(Int32.max), rows < Double(Int32.max) else {
            throw RasterError(
                .unsupported, path: path,
                "cannot lay \(path) on pixels of \(abs(steps.x)): it covers \(width) x \(height): choose another size")
        }
        size = PixelSize(width: Int(columns), height: Int(rows))
        var reference = first.spatialReference
        reference.geoTransform?.columnX = own.columnX < 0 ? -abs(steps.x) : abs(steps.x)
        reference.geoTransform?.rowY = own.rowY < 0 ? -abs(steps.y) : abs(steps.y)
        self.reference = reference
    }

    /// Lays a raster on the grid.
    ///
    /// - Throws: `.unsupported` where it lies elsewhere, in another system, or nobody knows where.
    func place(of raster: RasterReader) throws(RasterError) -> Place {
        let (mine, theirs) = (raster.spatialReference, reference)
        func refusal(_ why: String) -> RasterError {
            RasterError(
                .unsupported, path: path,
                "cannot take \(raster.path) and \(first.path) for one scene: \(why); bring them onto one grid with gdalwarp"
            )
        }
        if let system = mine.system, let other = theirs.system, !system.isEquivalent(to: other) {
            throw refusal("they have different coordinate systems")
        }
        guard let own = mine.geoTransform, let grid = theirs.geoTransform else {
            guard raster.size == size, mine.geoTransform == nil || theirs.geoTransform == nil else {
                throw refusal("one does not say where it lies, and their sizes differ")
            }
            return plain(raster)
        }
        guard own.isUpright, grid.isUpright else {
            guard raster.size == size, own == grid else { throw refusal("they are turned, and differ") }
            return plain(raster)
        }
        let place = Place(
            source: raster.size, x: (own.originX - grid.originX) / grid.columnX,
            y: (own.originY - grid.originY) / grid.rowY,
            width: Double(raster.size.width) * own.columnX / grid.columnX,
            height: Double(raster.size.height) * own.rowY / grid.rowY)
        // Bands of one scene may end a pixel of the coarser one apart.
        let slack = (
            max(1, abs(own.columnX / grid.columnX)) + 0.01, max(1, abs(own.rowY / grid.rowY)) + 0.01
        )
        let ends = [
            (place.x, slack.0), (place.x + place.width - Double(size.width), slack.0), (place.y, slack.1),
            (place.y + place.height - Double(size.height), slack.1),
        ]
        guard ends.allSatisfy({ abs($0) <= $1 }), place.width > 0, place.height > 0 else {
            throw refusal("they cover different areas")
        }
        return place
    }

    private func plain(_ raster: RasterReader) -> Place {
        Place(
            source: raster.size, x: 0, y: 0, width: Double(raster.size.width), height: Double(raster.size.height))
    }
}

extension GeoTransform {
    /// True if columns run along x and rows along y, and a pixel has an area.
    fileprivate var isUpright: Bool { isAxisAligned && columnX != 0 && rowY != 0 }

    fileprivate var steps: (x: Double, y: Double) { (columnX, rowY) }
}
