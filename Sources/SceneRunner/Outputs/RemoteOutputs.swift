package import FileIO
import Foundation
import MaskProducts
package import RasterIO
import Segmentation
package import TileGeometry

/// Outputs in object storage: they are made as local files, and uploaded when all of them are complete, the mask last.
///
///     let remote = try RemoteOutputs(outputs, scratch: nil)
///     let run = try SceneRun(scene: scene, model: model, options: options, outputs: remote?.local ?? outputs)
///
/// The local files lie in a folder that is named after the mask, so that the same command finds them again: work in progress
/// where a run was stopped, and complete outputs where an upload failed.
package final class RemoteOutputs {
    /// The outputs as they were asked for.
    package let remote: OutputSet
    /// The local files that they are made as.
    package let local: OutputSet

    /// The folder of the local files.
    private let folder: String
    /// The folders of the outputs, each of which is a numbered folder in `folder`.
    private let places: [String]
    private let lock: FolderLock

    /// What a run leaves when its outputs are complete.
    private struct Record: Codable {
        let command: String
        let identity: SceneIdentity
        let facts: OutcomeFacts
        let classShares: [ClassShare]
        let warnings: [String]
        let files: [OutputRecord]
    }

    private var recordPath: String { FileName.joined(folder, "upload.json") }

    /// Makes the folder of the local files, and keeps other runs out of it.
    ///
    /// - Parameters:
    ///   - scratch: the folder in which it is made; nil for one in the user's cache.
    ///   - part: the part that is made of them, where it is one: several may be on one machine at the same time.
    /// - Returns: nil where all outputs are local.
    /// - Throws: `OutputError` where some of them are local; `FileError` (`.locked` where another run makes the same mask,
    ///   `.cannotCreate`).
    package init?(_ outputs: OutputSet, scratch: String?, part: ScenePart? = nil) throws {
        let paths = outputs.everything.map(\.path)
        guard paths.contains(where: RemoteFile.isRemote) else { return nil }
        if let other = paths.first(where: { !RemoteFile.isRemote($0) }) {
            throw OutputError(
                "\(other) is a local file, and other outputs are in object storage: put all of a scene's outputs on one side"
            )
        }
        guard let scratch = scratch ?? UserCache.path("outputs") else {
            throw OutputError("there is no folder for local copies of the outputs: name one with --scratch")
        }
        let name = SHA256.checksum(of: outputs.mask).prefix(16) + (part.map { "-" + PartSet.folderName(of: $0) } ?? "")
        let folder = FileName.joined(scratch, String(name))
        let places = Array(Set(paths.map(FileName.folder(of:)))).sorted()
        do {
            for place in places.indices {
                try FileManager.default.createDirectory(
                    atPath: FileName.joined(folder, "\(place)"), withIntermediateDirectories: true)
            }
        } catch {
            throw FileError(
                .cannotCreate, "make a folder for local copies in", path: scratch, error.localizedDescription,
                advice: "name another with --scratch")
        }
        func moved(_ path: String) -> String {
            let place = places.firstIndex(of: FileName.folder(of: path))!
            return FileName.joined(FileName.joined(folder, "\(place)"), FileName.last(of: path))
        }
        var local = OutputSet(
            mask: moved(outputs.mask), others: outputs.rasters.filter { $0.key != .mask }.mapValues(moved))
        local.polygons = outputs.polygons.map(moved)
        local.statistics = outputs.statistics.map(moved)
        local.report = outputs.report.map(moved)
        (local.style, local.hasItems) = (outputs.style, outputs.hasItems)
        lock = try FolderLock(folder: folder)
        (remote, self.local, self.folder, self.places) = (outputs, local, folder, places)
    }

    /// Returns the outcome of an earlier run of the same command that has made all outputs, of the scene as it is now, so that
    /// only their upload is missing; nil where there is none.
    package func finished(_ run: SceneRun, _ scene: String, access: RasterAccess) -> SceneOutcome? {
        guard let data = FileManager.default.contents(atPath: recordPath), data.count < 64 << 20,
            let record = try? StoredJSON.decode(Record.self, from: data), record.facts.isPossible,
            record.command == run.command, record.identity == run.identity
        else { return nil }
        return SceneOutcome(
            scene: scene, outputs: local, facts: record.facts, classShares: record.classShares,
            warnings: record.warnings, files: record.files, identity: record.identity, access: access)
    }

    /// Finds out whether the outputs may be written, before any work is done, and removes finished files of another command. A
    /// small file is uploaded, and removed: only that tells whether server and credentials let one write.
    ///
    /// - Parameters:
    ///   - overwrite: true if outputs that are there may be replaced.
    ///   - tries: false for who has tried the upload for another scene.
    /// - Throws: `FileError`: `.outputExists`; `.readFailed`, `.writeFailed`; `CancellationError`.
    package func prepare(overwrite: Bool, tries: Bool = true, isCancelled: () -> Bool) throws {
        if !overwrite { try requireFree() }
        FileCall.unlink(recordPath)
        for file in files { FileCall.unlink(file.local) }
        guard tries else { return }
        let trial = ".overtile-trial-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let local = FileName.joined(folder, trial)
        defer { FileCall.unlink(local) }
        try StagedDocument.write(Array("trial".utf8), to: local, overwrite: true)
        let place = FileName.joined(FileName.folder(of: remote.mask), trial)
        defer { RemoteFile.remove(place) }
        try RemoteFile.upload(local, to: place, isCancelled: isCancelled)
    }

    /// Refuses to replace anything.
    ///
    /// - Throws: `FileError`: `.outputExists`; `.readFailed` where the server does not say.
    package func requireFree() throws(FileError) {
        for (_, path) in remote.everything {
            guard try RemoteFile.stamp(of: path) != nil else { continue }
            throw FileError(
                .outputExists, path: path, "it is there already",
                message: "\(path) is there already; choose another name, or give --overwrite")
        }
    }

    /// Notes that the local files are complete.
    ///
    /// - Throws: `FileError`.
    package func note(_ run: SceneRun, _ outcome: SceneOutcome) throws {
        let record = try JSONEncoder().encode(
            Record(
                command: run.command, identity: run.identity, facts: OutcomeFacts(outcome),
                classShares: outcome.classShares, warnings: outcome.warnings, files: outcome.files))
        try StagedDocument.write(Array(record), to: recordPath, overwrite: true)
    }

    /// Uploads all files, the mask last, and removes the local ones.
    ///
    /// - Parameters:
    ///   - outcome: that of the run that has made them.
    ///   - progress: called before each file with its name, its number from 1 on, and how many there are.
    ///   - uploaded: called when all files are there, before the local ones are removed. What it throws keeps these.
    /// - Returns: the outcome with the places that the files have by then.
    /// - Throws: `FileError`, with the place of the local files; `CancellationError`.
    package func upload(
        _ outcome: SceneOutcome, isCancelled: () -> Bool,
        progress: (_ path: String, _ number: Int, _ count: Int) -> Void = { _, _, _ in },
        uploaded: () throws -> Void = {}
    ) throws -> SceneOutcome {
        let files = files
        let ordered = files.filter { $0.remote != remote.mask } + files.filter { $0.remote == remote.mask }
        for (index, file) in ordered.enumerated() {
            progress(file.remote, index + 1, ordered.count)
            do {
                if try isChangedStyle(file.remote) { continue }
                try RemoteFile.upload(file.local, to: file.remote, isCancelled: isCancelled)
            } catch let error as FileError {
                throw FileError(
                    error.code, path: error.path, error.reason, advice: error.advice,
                    message: "\(error.message); all outputs are complete in \(folder): the same command uploads them")
            }
        }
        var outcome = outcome
        outcome.outputs = remote
        let places = Dictionary(files.map { (CanonicalPath.named($0.local), $0.remote) }, uniquingKeysWith: { $1 })
        outcome.files = try outcome.files.map { file in
            var file = file
            file.path = places[file.path] ?? file.path
            file.stamp = try RemoteFile.stamp(of: file.path)
            return file
        }
        try uploaded()
        // The record first: without it, the rest is of no use.
        FileCall.unlink(recordPath)
        try? FileManager.default.removeItem(atPath: folder)
        return outcome
    }

    /// Returns true for the mask's style where one of its name is there that somebody has changed (`OutputSet.Style`).
    private func isChangedStyle(_ path: String) throws(FileError) -> Bool {
        guard remote.style == .unlessChanged, path == QGISStyle.path(besideRaster: remote.mask),
            let size = try RemoteFile.size(of: path)
        else { return false }
        if size > QGISStyle.mostBytes { return true }
        let copy = FileName.joined(folder, ".style")
        defer { FileCall.unlink(copy) }
        try RemoteFile.download(path, to: copy, mostBytes: QGISStyle.mostBytes)
        return !QGISStyle.mayReplace(copy)
    }

    /// The finished files, with where they go.
    private var files: [(local: String, remote: String)] {
        places.enumerated().flatMap { index, place in
            let folder = FileName.joined(self.folder, "\(index)")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.sorted().filter { !$0.hasPrefix(".") }.map {
                (FileName.joined(folder, $0), FileName.joined(place, $0))
            }
        }
    }

    /// Removes the folder where nothing is in it.
    package func removeIfEmpty() {
        FileCall.unlink(FileName.joined(folder, FolderLock.fileName))
        for name in places.indices.map({ "\($0)" }) { FileCall.removeFolder(FileName.joined(folder, name)) }
        FileCall.removeFolder(folder)
    }
}
