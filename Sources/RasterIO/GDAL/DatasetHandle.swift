package import CGDAL

/// The one owner of an open dataset: closed when the owner goes, or earlier where the time of closing matters.
///
/// Closing reports nothing here; a writer flushes first and checks the finished file afterwards.
package final class DatasetHandle {
    /// GDAL's handle, of use until `close()`.
    package let raw: GDALDatasetH
    private var isOpen = true

    /// Takes ownership of an open dataset.
    package init(owning raw: GDALDatasetH) { self.raw = raw }

    /// Opens a GeoTIFF of this module's own, whose name is known and whose format need not be guessed.
    ///
    /// - Returns: nil where GDAL cannot; its reason goes to whoever collects its messages.
    init?(geoTIFF path: String, forUpdate isUpdate: Bool) {
        let flags = UInt32(GDAL_OF_RASTER | GDAL_OF_VERBOSE_ERROR | (isUpdate ? GDAL_OF_UPDATE : GDAL_OF_READONLY))
        let opened = CStringList(["GTiff"]).withUnsafeConstant { GDALOpenEx(path, flags, $0, nil, nil) }
        guard let opened else { return nil }
        raw = opened
    }

    deinit { close() }

    /// Closes the dataset now; `raw` and its bands are of no use afterwards.
    package func close(reportingTo messages: GDALMessages = GDALMessages()) {
        guard isOpen else { return }
        isOpen = false
        messages.during { GDALClose(raw) }
    }

    var bandCount: Int { Int(GDALGetRasterCount(raw)) }

    /// Returns a band of the dataset.
    ///
    /// - Precondition: `number` is one of the dataset's bands, from 1.
    func band(_ number: Int) -> GDALRasterBandH {
        guard let band = GDALGetRasterBand(raw, Int32(number)) else { preconditionFailure("no band \(number)") }
        return band
    }
}
