import Glibc

/// The steps by which what was staged gets its name: the bytes to the disk, the name, and the folder to the disk.
struct FilePlacement {
    /// The output, for messages.
    let path: String
    /// True if a file of the same name may be replaced.
    let overwrite: Bool

    /// Brings a staged file's bytes to the disk.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`.
    func flush(_ file: String) throws(FileError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("reopen", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", errno) }
    }

    /// Gives a staged file its name.
    ///
    /// - Throws: `.outputExists` where another program made a file of the name in the meantime; `.writeFailed`,
    ///   `.outOfSpace`.
    func move(from old: String, to new: String) throws(FileError) {
        if !overwrite {
            // A hard link, unlike renaming, never replaces a file.
            if link(old, new) == 0 {
                unlink(old)
                return
            }
            // Some file systems have no hard links.
            if errno == EEXIST || FileStatus.exists(new) { throw alreadyThere(new) }
        }
        guard rename(old, new) != 0 else { return }
        throw failure("rename", errno)
    }

    /// Brings the new names in a folder to the disk. Some file systems cannot, which is no reason to fail.
    static func flushNames(in folder: String) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The error about a file that is in the output's way.
    func alreadyThere(_ file: String) -> FileError {
        FileError(
            .outputExists, path: path, "it is there already", advice: "choose another name, or give --overwrite",
            message: "\(file) is there already; choose another name, or give --overwrite")
    }

    private func failure(_ doing: String, _ number: Int32) -> FileError {
        FileError(.writeFailed, doing + " the finished", path: path, number: number)
    }
}
