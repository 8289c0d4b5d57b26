import CGDAL
package import TileGeometry

/// One open raster, read window by window as float32 with a validity mask.
///
/// Open one reader for each thread that reads: an open dataset is not for two threads at once. When the pixels of a
/// small raster are wanted as a whole, read the window of its size.
package final class RasterReader: @unchecked Sendable {
    // Unchecked: a reader is handed from thread to thread and never used by two at a time; there is no lock.

    /// The raster, as it was named.
    package let path: String
    /// The size of the raster in pixels.
    package let size: PixelSize
    /// The bands, band 1 first, including alpha bands.
    package let bands: [RasterBand]
    /// The raster's place on the ground, as far as it says.
    package let spatialReference: SpatialReference
    /// GDAL's short name of the format: "GTiff", "VRT", "JP2OpenJPEG", …
    package let driverName: String
    /// The local files that the raster is made of, its own first: a mosaic's sources and all sidecars.
    package let files: [String]
    /// The raster's own metadata, default domain.
    package let metadata: [String: String]

    /// The user's nodata value for all bands, which replaces the file's own.
    private let nodata: Double?
    private let access: RasterAccess
    /// What GDAL opens in place of the path where the scene is made of several files.
    private let stack: RasterStack.Document?
    let dataset: DatasetHandle
    let masks: [RasterMask]
    /// The band whose zeros make a pixel transparent, counted from 1.
    let alphaBand: Int?
    let wideScratch = ScratchBuffer<Double>()
    let alphaScratch = ScratchBuffer<Float>()
    let sharedMaskScratch = ScratchBuffer<UInt8>()
    let bandMaskScratch = ScratchBuffer<UInt8>()

    /// Opens anything that GDAL does, `/vsi…` paths and subdatasets included, for reading only: nothing is written
    /// beside it. Local TIFFs, those that a mosaic names too, are looked through for missing blocks first.
    ///
    /// Several files with commas between them are the bands of one raster, and so are the files of a Sentinel-2 or
    /// Landsat product, which is named by its folder or archive.
    ///
    ///     let reader = try RasterReader(path: "B04.tif,B03.tif,B02.tif")
    ///
    /// - Parameters:
    ///   - nodata: the value that stands for no data in every band, in place of the file's own; NaN allowed.
    ///   - access: what may be opened.
    ///   - stack: what may be chosen where the raster is made of several files.
    /// - Throws: `.noSuchFile`, `.permissionDenied`, `.notAFile`, `.notARaster`; `.truncated` or `.damaged` for TIFFs that
    ///   are not all there; `.unsupported` for rasters of complex samples or without bands, and for files that do not lie
    ///   on each other; `.notAllowed` for what the access does not reach.
    package convenience init(
        path: String, nodata: Double? = nil, access: RasterAccess = .anything, stack: StackOptions = StackOptions()
    ) throws(RasterError) {
        var document: RasterStack.Document?
        if let files = try RasterStack(path: path, access: access, options: stack) {
            document = try files.document(resolution: stack.resolution)
        }
        try self.init(path: path, nodata: nodata, access: access, document: document)
    }

    private init(path: String, nodata: Double?, access: RasterAccess, document: RasterStack.Document?)
        throws(RasterError)
    {
        let source = RasterSource(path: path, access: access)
        let dataset: DatasetHandle
        if let document {
            dataset = try document.open(as: path)
        } else {
            try source.check()
            try TIFFCompleteness.require(path: path)
            dataset = try source.openChecked()
        }
        let messages = GDALMessages()
        var files: [String] = []
        if document != nil || !source.isVirtual {
            files = messages.during { () -> [String] in
                let list = GDALGetFileList(dataset.raw)
                defer { CSLDestroy(list) }
                return CStringList.items(list)
            }
            for file in files where file != path { try TIFFCompleteness.require(path: file) }
        }
        let size = PixelSize(
            width: Int(GDALGetRasterXSize(dataset.raw)), height: Int(GDALGetRasterYSize(dataset.raw)))
        guard dataset.bandCount > 0, size.width > 0, size.height > 0 else {
            throw Self.noPixels(path: path, dataset: dataset)
        }
        var bands: [RasterBand] = []
        var masks: [RasterMask] = []
        for number in 1...dataset.bandCount {
            let handle = dataset.band(number)
            let band = try messages.during { () throws(RasterError) in
                try RasterBand(number: number, handle: handle, nodata: nodata, path: path)
            }
            bands.append(band)
            masks.append(messages.during { RasterMask(handle, of: band, override: nodata) })
        }
        self.path = path
        self.size = size
        self.files = files + (document?.files ?? [])
        stack = document
        self.bands = bands
        self.masks = masks
        self.nodata = nodata
        self.access = access
        self.dataset = dataset
        alphaBand = bands.first(where: \.isAlpha)?.number
        spatialReference = messages.during { SpatialReference(dataset: dataset.raw) }
        driverName = GDALGetDriverShortName(GDALGetDatasetDriver(dataset.raw)).map { String(cString: $0) } ?? ""
        metadata = messages.during { CStringList.dictionary(GDALGetMetadata(dataset.raw, nil)) }
    }

    /// True if the raster says which of its pixels have data: by a nodata value, a mask or an alpha band.
    package var marksInvalidPixels: Bool {
        alphaBand != nil || masks.contains { $0.kind != .none || $0.nodata != nil }
            || bands.contains { $0.nodata != nil }
    }

    /// Opens another reader of the same raster, for another thread.
    ///
    /// - Throws: as `init`.
    package func reopened() throws(RasterError) -> RasterReader {
        try RasterReader(path: path, nodata: nodata, access: access, document: stack)
    }

    /// The named classes of a mask, by ascending value: as a writer of this module left them, or else as other programs
    /// do, in an attribute table or as category names. Empty where no class has a name.
    package func legend(ofBand number: Int) -> [LegendEntry] {
        let own = ownLegend(ofBand: number)
        let handle = dataset.band(number)
        return own.isEmpty ? GDALMessages().during { LegendEntry.readForeign(from: handle) } : own
    }

    /// The classes as `RasterWriter` leaves them in the file itself: names in the band's metadata, colours in its colour table.
    func ownLegend(ofBand number: Int) -> [LegendEntry] {
        let handle = dataset.band(number)
        return GDALMessages().during { LegendEntry.read(from: handle, metadata: bands[number - 1].metadata) }
    }

    /// The raster's metadata of a domain, such as "IMAGERY" or "IMAGE_STRUCTURE"; empty where it has none.
    package func metadata(inDomain domain: String) -> [String: String] {
        GDALMessages().during { CStringList.dictionary(GDALGetMetadata(dataset.raw, domain)) }
    }

    /// Returns the error about a container such as netCDF, which opens without bands and lists what could be opened
    /// instead.
    private static func noPixels(path: String, dataset: DatasetHandle) -> RasterError {
        let parts = GDALMessages().during { CStringList.dictionary(GDALGetMetadata(dataset.raw, "SUBDATASETS")) }
        guard let first = parts["SUBDATASET_1_NAME"] else {
            return RasterError(.unsupported, path: path, "cannot use \(path): it has no bands, or no pixels")
        }
        return RasterError(
            .unsupported, path: path,
            "cannot use \(path): it holds \(parts.count / 2) rasters; name one, such as \(first)")
    }
}
