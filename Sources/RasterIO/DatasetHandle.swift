import CGDAL

/// The one owner of an open dataset: closed when the owner goes.
///
/// Closing reports nothing here; a writer flushes first and checks the finished file afterwards.
final class DatasetHandle {
    let raw: GDALDatasetH

    /// Takes ownership.
    init(owning raw: GDALDatasetH) { self.raw = raw }

    deinit { GDALMessages().during { GDALClose(raw) } }

    var bandCount: Int { Int(GDALGetRasterCount(raw)) }

    /// - Precondition: `number` is one of the dataset's bands, from 1.
    func band(_ number: Int) -> GDALRasterBandH {
        guard let band = GDALGetRasterBand(raw, Int32(number)) else { preconditionFailure("no band \(number)") }
        return band
    }
}
