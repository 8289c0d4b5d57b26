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
    private let lock: Int32

    /// What a training had reached.
    struct Kept {
        var progress: TrainingProgress
        var state: StateDict
    }

    /// The key under which the state's metadata hold its progress.
    private static let progressKey = "overtile.progress"

    /// - Throws: `FileError` (`.outputExists`, `.locked`, `.cannotCreate`).
    init(for output: String, overwrites: Bool) throws {
        self.output = output
        guard overwrites || !FileStatus.exists(output) else {
            throw FileError(
                .outputExists, "write", path: output, "it is there already",
                advice: "choose another name, or give --overwrite")
        }
        path = FileName.joined(FileName.folder(of: output), ".\(FileName.last(of: output)).overtile-training")
        guard FileCall.makeFolder(path) == 0 || errno == EEXIST else {
            throw FileError(.cannotCreate, "make a folder for the training beside", path: output, number: errno)
        }
        lock = FileCall.open(path + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW)
        guard lock >= 0 else {
            throw FileError(.cannotCreate, "make a folder for the training beside", path: output, number: errno)
        }
        guard FileCall.lock(lock) == 0 || errno != EWOULDBLOCK else {
            close(lock)
            throw FileError(
                .locked, "train", path: output, "another training of it is running",
                advice: "wait for its end, or stop it")
        }
    }

    deinit { close(lock) }

    private var state: String { path + "/state.safetensors" }
    private var best: String { path + "/best.safetensors" }

    /// True if there is something to go on from.
    var holdsState: Bool { FileStatus.exists(state) }

    /// What an earlier training with the same settings had reached; nil where there is nothing of the kind.
    func read(settings: String) throws -> Kept? {
        guard FileStatus.exists(state), let state = try? Checkpoint.read(path: state, key: nil),
            let text = state.metadata[Self.progressKey],
            let progress = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8)),
            progress.settings == settings, progress.best == nil || FileStatus.exists(best)
        else { return nil }
        return Kept(progress: progress, state: state)
    }

    /// Keeps what was reached.
    ///
    /// - Throws: `ModelFileError`.
    func write(_ network: TrainableNetwork, _ optimizer: Optimizer<Float>, _ progress: TrainingProgress) throws {
        let text = String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)
        let state = network.checkpoint(optimizer, metadata: [Self.progressKey: text])
        try state.write(safetensors: self.state, metadata: state.metadata, half: false, overwrite: true)
    }

    /// Keeps the network that is the best so far.
    ///
    /// - Throws: `ModelFileError`.
    func writeBest(_ network: TrainableNetwork) throws {
        let state = network.stateDict()
        try state.write(safetensors: best, metadata: [:], half: false, overwrite: true)
    }

    func readBest() throws -> StateDict? {
        FileStatus.exists(best) ? try Checkpoint.read(path: best, key: nil) : nil
    }

    /// Removes everything, the lock last.
    func remove() {
        for file in [state, best, path + "/lock"] { FileCall.unlink(file) }
        FileCall.removeFolder(path)
    }
}
