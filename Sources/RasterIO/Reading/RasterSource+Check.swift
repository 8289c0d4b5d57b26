import CGDAL
import FileIO

extension RasterSource {
    /// Looks at what would be opened before GDAL does: at the file, at those that GDAL reads beside it, and at those
    /// that a mosaic names.
    ///
    /// Nothing but regular files is opened, apart from GDAL's own paths: a pipe would be waited for without an end, and a
    /// device may do anything.
    ///
    /// - Throws: `.notAFile`; `.notAllowed` for what the access does not reach.
    func check() throws(RasterError) {
        var visited: Set<FileStatus.Identity> = []
        try check(path, namedBy: nil, visited: &visited)
    }

    /// - Parameter document: the mosaic that names the file; nil for the one that is opened.
    private func check(
        _ file: String, namedBy document: String?, visited: inout Set<FileStatus.Identity>
    ) throws(RasterError) {
        for place in Self.places(in: file) + Self.sidecars(of: file, isPart: document != nil) {
            if FileStatus(path: place)?.kind == .other { throw special(place, namedBy: document) }
        }
        if RemoteFile.isRemote(file), !reach.isUnlimited {
            try requireNoNames(besides: file)
            if FileName.pathExtension(of: file) == "vrt" { throw notAllowed("it is a mosaic in object storage") }
        }
        guard !file.hasPrefix("/vsi"), let status = FileStatus(path: file), status.kind == .file,
            visited.insert(status.identity).inserted
        else { return }
        if !reach.isUnlimited { try requireNoNames(besides: file) }
        guard let found = SourceDocument(path: file) else {
            if !reach.isUnlimited, status.size > SourceDocument.largestFile,
                FileName.pathExtension(of: file) == "vrt"
            {
                throw notAllowed("it is a mosaic of \(status.size >> 20) MiB, too long to look for what it names")
            }
            return
        }
        let folder = FileName.folder(of: file)
        for name in found.names {
            // Beside the mosaic or in the working folder, as it says; of both, what is there is looked at.
            let beside = name.text.hasPrefix("/") ? name.text : FileName.joined(folder, name.text)
            let places = beside == name.text || FileStatus(path: beside) == nil ? [name.text] : [beside, name.text]
            if !reach.isUnlimited { try requireAllowed(name, places[0], folder: folder, namedBy: file) }
            for place in places { try check(place, namedBy: file, visited: &visited) }
        }
    }

    /// Refuses files beside a raster that name what GDAL would open with it.
    private func requireNoNames(besides file: String) throws(RasterError) {
        for sidecar in [file + ".aux.xml", FileName.replacingExtension(of: file, by: "aux.xml")] {
            if RemoteFile.isRemote(sidecar) {
                do throws(FileError) {
                    _ = try RemoteFile.stamp(of: sidecar)
                } catch {
                    throw notAllowed("nobody can tell what \(sidecar) names (\(error.reason))")
                }
            }
            guard let name = SourceDocument(path: sidecar, isSidecar: true)?.names.first else { continue }
            throw notAllowed("\(sidecar) names \(name.text) as a part of it")
        }
    }

    /// - Parameter place: what the mosaic's text leads to.
    private func requireAllowed(
        _ name: SourceDocument.Name, _ place: String, folder: String, namedBy document: String
    ) throws(RasterError) {
        guard FileStatus(path: place)?.kind == .file else {
            throw notAllowed("\(document) names \(name.text), which is no local file, or not there")
        }
        if name.isRaw {
            let root = CanonicalPath.destination(of: folder)
            guard CanonicalPath.destination(of: place).hasPrefix(root == "/" ? root : root + "/") else {
                throw notAllowed("\(document) reads samples out of \(name.text), which is not in its own folder")
            }
            return
        }
        try requireFitting(place, namedBy: document)
    }

    /// Refuses a file whose content is in another format than its name promises.
    private func requireFitting(_ file: String, namedBy document: String?) throws(RasterError) {
        guard let drivers = reach.drivers(forEnding: FileName.pathExtension(of: file)),
            !RasterAccess.isOpened(file, by: drivers), let door = RasterAccess.door(of: file)
        else { return }
        let named = document.map { "\($0) names \(file), which" } ?? "its content"
        throw notAllowed("\(named) is of the format \(door), whatever its name says", driver: door)
    }

    /// The reason why a file that none of the allowed drivers opened was not opened; nil where no driver would.
    func refusal() -> RasterError? {
        guard !reach.isUnlimited else { return nil }
        do throws(RasterError) {
            try requireFitting(path, namedBy: nil)
            return nil
        } catch {
            return error
        }
    }

    /// The error about a raster that names more than it may.
    func notAllowed(_ reason: String, driver: String? = nil) -> RasterError {
        RasterError(
            .notAllowed, path: path,
            "cannot use \(path): \(reason), and a scene that is found in a folder may not reach that; "
                + "allow it with --allow-drivers \(driver ?? "all")")
    }

    private func special(_ place: String, namedBy document: String?) -> RasterError {
        let what = "a pipe, a device or a socket, and no regular file"
        let subject =
            place == path ? "it is \(what)" : "\(document.map { "\($0) names" } ?? "beside it is") \(place), \(what)"
        return RasterError(.notAFile, path: path, "cannot use \(path): \(subject); copy what it gives into a file")
    }

    /// The local paths that a name may lead to: itself, and the parts of names such as `NETCDF:"scene.nc":red` and
    /// `/vsigzip/scene.tif.gz`.
    private static func places(in name: String) -> [String] {
        guard name.utf8.count <= 8192 else { return [] }
        var places = [name]
        for separator in [":", "\"", "'"] as [Character] where name.contains(separator) {
            places += name.split(separator: separator).map(String.init)
            if let first = name.firstIndex(of: separator) { places.append(String(name[name.index(after: first)...])) }
        }
        var rest = name[...]
        while let start = rest.firstRange(of: "/vsi"), let slash = rest[start.upperBound...].firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
            places.append(String(rest))
        }
        if let query = name.firstIndex(of: "?") { places.append(String(name[..<query].replacing("vrt://", with: ""))) }
        return places
    }

    /// What GDAL reads beside a file without being asked to.
    ///
    /// - Parameter isPart: true for one of many files of a mosaic, of which only what is common is looked at.
    private static func sidecars(of file: String, isPart: Bool) -> [String] {
        guard !file.hasPrefix("/vsi") else { return [] }
        let stem = FileName.withoutExtension(file)
        let common = [".aux.xml", ".msk", ".ovr"].map { file + $0 }
        return isPart
            ? common
            : common + [file + ".aux", file + ".msk.ovr"]
                + [
                    "aux.xml", "aux", "tfw", "tifw", "tiffw", "wld", "prj", "hdr", "rpb", "imd", "til", "xml", "dbf",
                    "shx",
                    "cpg", "qix", "sbn", "sbx", "rrd", "ige", "j2w", "jp2w",
                ].flatMap { ["\(stem).\($0)", "\(stem).\($0.uppercased())"] } + ["\(stem)_rpc.txt", "\(stem)_RPC.TXT"]
    }
}
