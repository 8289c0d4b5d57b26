import CGDAL
import FileIO
import Glibc

/// Files that GDAL reads and writes through `FileCall`, as Overtile's own code does, so that a `FileFault` strikes GDAL's
/// calls too.
///
/// A file system of GDAL's that a program brings along is known by how its paths begin; here that is a folder's own path.
/// It stays for as long as the process lives.
package enum GDALFiles {
    private struct File {
        let descriptor: Int32
        var isAtEnd = false
    }

    /// Takes over all files below a folder; GDAL's drivers must have been registered.
    package static func useFileCalls(below folder: String) {
        guard let calls = VSIAllocFilesystemPluginCallbacksStruct() else { return }
        defer { VSIFreeFilesystemPluginCallbacksStruct(calls) }
        // GDAL keeps the pointer, and hands the rest of a path on.
        let prefix = strdup(folder + "/")
        calls.pointee.pUserData = UnsafeMutableRawPointer(prefix)
        calls.pointee.stat = { prefix, name, place, _ in
            // GDAL's `struct stat64` is `struct stat` where files may be of any size.
            guard let place = UnsafeMutableRawPointer(place) else { return -1 }
            return stat(GDALFiles.path(prefix, name), place.assumingMemoryBound(to: Glibc.stat.self))
        }
        calls.pointee.unlink = { FileCall.unlink(GDALFiles.path($0, $1)) }
        calls.pointee.rename = { FileCall.rename(GDALFiles.path($0, $1), GDALFiles.path($0, $2)) }
        calls.pointee.mkdir = { prefix, name, _ in FileCall.makeFolder(GDALFiles.path(prefix, name)) }
        calls.pointee.rmdir = { FileCall.removeFolder(GDALFiles.path($0, $1)) }
        calls.pointee.read_dir = { prefix, name, _ in GDALFiles.names(GDALFiles.path(prefix, name)) }
        calls.pointee.open = { prefix, name, access in
            GDALFiles.open(GDALFiles.path(prefix, name), access.map { String(cString: $0) } ?? "r")
        }
        calls.pointee.tell = { vsi_l_offset(lseek(GDALFiles.file($0).pointee.descriptor, 0, SEEK_CUR)) }
        calls.pointee.seek = { handle, offset, whence in
            let file = GDALFiles.file(handle)
            file.pointee.isAtEnd = false
            return lseek(file.pointee.descriptor, Int(bitPattern: UInt(offset)), whence) < 0 ? -1 : 0
        }
        calls.pointee.read = { handle, bytes, size, count in
            let file = GDALFiles.file(handle)
            var done = 0
            while done < size * count {
                let now = FileCall.read(file.pointee.descriptor, bytes! + done, size * count - done)
                guard now > 0 else { break }
                done += now
            }
            file.pointee.isAtEnd = done < size * count
            return size == 0 ? 0 : done / size
        }
        calls.pointee.eof = { GDALFiles.file($0).pointee.isAtEnd ? 1 : 0 }
        calls.pointee.write = { handle, bytes, size, count in
            let all = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return FileCall.writeAll(GDALFiles.file(handle).pointee.descriptor, all) == 0 ? count : 0
        }
        calls.pointee.flush = { _ in 0 }
        calls.pointee.truncate = { FileCall.resize(GDALFiles.file($0).pointee.descriptor, Int($1)) }
        calls.pointee.close = { handle in
            let file = GDALFiles.file(handle)
            defer { file.deallocate() }
            return FileCall.close(file.pointee.descriptor)
        }
        VSIInstallPluginHandler(prefix, calls)
    }

    private static func path(_ prefix: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?) -> String {
        guard let prefix, let name else { return "" }
        return String(cString: prefix.assumingMemoryBound(to: CChar.self)) + String(cString: name)
    }

    private static func file(_ handle: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<File> {
        handle!.assumingMemoryBound(to: File.self)
    }

    private static func open(_ path: String, _ access: String) -> UnsafeMutableRawPointer? {
        let isUpdate = access.contains("+")
        let flags: Int32
        if access.hasPrefix("w") {
            flags = O_CREAT | O_TRUNC | (isUpdate ? O_RDWR : O_WRONLY)
        } else if access.hasPrefix("a") {
            flags = O_CREAT | O_APPEND | O_RDWR
        } else {
            flags = isUpdate ? O_RDWR : O_RDONLY
        }
        let descriptor = FileCall.open(path, flags)
        guard descriptor >= 0 else { return nil }
        guard FileStatus(descriptor: descriptor)?.kind == .file else {
            close(descriptor)
            return nil
        }
        let file = UnsafeMutablePointer<File>.allocate(capacity: 1)
        file.initialize(to: File(descriptor: descriptor))
        return UnsafeMutableRawPointer(file)
    }

    private static func names(_ path: String) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        while let entry = readdir(folder) {
            withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { names = CSLAddString(names, $0) }
            }
        }
        return names
    }
}
