import CGDAL

/// The step from a finished GeoTIFF to a cloud-optimised one: GDAL's driver for these only copies, as what stands first
/// in such a file is known last.
struct CloudOptimizedCopy {
    /// A closed GeoTIFF, which is given overviews.
    let draft: String
    /// The path of the copy.
    let target: String
    let options: RasterWriter.Options

    /// Makes the copy, block by block: neither its memory nor its bytes depend on how many threads compress.
    ///
    /// - Parameter isStopped: asked now and then; true gives the copy up.
    /// - Returns: false where GDAL failed, with reasons in `messages`, or where it was stopped.
    func write(reportingTo messages: GDALMessages, isStopped: @escaping () -> Bool) -> Bool {
        if let method = options.pyramid {
            guard
                OverviewPyramid(path: draft, method: method, sampleType: options.sampleType)
                    .build(reportingTo: messages, isStopped: isStopped)
            else { return false }
        }
        return messages.during { copy(Stop(isStopped)) } && messages.failures.isEmpty
    }

    private func copy(_ stop: Stop) -> Bool {
        guard let driver = GDALGetDriverByName(RasterFormat.cloudOptimized.rawValue),
            let source = DatasetHandle(geoTIFF: draft, forUpdate: false)
        else { return false }
        let result = CStringList(options.copyItems).withUnsafe { items in
            withExtendedLifetime(stop) {
                GDALCreateCopy(
                    driver, target, source.raw, 0, items,
                    { _, _, context in
                        guard let context else { return 1 }
                        return Unmanaged<Stop>.fromOpaque(context).takeUnretainedValue().isStopped() ? 0 : 1
                    }, Unmanaged.passUnretained(stop).toOpaque())
            }
        }
        guard let result else { return false }
        // Much is written only now; closing itself reports nothing.
        GDALFlushCache(result)
        GDALClose(result)
        return true
    }

    /// The context of GDAL's progress function.
    private final class Stop {
        let isStopped: () -> Bool

        init(_ isStopped: @escaping () -> Bool) { self.isStopped = isStopped }
    }
}
