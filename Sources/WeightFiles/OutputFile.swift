import Glibc
package import StoredTensors

/// A file under way: written under a hidden name in its own folder, and renamed when it is complete.
package final class OutputFile {
    private let path: String
    private let folder: String
    private let stagingPath: String
    private let overwrite: Bool
    private let descriptor: Int32
    /// Whether there is nothing under the hidden name any more.
    private var isGone = false

    /// - Throws: `outputExists`; `cannotCreate` where the path names no file, is a folder, or the folder will not do.
    package init(path: String, overwrite: Bool) throws(ModelFileError) {
        let slash = path.lastIndex(of: "/")
        let name = String(slash.map { path[path.index(after: $0)...] } ?? path[...])
        guard !name.isEmpty, name != ".", name != ".." else {
            throw ModelFileError(.cannotCreate, path: path, "cannot be created: it does not name a file")
        }
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var short = name
        while short.utf8.count > 150 { short.removeLast() }  // names end at 255 bytes
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        stagingPath = "\(folder)/.\(short).overtile-\(getpid())-\(random)"
        self.path = path
        self.overwrite = overwrite

        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw ModelFileError(.cannotCreate, path: path, "cannot be created: it is a folder")
            }
            guard overwrite else { throw Self.alreadyThere(path) }
        }
        descriptor = open(stagingPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw ModelFileError(
                .cannotCreate, path: path, "cannot be created in the folder \(folder) (\(reason)): choose another")
        }
    }

    deinit { close(descriptor) }

    /// Writes the elements as they lie in memory.
    ///
    /// - Throws: `writeFailed`.
    package func write<Element: BitwiseCopyable>(_ elements: [Element]) throws(ModelFileError) {
        try elements.span.bytes.withUnsafeBytes { (bytes) throws(ModelFileError) in try write(bytes) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ModelFileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw failure("written", errno) }
            rest = rest.dropFirst(written)
        }
    }

    /// Makes the file appear under its name, all bytes on the disk.
    ///
    /// - Throws: `writeFailed`; `outputExists` where another program made the file in the meantime.
    package func publish() throws(ModelFileError) {
        guard fsync(descriptor) == 0 else { throw failure("written", errno) }
        // A hard link, unlike renaming, never replaces a file. Some file systems have none.
        if !overwrite, link(stagingPath, path) == 0 {
            remove()
        } else {
            let isTaken = !overwrite && (errno == EEXIST || access(path, F_OK) == 0)
            guard !isTaken else { throw Self.alreadyThere(path) }
            guard rename(stagingPath, path) == 0 else { throw failure("renamed to its name", errno) }
            isGone = true
        }
        // The new name itself is in the folder; some file systems cannot sync one, which is no reason to fail.
        let folder = open(folder, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Removes what was written under the hidden name, if it is still there.
    package func remove() {
        guard !isGone else { return }
        unlink(stagingPath)
        isGone = true
    }

    private func failure(_ what: String, _ number: Int32) -> ModelFileError {
        let isFull = number == ENOSPC || number == EDQUOT
        return ModelFileError(
            .writeFailed, path: path,
            "cannot be \(what): \(String(cString: strerror(number)))"
                + (isFull ? "; make room and run again" : ""))
    }

    private static func alreadyThere(_ path: String) -> ModelFileError {
        ModelFileError(.outputExists, path: path, "is there already: choose another name, or ask to overwrite it")
    }
}
