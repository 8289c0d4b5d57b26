import CGDAL  // includes <sys/stat.h>: in a whole-module build, Swift takes it for where `stat` comes from
package import FileIO
import Foundation
import Glibc

/// Files in object storage, under GDAL's names for them: `/vsis3/bucket/mask.tif` and its kind. GDAL takes credentials and
/// servers from its settings and from the environment (GDAL, Virtual File Systems).
package enum RemoteFile {
    /// The systems that GDAL can write to, and whose files appear as a whole or not at all.
    private static let systems = ["/vsis3/", "/vsigs/", "/vsiaz/", "/vsiadls/", "/vsioss/", "/vsiswift/"]

    /// True for a path in object storage.
    package static func isRemote(_ path: String) -> Bool { systems.contains(where: path.hasPrefix) }

    /// True for a path that would be taken for those of several rasters: whoever named an object so may mean any of them.
    package static func isStack(_ path: String) -> Bool { path.contains(",") }

    /// True for a path in object storage, or of a file that any other server hands out.
    package static func isOnServer(_ path: String) -> Bool {
        isRemote(path) || ["/vsicurl/", "/vsicurl?", "/vsihdfs/", "/vsiwebhdfs/"].contains(where: path.hasPrefix)
    }

    /// Returns the bytes that a file has; nil where there is no such file.
    ///
    /// - Throws: as `stamp`.
    package static func size(of path: String) throws(FileError) -> Int? { try stamp(of: path)?.size }

    /// Returns size and time of a file, in whole seconds of the server's clock; nil where there is no such file.
    ///
    /// - Throws: `FileError` (`.readFailed`) where the server does not say.
    package static func stamp(of path: String) throws(FileError) -> FileStamp? {
        VSICurlPartialClearCache(path)
        if let stamp = look(at: path) { return stamp }
        // A look says nothing of a server that gives no answer, or refuses one: opening does.
        VSICurlPartialClearCache(path)
        VSIErrorReset()
        if let file = GDALMessages().during({ VSIFOpenExL(path, "rb", 1) }) {
            _ = VSIFCloseL(file)
            return look(at: path)
        }
        let number = Int(VSIGetLastErrorNo())
        let reason = GDALLibrary.oneLine(VSIGetLastErrorMsg())
        let isMissing =
            number == 0 || number == Int(VSIE_AWSObjectNotFound)
            || ["404", "NoSuchKey", "NotFound"].contains(where: reason.contains)
        guard !isMissing else { return nil }
        throw FileError(
            .readFailed, "look up", path: path, reason.isEmpty ? "the server gave no answer" : reason,
            advice: "look at bucket, credentials and network")
    }

    /// True for a file of which the server says that it is not there.
    package static func isGone(_ path: String) -> Bool {
        do { return try stamp(of: path) == nil } catch { return false }
    }

    private static func look(at path: String) -> FileStamp? {
        var status = stat()
        let isThere = withUnsafeMutablePointer(to: &status) { status in
            GDALMessages(keepsWarnings: true).during {
                VSIStatExL(path, OpaquePointer(status), Int32(VSI_STAT_SIZE_FLAG)) == 0
            }
        }
        guard isThere else { return nil }
        return FileStamp(size: Int(status.st_size), modified: Int(status.st_mtim.tv_sec) &* 1_000_000_000)
    }

    /// Writes a copy of a local file, and compares it with the file by size and SHA-256. Until it is complete, nothing has
    /// its name; what has its name already stays until then.
    ///
    /// - Parameter isCancelled: true to end early, between two attempts: a file that is cut cannot be kept from getting the name.
    /// - Throws: `FileError` (`.writeFailed`, `.readFailed`), `CancellationError`.
    package static func upload(
        _ local: String, to path: String, isCancelled: () -> Bool
    ) throws {
        for attempt in 0... {
            do throws(FileError) {
                if isCancelled() { break }
                let checksum = try copy(local, to: path)
                try require(path, FileStatus(path: local)?.size ?? 0, checksum)
                return
            } catch {
                // Servers that are busy, and networks that are down for a moment.
                guard attempt < pauses.count, !isCancelled() else { throw error }
                let unit = CPLAtof(CPLGetConfigOption("GDAL_HTTP_RETRY_DELAY", "1"))
                let end = ContinuousClock.now + .seconds(min(max(unit, 0), 60) * pauses[attempt])
                while ContinuousClock.now < end, !isCancelled() { usleep(50_000) }
            }
        }
        if isCancelled() { throw CancellationError() }
    }

    /// Writes a copy of a file onto this machine, where it has its name when it is complete.
    ///
    /// - Parameter mostBytes: the bytes that it may have.
    /// - Throws: `FileError` (`.readFailed`, `.cannotCreate`, `.writeFailed`).
    package static func download(_ path: String, to local: String, mostBytes: Int = .max) throws(FileError) {
        let messages = GDALMessages()
        func failure() -> FileError {
            FileError(
                .readFailed, "read", path: path, messages.reason(about: path, otherwise: "the server gave no reason"),
                advice: "look at bucket, credentials and network")
        }
        guard let size = try size(of: path), let source = messages.during({ VSIFOpenL(path, "rb") }) else {
            throw failure()
        }
        defer { _ = VSIFCloseL(source) }
        guard size <= mostBytes else {
            throw FileError(.readFailed, "read", path: path, "it has \(size) bytes, which no such file has")
        }
        let hidden = local + ".part"
        FileCall.unlink(hidden)
        let target = FileCall.open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        guard target >= 0 else { throw FileError(.cannotCreate, "make", path: hidden, number: errno) }
        defer {
            _ = FileCall.close(target)
            FileCall.unlink(hidden)
        }
        var (buffer, done) = ([UInt8](repeating: 0, count: bufferBytes), 0)
        while done < size {
            let count = messages.during { VSIFReadL(&buffer, 1, buffer.count, source) }
            guard count > 0 else { throw failure() }
            let number = buffer.withUnsafeBytes {
                FileCall.writeAll(target, UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            guard number == 0 else { throw FileError(.writeFailed, "write", path: hidden, number: number) }
            done += count
        }
        guard FileCall.rename(hidden, local) == 0 else {
            throw FileError(.cannotCreate, "make", path: local, number: errno)
        }
    }

    /// Gives a file another name, which on a server is a copy and a removal.
    ///
    /// - Throws: `FileError` (`.writeFailed`).
    package static func move(_ path: String, to target: String) throws(FileError) {
        let messages = GDALMessages()
        VSIErrorReset()
        guard messages.during({ VSIRename(path, target) }) == 0 else { throw failure(target, messages) }
    }

    /// Removes a file, if it is there.
    ///
    /// - Returns: false where it may not be removed.
    @discardableResult
    package static func remove(_ path: String) -> Bool { GDALMessages().during { VSIUnlink(path) == 0 } }

    /// The pauses before an upload is tried again, as multiples of the one that GDAL makes before it asks a busy server again
    /// (`GDAL_HTTP_RETRY_DELAY`, a second).
    private static let pauses = [1.0, 4, 15]

    private static let bufferBytes = 4 << 20

    /// - Returns: the SHA-256 of what was written.
    private static func copy(_ local: String, to path: String) throws(FileError) -> String {
        let source = FileCall.open(local, O_RDONLY)
        guard source >= 0 else { throw FileError(.readFailed, "open", path: local, number: errno) }
        defer { _ = FileCall.close(source) }
        let messages = GDALMessages()
        guard let target = messages.during({ VSIFOpenL(path, "wb") }) else { throw failure(path, messages) }
        /// Ends an upload that must not count.
        func abandon() {
            messages.during {
                VSIFCloseL(target)
                VSIUnlink(path)
            }
        }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: bufferBytes)
        var isWhole = true
        while true {
            let count = FileCall.read(source, &buffer, buffer.count)
            guard count >= 0 else {
                let number = errno
                abandon()
                throw FileError(.readFailed, "read", path: local, number: number)
            }
            if count == 0 { break }
            let written = messages.during { VSIFWriteL(buffer, 1, count, target) }
            buffer.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            isWhole = written == count
            if !isWhole { break }
        }
        // The end of a file is what makes it appear.
        guard messages.during({ VSIFCloseL(target) }) == 0, isWhole else { throw failure(path, messages) }
        return hash.finish()
    }

    /// Reads a copy back.
    private static func require(_ path: String, _ size: Int, _ checksum: String) throws(FileError) {
        guard let found = try self.size(of: path), found == size else {
            throw FileError(.writeFailed, "upload", path: path, "what arrived has another size")
        }
        let messages = GDALMessages()
        guard let file = messages.during({ VSIFOpenL(path, "rb") }) else {
            throw FileError(
                .readFailed, "read back", path: path, messages.reason(about: path, otherwise: "GDAL gives no reason"))
        }
        defer { _ = VSIFCloseL(file) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: bufferBytes)
        while true {
            let count = messages.during { VSIFReadL(&buffer, 1, buffer.count, file) }
            buffer.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            if count < buffer.count { break }
        }
        guard hash.finish() == checksum else {
            throw FileError(.writeFailed, "upload", path: path, "what arrived has other bytes")
        }
    }

    private static func failure(_ path: String, _ messages: GDALMessages) -> FileError {
        let text = GDALLibrary.oneLine(VSIGetLastErrorMsg())
        return FileError(
            .writeFailed, "upload", path: path,
            messages.reason(about: path, otherwise: text.isEmpty ? "the server gave no reason" : text),
            advice: "look at bucket, credentials and network")
    }
}

extension FileStamp {
    /// Looks up the stamp of a file on this machine or in object storage.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen.
    /// - Throws: `FileError` (`.readFailed`) where a server does not say.
    package static func stored(_ path: String) throws(FileError) -> FileStamp? {
        RemoteFile.isRemote(path) ? try RemoteFile.stamp(of: path) : FileStamp(path: path)
    }

    /// Looks up the stamp of a file on this machine or in object storage.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen, or a server does not say.
    package init?(stored path: String) {
        guard let stamp = try? Self.stored(path) else { return nil }
        self = stamp
    }

    /// Looks up the stamp of a scene: a file, or a folder with all that it holds; or an object.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen.
    package init?(storedScene path: String) {
        guard RemoteFile.isRemote(path) else {
            self.init(scene: path)
            return
        }
        self.init(stored: path)
    }
}
