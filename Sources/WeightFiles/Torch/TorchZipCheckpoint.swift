import FileIO
import StoredTensors

/// The form that `torch.save` has written since torch 1.6: a zip archive with a pickle and one stored entry for each
/// storage.
///
///     <any name>/data.pkl        the pickle
///     <any name>/byteorder       "little" or "big"; little where it is missing
///     <any name>/data/<key>      the elements of a storage
///
/// TorchScript (`torch.jit.save`) writes the same, with a module in the pickle, and `code/` and `constants.pkl` beside it.
/// Further entries (`version`, `.data/serialization_id`, `.format_version`) do not matter for reading.
/// Source: PyTorch, torch/serialization.py and caffe2/serialize/inline_container.h.
enum TorchZipCheckpoint {
    /// Reads the tensors of a checkpoint.
    ///
    /// - Parameter key: as for `Checkpoint.read`.
    /// - Throws: the errors of `ZipArchive`, `PickleMachine` and `TorchPickle`; `unknownContainer` for other zip files.
    static func read(_ file: FileSlice, key: String?) throws(ModelFileError) -> StateDict {
        let archive = try ZipArchive(file)
        let (prefix, isScript) = try layout(of: archive, file.file)
        guard let entry = archive.entry(named: prefix + "data.pkl") else { throw noPickle(file.file) }
        let pickle = try TorchPickle(archive.data(of: entry))
        let isBigEndian = try isBigEndian(archive, prefix, file.file)

        var tensors: [(name: String, tensor: StoredTensor)] = []
        let found =
            try isScript
            ? pickle.scriptContents()
            : pickle.stateDict(key: key)
        for (name, tensor) in found.tensors {
            guard let entry = archive.entry(named: "\(prefix)data/\(tensor.storage.key)") else {
                throw file.file.error(
                    .malformed,
                    "tensor \(ModelFileError.quoted(name)) lies in zip entry "
                        + "\(ModelFileError.quoted("\(prefix)data/\(tensor.storage.key)")), which is missing: "
                        + "copy or download the file again")
            }
            let record = try archive.data(of: entry)
            tensors.append((name, try tensor.stored(name: name, in: record, isBigEndian: isBigEndian)))
        }
        return found.stateDict(tensors)
    }

    /// Returns the folder of all entries, with its slash: `archive/`, or the name that the checkpoint once had; and true
    /// for TorchScript, which has the code of its classes beside the pickle.
    private static func layout(
        of archive: ZipArchive, _ file: MappedFile
    ) throws(ModelFileError) -> (prefix: String, isScript: Bool) {
        let prefixes = archive.entries.compactMap { entry -> String? in
            let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count == 2 && parts[1] == "data.pkl" ? "\(parts[0])/" : nil
        }
        guard let prefix = prefixes.first else { throw noPickle(file) }
        guard prefixes.count == 1 else {
            throw file.error(.malformed, "holds \(prefixes.count) checkpoints in one zip file: \(PickleMachine.advice)")
        }
        let isScript = archive.entries.contains { entry in
            entry.name == prefix + "constants.pkl" || entry.name.hasPrefix(prefix + "code/")
        }
        return (prefix, isScript)
    }

    private static func isBigEndian(
        _ archive: ZipArchive, _ prefix: String, _ file: MappedFile
    ) throws(ModelFileError) -> Bool {
        guard let entry = archive.entry(named: prefix + "byteorder") else { return false }
        let order = try archive.data(of: entry)
        switch order.count <= 8 ? order.text : nil {
        case "little": return false
        case "big": return true
        default: throw file.error(.malformed, "its byteorder is neither little nor big: \(PickleMachine.advice)")
        }
    }

    private static func noPickle(_ file: MappedFile) -> ModelFileError {
        file.error(.unknownContainer, "is a zip file without data.pkl, not a PyTorch checkpoint: \(Checkpoint.advice)")
    }
}
