import Foundation
import Glibc

/// Output files under way that belong together, as a Shapefile's do: written in a hidden folder beside the place where they
/// will be, and moved there when all are complete.
package final class StagedFolder: StagedOutput {
    /// Where the output's main file will be.
    package let path: String
    /// Where it is written, under its own name, which some formats put into the file.
    package let stagingPath: String
    /// The folder of the outputs.
    package let folder: String
    private let hidden: String
    private let siblings: [String]
    private let suffixes: [String]
    private let placement: FilePlacement
    private let name: String

    /// Chooses the hidden folder's name; makes nothing.
    ///
    /// - Parameters:
    ///   - siblings: extensions, in place of the main file's own, of files that belong to the output.
    ///   - suffixes: what is appended to the main file's name by files that belong to the output.
    ///   - overwrite: true if files of the same names may be replaced.
    /// - Throws: `.outputExists`; `.cannotCreate` where the path or the folder will not do.
    package init(
        path: String, siblings: [String] = [], suffixes: [String] = [], overwrite: Bool
    ) throws(FileError) {
        // All that holds for the place of a single file holds here.
        let place = try StagedFile(path: path, overwrite: overwrite)
        folder = place.folder
        hidden = place.stagingPath + "d"
        name = FileName.last(of: path)
        stagingPath = hidden + "/" + name
        self.path = path
        self.siblings = siblings
        self.suffixes = suffixes
        placement = FilePlacement(path: path, overwrite: overwrite)
        if !overwrite {
            for other in companions where FileStatus.exists(other) { throw placement.alreadyThere(other) }
        }
        for name in stagedNames { StagedOutputs.add(name) }
    }

    deinit { for name in stagedNames { StagedOutputs.remove(name) } }

    private var stagedNames: [String] { [stagingPath] + names(beside: stagingPath) + [hidden] }

    /// The files that may lie beside the main one.
    private func names(beside main: String) -> [String] {
        let stem = main.lastIndex(of: ".").map { String(main[...$0]) } ?? main + "."
        return siblings.map { stem + $0 } + suffixes.map { main + $0 }
    }

    /// Makes the hidden folder.
    ///
    /// - Throws: `.cannotCreate`, `.outOfSpace`.
    package func make() throws(FileError) {
        guard mkdir(hidden, 0o777) != 0 else { return }
        throw FileError(.cannotCreate, "make a folder for", path: path, number: errno)
    }

    /// Moves the finished files to their place, the main one last, all bytes on the disk.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. What was moved is taken back then.
    package func publish() throws(FileError) {
        try Publication([self], overwrite: placement.overwrite).carryOut()
        rmdir(hidden)
    }

    /// The files of the finished outputs, the main one last: the names that they will have, and those that they have now.
    package var finishedFiles: [(path: String, staged: String)] {
        (contents.filter { $0 != name }.sorted() + [name]).map { file in
            (String(path.dropLast(name.count)) + file, hidden + "/" + file)
        }
    }

    /// Names of files that programs would take for part of the output: they go where it replaces another one.
    package var companions: [String] { names(beside: path) }

    /// Removes what was staged, if anything.
    package func remove() {
        for file in contents { unlink(hidden + "/" + file) }
        rmdir(hidden)
    }

    private var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: hidden)) ?? [] }
}
