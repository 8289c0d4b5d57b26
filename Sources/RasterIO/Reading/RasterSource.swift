import CGDAL
import FileIO
import Glibc

/// A path that is to be opened for reading. It tells failures of the path itself from those of the format.
package struct RasterSource {
    /// The kind of data that is expected under the path.
    package enum Kind: String {
        case raster, vector

        fileprivate var flag: Int32 { self == .raster ? GDAL_OF_RASTER : GDAL_OF_VECTOR }
        fileprivate var noun: String { self == .raster ? "a raster" : "a vector file" }
        fileprivate var tool: String { self == .raster ? "gdalinfo" : "ogrinfo" }
    }

    let path: String
    let kind: Kind
    /// What may be opened under it.
    let reach: RasterAccess

    /// Takes a path as it was named; nothing is opened.
    package init(path: String, kind: Kind = .raster, access: RasterAccess = .anything) {
        self.path = path
        self.kind = kind
        self.reach = access
    }

    /// True if GDAL, not the system, reads the path: archives, networks, memory.
    var isVirtual: Bool { path.hasPrefix("/vsi") }

    /// True if the path names something inside a file, such as `NETCDF:"scene.nc":red`.
    private var isConnection: Bool {
        guard let colon = path.firstIndex(of: ":") else { return false }
        return path[..<colon].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// Opens what is under the path, for reading only.
    ///
    /// - Throws: `.noSuchFile`, `.permissionDenied` or `.notARaster`; `.notAFile` and `.notAllowed` as `check`.
    package func open() throws(RasterError) -> DatasetHandle {
        try check()
        return try openChecked()
    }

    /// Opens what `check` has passed.
    ///
    /// - Throws: `.noSuchFile`, `.permissionDenied` or `.notARaster`; `.notAllowed`.
    func openChecked() throws(RasterError) -> DatasetHandle {
        guard !path.isEmpty else {
            throw RasterError(.badArgument, path: path, "the path of the \(kind.rawValue) is empty")
        }
        let messages = GDALMessages()
        let flags = UInt32(kind.flag | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR)
        let drivers = CStringList(reach.drivers(forEnding: FileName.pathExtension(of: path)) ?? [])
        let handle = messages.during { drivers.withUnsafeConstant { GDALOpenEx(path, flags, $0, nil, nil) } }
        guard let handle else { throw refusal() ?? whyNot(messages) }
        let dataset = DatasetHandle(owning: handle)
        // Before anything looks for overviews, which a file may say lie elsewhere.
        let overviews = reach.isUnlimited ? nil : GDALGetMetadataItem(handle, "OVERVIEW_FILE", "OVERVIEWS")
        if let overviews { throw notAllowed("it names \(String(cString: overviews)) as its overviews") }
        return dataset
    }

    private func whyNot(_ messages: GDALMessages) -> RasterError {
        if isVirtual { return whyNotVirtual(messages) }
        guard let status = FileStatus(path: path) else {
            let number = errno
            if number == EACCES { return forbidden("a folder on its way may not be entered") }
            return isConnection ? notARaster(messages) : missing(String(cString: strerror(number)))
        }
        switch status.kind {
        case .file:
            if status.size == 0 {
                return RasterError(
                    .truncated, path: path, "\(path) is empty (0 bytes), as after a failed copy; copy it again")
            }
            if access(path, R_OK) != 0 { return forbidden("this user may not read it") }
        case .folder:
            return RasterError(
                .notARaster, path: path, "\(path) is a folder, and not \(kind.noun) as a whole; name a file in it")
        case .other: break
        }
        return notARaster(messages)
    }

    private func whyNotVirtual(_ messages: GDALMessages) -> RasterError {
        let reason = messages.reason(about: path, otherwise: "there is no such file")
        if messages.contains(
            Int(CPLE_AWSAccessDenied), Int(CPLE_AWSInvalidCredentials), Int(CPLE_AWSSignatureDoesNotMatch))
            || reason.hasSuffix("403") || reason.hasSuffix("401")
        {
            return forbidden(reason)
        }
        return existsVirtually ? notARaster(messages) : missing(reason)
    }

    /// True if GDAL finds anything under the path. Its stat64, which Swift does not import, is the same as `stat` where a
    /// file offset has 64 bits.
    private var existsVirtually: Bool {
        var status = stat()
        return withUnsafeMutablePointer(to: &status) { status in
            GDALMessages().during { VSIStatExL(path, OpaquePointer(status), VSI_STAT_EXISTS_FLAG) == 0 }
        }
    }

    private func missing(_ reason: String) -> RasterError {
        RasterError(.noSuchFile, path: path, "cannot open \(path): \(reason); check the path")
    }

    private func forbidden(_ reason: String) -> RasterError {
        RasterError(.permissionDenied, path: path, "cannot open \(path): \(reason); ask for access to it")
    }

    private func notARaster(_ messages: GDALMessages) -> RasterError {
        let reason = messages.reason(about: path, otherwise: "no driver of GDAL's recognises it")
        return RasterError(
            .notARaster, path: path,
            "\(path) is not \(kind.noun) that GDAL can open: \(reason); check it with \(kind.tool)")
    }
}
