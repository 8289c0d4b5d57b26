import FileIO
import Foundation
import Glibc
import StoredTensors
import Training
import WeightFiles

/// The hidden folder beside a training's output in which lies what was reached, locked for this process.
final class TrainingFolder {
    let path: String
    private let output: String
    private let overwrites: Bool
    private let lock: Int32

    /// What a training had reached.
    struct Kept {
        var progress: TrainingProgress
        var state: StateDict
    }

    /// The key under which the state's metadata hold its progress.
    private static let progressKey = "overtile.progress"

    /// The record of the output that is about to get its name (`Publication`).
    private static let recordName = "publication"

    /// Makes the folder, or takes over the one that is there, and ends what its training had begun to publish.
    ///
    /// - Throws: `FileError` (`.outputExists`, `.locked`, `.cannotCreate`).
    init(for output: String, overwrites: Bool) throws {
        self.output = output
        self.overwrites = overwrites
        path = FileName.joined(FileName.folder(of: output), ".\(FileName.last(of: output)).overtile-training")
        let (path, record) = (path, path + "/" + Self.recordName)
        // A training that was killed at its end has left a record, or no more than the lock.
        func isAtItsEnd() -> Bool {
            FileStatus.exists(path)
                && (FileStatus.exists(record) || !FileStatus.exists(path + "/" + Self.stateName))
        }
        let alreadyThere = FileError(
            .outputExists, "write", path: output, "it is there already",
            advice: "choose another name, or give --overwrite")
        guard overwrites || !FileStatus.exists(output) || isAtItsEnd() else { throw alreadyThere }
        lock = try Self.lock(path, for: output)
        let isComplete = Publication.read(record: record)?.settle() ?? !FileStatus.exists(path + "/" + Self.stateName)
        guard overwrites || !FileStatus.exists(output) else {
            if isComplete {
                // The output may have a hidden name still, beside its own.
                StagedFile.removeLeftovers(of: output, isExclusive: false)
                remove()
            }
            throw alreadyThere
        }
        FileCall.unlink(record)
    }

    /// Makes the folder, where there is none, and takes its lock.
    private static func lock(_ path: String, for output: String) throws(FileError) -> Int32 {
        let what = "make a folder for the training beside"
        while true {
            guard FileCall.makeFolder(path) == 0 || errno == EEXIST else {
                throw FileError(.cannotCreate, what, path: output, number: errno)
            }
            let lock = FileCall.open(path + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW)
            if lock < 0 {
                // The one who had it is removing it.
                guard errno != ENOENT else { continue }
                throw FileError(.cannotCreate, what, path: output, number: errno)
            }
            guard FileCall.lock(lock) == 0 || errno != EWOULDBLOCK else {
                close(lock)
                throw FileError(
                    .locked, "train", path: output, "another training of it is running",
                    advice: "wait for its end, or stop it")
            }
            let named = FileStatus(path: path + "/lock", followsLinks: false)
            if named != nil, named?.identity == FileStatus(descriptor: lock)?.identity { return lock }
            close(lock)
        }
    }

    deinit { close(lock) }

    private static let stateName = "state.safetensors"
    private var state: String { path + "/" + Self.stateName }
    private var best: String { path + "/best.safetensors" }

    /// True if there is something to go on from.
    var holdsState: Bool { FileStatus.exists(state) }

    /// What an earlier training with the same settings had reached; nil where there is nothing of the kind.
    func read(settings: String) throws -> Kept? {
        guard FileStatus.exists(state), let state = try? Checkpoint.read(path: state, key: nil),
            let text = state.metadata[Self.progressKey],
            let progress = try? StoredJSON.decode(TrainingProgress.self, from: Data(text.utf8)),
            progress.settings == settings, progress.best == nil || FileStatus.exists(best)
        else { return nil }
        return Kept(progress: progress, state: state)
    }

    /// Keeps what was reached.
    ///
    /// - Throws: `ModelFileError`.
    func write(
        _ network: TrainableNetwork, _ optimizer: Optimizer<Float>, _ average: WeightAverage?,
        _ progress: TrainingProgress
    ) throws {
        let text = String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)
        let state = network.checkpoint(optimizer, average, metadata: [Self.progressKey: text])
        try state.write(safetensors: self.state, metadata: state.metadata, half: false, overwrite: true)
    }

    /// Keeps the network that is the best so far.
    ///
    /// - Throws: `ModelFileError`.
    func writeBest(_ state: StateDict) throws {
        try state.write(safetensors: best, metadata: [:], half: false, overwrite: true)
    }

    func readBest() throws -> StateDict? {
        FileStatus.exists(best) ? try Checkpoint.read(path: best, key: nil) : nil
    }

    /// Gives the finished network the output's name.
    ///
    /// - Throws: `FileError` (`.writeFailed`, `.outOfSpace`, `.outputExists`).
    func publish(_ document: StagedDocument) throws(FileError) {
        defer { document.remove() }
        StagedFile.removeLeftovers(of: output, isExclusive: false)
        let publication = try Publication([document])
        let record = path + "/" + Self.recordName
        FileCall.unlink(record)
        try publication.write(to: record, output: output)
        try publication.carryOut()
    }

    /// Removes everything, what killed trainings had under hidden names too; what tells of the output, and the lock, last.
    func remove() {
        let last = [Self.recordName, "lock"]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where !last.contains(name) {
            let file = path + "/" + name
            if FileCall.unlink(file) != 0 { try? FileManager.default.removeItem(atPath: file) }
        }
        for name in last { FileCall.unlink(path + "/" + name) }
        FileCall.removeFolder(path)
    }
}
