// As in FileStatus.swift: which module owns `stat` depends on what was compiled before.
import CGDAL
import Glibc

/// Output files under way that belong together, as a Shapefile's do: written in a hidden folder beside the place where they
/// will be, and moved there when all are complete.
package final class StagedFolder {
    /// Where the output's main file will be.
    package let path: String
    /// Where it is written, under its own name, which some formats put into the file.
    package let stagingPath: String
    /// The folder of the outputs.
    package let folder: String
    private let hidden: String
    private let siblings: [String]
    private let suffixes: [String]
    private let overwrite: Bool
    private let name: String

    /// - Parameters:
    ///   - siblings: extensions, in place of the main file's own, of files that belong to the output.
    ///   - suffixes: what is appended to the main file's name by files that belong to the output.
    /// - Throws: `.outputExists`; `.cannotCreate` where the folder will not do.
    package init(
        path: String, siblings: [String] = [], suffixes: [String] = [], overwrite: Bool
    ) throws(RasterError) {
        // All that holds for the place of a raster holds here.
        let place = try StagedFile(path: path, overwrite: overwrite)
        folder = place.folder
        hidden = place.stagingPath + "d"
        name = String(path.split(separator: "/").last ?? "")
        stagingPath = hidden + "/" + name
        self.path = path
        self.siblings = siblings
        self.suffixes = suffixes
        self.overwrite = overwrite
        if !overwrite { for other in companions(of: path) where FileStatus.exists(other) { throw alreadyThere(other) } }
        for name in stagedNames { StagedOutputs.add(name) }
    }

    deinit { for name in stagedNames { StagedOutputs.remove(name) } }

    private var stagedNames: [String] { [stagingPath] + companions(of: stagingPath) + [hidden] }

    /// The files that may lie beside the main one.
    private func companions(of main: String) -> [String] {
        let stem = main.lastIndex(of: ".").map { String(main[...$0]) } ?? main + "."
        return siblings.map { stem + $0 } + suffixes.map { main + $0 }
    }

    /// Makes the hidden folder.
    ///
    /// - Throws: `.cannotCreate`, `.outOfSpace`.
    package func make() throws(RasterError) {
        guard mkdir(hidden, 0o777) != 0 else { return }
        throw failure("make a folder for", errno, .cannotCreate)
    }

    /// Moves the finished files to their place, the main one last, all bytes on the disk.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. What was moved is taken back then.
    package func publish() throws(RasterError) {
        let names = contents.filter { $0 != name }.sorted() + [name]
        for file in names { try flush(hidden + "/" + file) }
        if overwrite { for other in companions(of: path) { unlink(other) } }
        var moved: [String] = []
        do {
            for file in names {
                let target = path.dropLast(name.count) + file
                try move(from: hidden + "/" + file, to: String(target))
                moved.append(String(target))
            }
        } catch {
            for target in moved { unlink(target) }
            throw error
        }
        rmdir(hidden)
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }

    /// Removes what was staged, if anything.
    package func remove() {
        for file in contents { unlink(hidden + "/" + file) }
        rmdir(hidden)
    }

    /// Whether the disk has less room than `bytes` for this user.
    package func isOutOfSpace(forWriting bytes: Int) -> Bool {
        var status = statvfs()
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(bytes)
    }

    private var contents: [String] {
        let list = VSIReadDir(hidden)
        defer { CSLDestroy(list) }
        return CStringList.items(list).filter { $0 != "." && $0 != ".." }
    }

    private func move(from old: String, to new: String) throws(RasterError) {
        if !overwrite {
            // A hard link, unlike renaming, never replaces a file that another program made in the meantime.
            if link(old, new) == 0 {
                unlink(old)
                return
            }
            if errno == EEXIST || FileStatus.exists(new) { throw alreadyThere(new) }
        }
        guard rename(old, new) != 0 else { return }
        throw failure("rename the finished", errno, .writeFailed)
    }

    private func flush(_ file: String) throws(RasterError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("reopen the finished", errno, .writeFailed) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync the finished", errno, .writeFailed) }
    }

    private func failure(_ what: String, _ number: Int32, _ code: RasterError.Code) -> RasterError {
        .failed(to: what, path, number: number, code)
    }

    private func alreadyThere(_ file: String) -> RasterError {
        RasterError(.outputExists, path: path, "\(file) is there already; choose another name, or give --overwrite")
    }
}
