import Foundation
import Glibc

/// Output files that belong together, like those of a Shapefile. They are written into a hidden folder beside their
/// final place, and moved there when all of them are complete.
package final class StagedFolder: StagedOutput {
    /// The path that the output's main file will have.
    package let path: String
    /// The path at which the main file is written. It has its final name, which some formats put into the file.
    package let stagingPath: String
    /// The folder of the outputs.
    package let folder: String
    /// The hidden folder in which the files are written.
    package let hidden: String
    private let siblings: [String]
    private let suffixes: [String]
    private let placement: FilePlacement
    private let name: String
    /// The main file itself, where the path is a link to it.
    private let place: String

    /// Chooses the name of the hidden folder. Nothing is created.
    ///
    /// - Parameters:
    ///   - siblings: the extensions of files that belong to the output, in place of the main file's own.
    ///   - suffixes: the endings of files that belong to the output, appended to the main file's name.
    ///   - overwrite: true if files of the same names may be replaced.
    /// - Throws: `.outputExists`; `.cannotCreate` if the path or the folder cannot be used.
    package init(
        path: String, siblings: [String] = [], suffixes: [String] = [], overwrite: Bool
    ) throws(FileError) {
        // The rules for the place of a single file hold here as well.
        let longest = suffixes.max { $0.utf8.count < $1.utf8.count } ?? ""
        let file = try StagedFile(path: path, overwrite: overwrite, suffix: longest)
        folder = file.folder
        hidden = file.stagingPath + "d"
        place = file.place
        name = FileName.last(of: place)
        stagingPath = hidden + "/" + name
        self.path = path
        self.siblings = siblings
        self.suffixes = suffixes
        placement = FilePlacement(path: path, overwrite: overwrite)
        if !overwrite {
            if companions.contains(where: FileStatus.exists) {
                StagedFile.removeLeftovers(of: path, isExclusive: false)
            }
            for other in companions where FileStatus.exists(other) { throw placement.alreadyThere(other) }
        }
        for name in stagedNames { StagedOutputs.add(name) }
    }

    deinit { for name in stagedNames { StagedOutputs.remove(name) } }

    private var stagedNames: [String] { [stagingPath] + names(beside: stagingPath) + [hidden] }

    /// Returns the files that may lie beside the main one.
    private func names(beside main: String) -> [String] {
        let stem = main.lastIndex(of: ".").map { String(main[...$0]) } ?? main + "."
        return siblings.map { stem + $0 } + suffixes.map { main + $0 }
    }

    /// Makes the hidden folder.
    ///
    /// - Throws: `.cannotCreate`, `.outOfSpace`.
    package func make() throws(FileError) {
        guard FileCall.makeFolder(hidden) != 0 else { return }
        throw FileError(.cannotCreate, "make a folder for", path: path, number: errno)
    }

    /// Flushes the finished files to the disk, and moves them to their place, the main one last.
    ///
    /// - Throws: `.writeFailed`, `.outOfSpace`, `.outputExists`. Files that were moved are removed then.
    package func publish() throws(FileError) {
        try StagedFile.publish(self)
        remove()
    }

    /// True if files of the same names may be replaced.
    package var overwrite: Bool { placement.overwrite }

    /// The files of the finished outputs, the main one last: the names that they will have, and those that they have now. Others
    /// in the folder are none: a temporary file that a driver could not remove gets no name.
    package var finishedFiles: [(path: String, staged: String)] {
        let known = names(beside: name)
        return (contents.filter(known.contains).sorted() + [name]).map { file in
            (String(place.dropLast(name.count)) + file, hidden + "/" + file)
        }
    }

    /// Names of files that programs would take for part of the output: they go where it replaces another one.
    package var companions: [String] { names(beside: place) }

    /// Removes what was staged, if anything.
    package func remove() {
        for file in contents { FileCall.unlink(hidden + "/" + file) }
        FileCall.removeFolder(hidden)
    }

    private var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: hidden)) ?? [] }
}
