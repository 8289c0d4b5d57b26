import CGDAL
import FileIO
import TileGeometry

/// Rules about what a GeoTIFF says besides its pixels: where it lies, which pixels have no data, and what classes mean.
struct RasterContentRules {
    let raster: RasterReader
    let format: RasterFormat

    /// The most pixels on a side that are looked at.
    private static let sampleSide = 512

    func judge(_ found: inout Findings) {
        judgeSidecars(&found)
        judgePlace(&found)
        judgeNodata(&found)
        if raster.bands.count == 1, !raster.bands[0].sampleType.isFloatingPoint { judgeLegend(&found) }
    }

    private func judgeSidecars(_ found: inout Findings) {
        for (suffix, what) in [(".ovr", "overviews"), (".msk", "mask")] where FileStatus.exists(raster.path + suffix) {
            let text = "its \(what) are in a file of their own, \(raster.path)\(suffix)"
            if format == .cloudOptimized { found.error(text) } else { found.warn(text) }
        }
    }

    private func judgePlace(_ found: inout Findings) {
        let place = raster.spatialReference
        if place.geoTransform == nil, place.groundControlPoints.isEmpty, place.rationalPolynomials.isEmpty {
            found.warn("it does not say where it lies")
        } else if place.crs == nil, place.groundControlPointCRS == nil, place.rationalPolynomials.isEmpty {
            found.warn("it does not say in which coordinate system it lies")
        }
    }

    private func judgeNodata(_ found: inout Findings) {
        for band in raster.bands {
            guard let nodata = band.nodata, !band.sampleType.holds(nodata) else { continue }
            found.error("nodata value \(nodata) of band \(band.number) is no \(band.sampleType): no pixel can have it")
        }
        if !raster.marksInvalidPixels {
            found.warn("it does not say which pixels have no data: by a nodata value, a mask or an alpha band")
        }
    }

    /// Checks the legend. Classes may be described by names in the band's metadata, by category names, or by a colour
    /// table.
    private func judgeLegend(_ found: inout Findings) {
        let band = raster.dataset.band(1)
        let (categories, hasColors) = GDALMessages().during {
            (CStringList.items(GDALGetRasterCategoryNames(band)), GDALGetRasterColorTable(band) != nil)
        }
        let legend = raster.ownLegend(ofBand: 1)
        guard !legend.isEmpty || !categories.isEmpty || hasColors else { return }
        if legend.isEmpty && categories.isEmpty {
            found.warn("its classes have colours and no names")
        } else if categories.isEmpty {
            found.warn("the names of its classes are in the file, but not beside it, where GIS programs look for them")
        }
        if !hasColors, raster.bands[0].sampleType == .uint8 { found.warn("its classes have names and no colours") }
        judgeNames(legend, categories, &found)
        judgeValues(
            Set(legend.map(\.value) + categories.indices.filter { !categories[$0].isEmpty }), &found)
    }

    private func judgeNames(_ legend: [LegendEntry], _ categories: [String], _ found: inout Findings) {
        for entry in legend where !categories.isEmpty {
            let other = entry.value < categories.count ? categories[entry.value] : ""
            if other != entry.name {
                found.error("class \(entry.value) is \"\(entry.name)\" in the file and \"\(other)\" beside it")
            }
        }
        for entry in legend where legend.contains(where: { $0.name == entry.name && $0.value < entry.value }) {
            found.warn("\"\(entry.name)\" is the name of more than one class")
        }
        if let nodata = raster.bands[0].nodata, let entry = legend.first(where: { Double($0.value) == nodata }) {
            found.error("the nodata value \(entry.value) is that of a class too, \"\(entry.name)\"")
        }
    }

    /// Checks for means of class numbers, which are wrong or unknown classes. They would show first in the smallest
    /// overview.
    private func judgeValues(_ classes: Set<Int>, _ found: inout Findings) {
        guard !classes.isEmpty else { return }
        let values = GDALMessages().during { smallestImage() }
        let strangers = Set(values.map(Int.init)).subtracting(classes)
            .filter { raster.bands[0].nodata != Double($0) }.sorted()
        guard !strangers.isEmpty else { return }
        let list = strangers.prefix(5).map(String.init).joined(separator: ", ")
        found.error(
            "pixels of its smallest overview are of classes that have no name (\(list)\(strangers.count > 5 ? ", …" : ""))"
        )
    }

    /// Returns the pixels of the smallest overview, or of the raster if it has none, but at most some at the upper
    /// left.
    private func smallestImage() -> [UInt16] {
        let band = raster.dataset.band(1)
        let count = GDALGetOverviewCount(band)
        let image = count > 0 ? GDALGetOverview(band, count - 1) ?? band : band
        let width = min(Int(GDALGetRasterBandXSize(image)), Self.sampleSide)
        let height = min(Int(GDALGetRasterBandYSize(image)), Self.sampleSide)
        var values = [UInt16](repeating: 0, count: width * height)
        let status = GDALRasterIO(
            image, GF_Read, 0, 0, Int32(width), Int32(height), &values, Int32(width), Int32(height), GDT_UInt16, 0, 0)
        return status == CE_None ? values : []
    }
}

extension SampleType {
    /// Returns true if a sample can have this value.
    fileprivate func holds(_ value: Double) -> Bool {
        switch self {
        case .uint8: UInt8(exactly: value) != nil
        case .int8: Int8(exactly: value) != nil
        case .uint16: UInt16(exactly: value) != nil
        case .int16: Int16(exactly: value) != nil
        case .uint32: UInt32(exactly: value) != nil
        case .int32: Int32(exactly: value) != nil
        case .uint64: UInt64(exactly: value) != nil
        case .int64: Int64(exactly: value) != nil
        case .float16, .float32, .float64: true
        }
    }
}
