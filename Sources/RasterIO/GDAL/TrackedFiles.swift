import CGDAL
import FileIO
import Glibc
import Synchronization

/// Files that GDAL's drivers read and write through `FileCall`, where what fails is kept in mind.
///
/// Drivers do not look at everything that they write: that of Shapefiles ends well where a full disk has swallowed half of
/// a table, and what only closing a file shows, few of them notice. Whoever writes by way of here asks for failures at
/// the end.
///
/// GDAL knows such files by how their paths begin (`VSIInstallPluginHandler`).
package enum TrackedFiles {
    /// What the paths begin with that GDAL is given. GDAL's own file systems begin with `/vsi`; drivers take these files for
    /// what they are, local ones.
    static let prefix = "/overtile-output"

    /// The first failure of each file.
    private static let failures = Mutex<[String: Int32]>([:])

    private static let installed: Void = takeOver(prefix: prefix, place: "")

    /// Returns the path by which GDAL is to know a local file.
    package static func path(_ path: String) -> String {
        installed
        return prefix + CanonicalPath.named(path)
    }

    /// Returns the system's number of a failure among the files of a folder, and forgets it; nil where all went well.
    package static func takeFailure(in folder: String) -> Int32? {
        let beginning = CanonicalPath.named(folder) + "/"
        return failures.withLock { failures in
            let paths = failures.keys.filter { $0.hasPrefix(beginning) }
            return paths.compactMap { failures.removeValue(forKey: $0) }.first
        }
    }

    /// Takes over all files below a folder, whoever opens them: for tests, where faults are to strike GDAL's calls too.
    package static func takeOver(below folder: String) {
        GDALLibrary.prepare()
        takeOver(prefix: folder + "/", place: folder + "/")
    }

    /// Has GDAL come here with paths that begin like this; they lie at `place`. There is no way back.
    private static func takeOver(prefix: String, place: String) {
        guard let calls = VSIAllocFilesystemPluginCallbacksStruct() else { return }
        defer { VSIFreeFilesystemPluginCallbacksStruct(calls) }
        // GDAL keeps both pointers, and hands over the rest of a path.
        calls.pointee.pUserData = UnsafeMutableRawPointer(strdup(place))
        let prefix = strdup(prefix)
        calls.pointee.stat = { place, name, status, _ in
            // GDAL's `struct stat64` is `struct stat` where files may be of any size.
            guard let status = UnsafeMutableRawPointer(status) else { return -1 }
            return stat(TrackedFiles.path(place, name), status.assumingMemoryBound(to: Glibc.stat.self))
        }
        calls.pointee.unlink = { FileCall.unlink(TrackedFiles.path($0, $1)) }
        calls.pointee.rename = { place, old, new in
            let path = TrackedFiles.path(place, new)
            return TrackedFiles.note(FileCall.rename(TrackedFiles.path(place, old), path), path)
        }
        calls.pointee.mkdir = { place, name, _ in FileCall.makeFolder(TrackedFiles.path(place, name)) }
        calls.pointee.rmdir = { FileCall.removeFolder(TrackedFiles.path($0, $1)) }
        calls.pointee.read_dir = { place, name, _ in TrackedFiles.names(TrackedFiles.path(place, name)) }
        calls.pointee.open = { place, name, access in
            let file = TrackedFile(TrackedFiles.path(place, name), access: access.map { String(cString: $0) } ?? "r")
            return file.map { Unmanaged.passRetained($0).toOpaque() }
        }
        calls.pointee.tell = { vsi_l_offset(TrackedFiles.file($0).position) }
        calls.pointee.seek = { TrackedFiles.file($0).seek(Int(bitPattern: UInt($1)), $2) }
        calls.pointee.read = { handle, bytes, size, count in
            guard size > 0, let bytes else { return 0 }
            return TrackedFiles.file(handle).read(into: bytes, size * count) / size
        }
        calls.pointee.eof = { TrackedFiles.file($0).isAtEnd ? 1 : 0 }
        calls.pointee.write = { handle, bytes, size, count in
            let all = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return TrackedFiles.file(handle).write(all) ? count : 0
        }
        calls.pointee.flush = { TrackedFiles.file($0).flush() ? 0 : -1 }
        calls.pointee.truncate = { TrackedFiles.file($0).resize(Int($1)) ? 0 : -1 }
        calls.pointee.close = { handle in
            guard let handle else { return -1 }
            return Unmanaged<TrackedFile>.fromOpaque(handle).takeRetainedValue().close() ? 0 : -1
        }
        VSIInstallPluginHandler(prefix, calls)
    }

    /// Keeps the reason in `errno` in mind where a call has failed.
    @discardableResult
    fileprivate static func note<Result: SignedInteger>(_ result: Result, _ path: String) -> Result {
        guard result < 0 else { return result }
        let number = errno
        failures.withLock { $0[path] = $0[path] ?? number }
        errno = number
        return result
    }

    private static func path(_ place: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?) -> String {
        guard let place, let name else { return "" }
        return String(cString: place.assumingMemoryBound(to: CChar.self)) + String(cString: name)
    }

    private static func file(_ handle: UnsafeMutableRawPointer?) -> TrackedFile {
        guard let handle else { preconditionFailure("GDAL hands over what it was given") }
        return Unmanaged<TrackedFile>.fromOpaque(handle).takeUnretainedValue()
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

/// An open file of GDAL's. What is written one piece after the other goes to the system together.
private final class TrackedFile {
    private(set) var position = 0
    private(set) var isAtEnd = false
    private let descriptor: Int32
    private let path: String
    /// The bytes that are not yet written, and the place in the file where they belong.
    private var pending: [UInt8] = []
    private var pendingStart = 0

    private static let mostPending = 1 << 16

    init?(_ path: String, access: String) {
        let isUpdate = access.contains("+")
        let flags: Int32
        if access.hasPrefix("w") {
            flags = O_CREAT | O_TRUNC | (isUpdate ? O_RDWR : O_WRONLY)
        } else if access.hasPrefix("a") {
            flags = O_CREAT | O_RDWR
        } else {
            flags = isUpdate ? O_RDWR : O_RDONLY
        }
        descriptor = FileCall.open(path, flags)
        self.path = path
        guard descriptor >= 0 else {
            // Drivers look for files that need not be there.
            if flags & O_CREAT != 0 { TrackedFiles.note(descriptor, path) }
            return nil
        }
        guard let status = FileStatus(descriptor: descriptor), status.kind == .file else {
            Glibc.close(descriptor)
            return nil
        }
        if access.hasPrefix("a") { position = status.size }
    }

    func seek(_ offset: Int, _ origin: Int32) -> Int32 {
        isAtEnd = false
        var base = origin == SEEK_CUR ? position : 0
        if origin == SEEK_END { base = max(FileStatus(descriptor: descriptor)?.size ?? 0, pendingEnd) }
        let (place, isTooFar) = base.addingReportingOverflow(offset)
        guard !isTooFar, place >= 0 else { return -1 }
        position = place
        return 0
    }

    private var pendingEnd: Int { pending.isEmpty ? 0 : pendingStart + pending.count }

    func read(into bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        guard flush() else { return 0 }
        var done = 0
        while done < count {
            let now = TrackedFiles.note(
                FileCall.read(descriptor, bytes + done, count - done, at: position), path)
            guard now > 0 else { break }
            done += now
            position += now
        }
        isAtEnd = done < count
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if position != pendingEnd || pending.count + bytes.count > Self.mostPending {
            guard flush() else { return false }
        }
        if pending.isEmpty { pendingStart = position }
        if bytes.count > Self.mostPending {
            guard put(bytes) else { return false }
        } else {
            pending.append(contentsOf: bytes)
        }
        position += bytes.count
        return true
    }

    /// Hands what is pending to the system. What that does not take is lost.
    func flush() -> Bool {
        guard !pending.isEmpty else { return true }
        defer { pending.removeAll(keepingCapacity: true) }
        return pending.withUnsafeBytes(put)
    }

    private func put(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            var place = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress.map { $0 + done }),
                iov_len: bytes.count - done)
            let now = TrackedFiles.note(FileCall.write(descriptor, &place, 1, at: pendingStart + done), path)
            guard now > 0 else { return false }
            done += now
        }
        return true
    }

    func resize(_ count: Int) -> Bool { flush() && TrackedFiles.note(FileCall.resize(descriptor, count), path) == 0 }

    func close() -> Bool {
        let isWritten = flush()
        return TrackedFiles.note(FileCall.close(descriptor), path) == 0 && isWritten
    }
}
