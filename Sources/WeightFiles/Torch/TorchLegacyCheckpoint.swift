import FileIO
import StoredTensors

/// The form that `torch.save` wrote before torch 1.6 (and still does with `_use_new_zipfile_serialization=False`):
/// pickles in a row, and then the storages.
///
///     pickle     0x1950a86a20f9469cfc6c, a magic number
///     pickle     1001, the version
///     pickle     about the system that wrote it; does not matter, for the elements are little-endian always
///     pickle     the object
///     pickle     the keys of the storages
///     for each key: its number of elements in 8 bytes, then the elements
///
/// Source: PyTorch, torch/serialization.py (`_legacy_save`, `_legacy_load`).
enum TorchLegacyCheckpoint {
    private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    private static let version = 1001

    /// Returns true if the file starts as a pickle of protocol 2 or later does.
    static func isPickle(_ file: FileSlice) -> Bool {
        guard file.integer(at: 0, as: UInt8.self) == PickleOpcode.proto.rawValue else { return false }
        return file.integer(at: 1, as: UInt8.self).map { (2...5).contains($0) } ?? true
    }

    /// Reads the tensors of a checkpoint.
    ///
    /// - Parameter key: as for `Checkpoint.read`.
    /// - Throws: the errors of `PickleMachine` and `TorchPickle`; `unknownContainer` for a pickle that is no
    ///   checkpoint.
    static func read(_ file: FileSlice, key: String?) throws(ModelFileError) -> StateDict {
        var rest = file
        guard try pickle(from: &rest).isInteger(magic) else {
            throw file.file.error(
                .unknownContainer, "is a bare pickle, not what torch.save writes: \(PickleMachine.advice)")
        }
        guard case .int(version) = try pickle(from: &rest).root else {
            throw file.file.error(
                .unsupportedContainer,
                "is a PyTorch checkpoint of another version than \(version): \(PickleMachine.advice)")
        }
        _ = try pickle(from: &rest)  // about the system
        let object = try pickle(from: &rest)
        let found = try object.stateDict(key: key)
        guard let keys = try pickle(from: &rest).strings else {
            throw file.file.error(.malformed, "lists no storages behind its pickle: copy or download the file again")
        }
        let records = try records(rest, keys: keys, storages: object.storages)

        var stored: [(name: String, tensor: StoredTensor)] = []
        for (name, tensor) in found.tensors {
            guard let record = records[tensor.storage.key] else {
                throw file.file.error(
                    .malformed, "tensor \(ModelFileError.quoted(name)) lies in a storage that the file does not list")
            }
            stored.append((name, try tensor.stored(name: name, in: record, isBigEndian: false)))
        }
        return found.stateDict(stored)
    }

    /// Reads the next pickle, and moves the start of `rest` behind it.
    private static func pickle(from rest: inout FileSlice) throws(ModelFileError) -> TorchPickle {
        let pickle = try TorchPickle(rest)
        var cursor = ByteCursor(rest, subject: "the checkpoint")
        _ = try cursor.take(pickle.length)
        rest = try cursor.take(rest.count - pickle.length)
        return pickle
    }

    /// Returns the bytes of each storage.
    ///
    /// - Parameter rest: the storages without gaps, in the order of `keys`.
    private static func records(
        _ rest: FileSlice, keys: [String], storages: [String: TorchStorage]
    ) throws(ModelFileError) -> [String: FileSlice] {
        var records: [String: FileSlice] = [:]
        var cursor = ByteCursor(rest, subject: "the data of its storages")
        for key in keys {
            guard let storage = storages[key] else {
                throw rest.file.error(
                    .malformed, "lists storage \(ModelFileError.quoted(key)), which its pickle does not name")
            }
            guard let unit = storage.unit else {
                throw rest.file.error(
                    .unsupportedType,
                    "has a storage of type \(ModelFileError.quoted(storage.typeName)): save the tensors as float32")
            }
            let count: Int64 = try cursor.integer()
            let (byteCount, overflow) = count.multipliedReportingOverflow(by: Int64(unit))
            guard count >= 0, !overflow else {
                throw rest.file.error(
                    .malformed, "claims \(count) elements in storage \(ModelFileError.quoted(key)), which cannot be")
            }
            guard records.updateValue(try cursor.take(byteCount), forKey: key) == nil else {
                throw rest.file.error(.malformed, "lists storage \(ModelFileError.quoted(key)) twice")
            }
        }
        return records
    }
}
