import Glibc

/// The steps by which a staged file gets its name: flush its bytes to the disk, rename it, and flush the folder.
struct FilePlacement {
    /// The path of the output, for messages.
    let path: String
    /// True if a file of the same name may be replaced.
    let overwrite: Bool

    /// Flushes the bytes of a staged file to the disk.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`.
    func flush(_ file: String) throws(FileError) {
        let descriptor = FileCall.open(file, O_RDONLY)
        guard descriptor >= 0 else { throw failure("reopen", errno) }
        defer { close(descriptor) }
        guard FileCall.sync(descriptor) == 0 else { throw failure("sync", errno) }
    }

    /// Gives a staged file its name.
    ///
    /// - Throws: `.outputExists` if another program has made a file of the name in the meantime; `.writeFailed`,
    ///   `.outOfSpace`.
    func move(from old: String, to new: String) throws(FileError) {
        if !overwrite {
            // A hard link, unlike renaming, never replaces a file.
            if FileCall.link(old, new) == 0 {
                FileCall.unlink(old)
                return
            }
            // Some file systems have no hard links.
            if errno == EEXIST || FileStatus.exists(new) { throw alreadyThere(new) }
        }
        guard FileCall.rename(old, new) != 0 else { return }
        throw failure("rename", errno)
    }

    /// Flushes the new names in a folder to the disk. Some file systems cannot do that, which is no reason to fail.
    static func flushNames(in folder: String) {
        let descriptor = FileCall.open(folder, O_RDONLY)
        guard descriptor >= 0 else { return }
        _ = FileCall.sync(descriptor)
        close(descriptor)
    }

    /// Returns the error about a file that is in the way of the output.
    func alreadyThere(_ file: String) -> FileError {
        FileError(
            .outputExists, path: path, "it is there already", advice: "choose another name, or give --overwrite",
            message: "\(file) is there already; choose another name, or give --overwrite")
    }

    private func failure(_ doing: String, _ number: Int32) -> FileError {
        FileError(.writeFailed, doing + " the finished", path: path, number: number)
    }
}
