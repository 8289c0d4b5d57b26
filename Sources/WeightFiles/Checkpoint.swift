package import FileIO
package import StoredTensors

/// Model files that hold named weights and no network, whatever container they come in.
package enum Checkpoint {
    /// The containers of checkpoints.
    package enum Container: Sendable {
        case safetensors
        /// The zip archive that `torch.save` has written since torch 1.6.
        case torchZip
        /// The sequence of pickles that it wrote before.
        case torchLegacy

        /// Tells the container from the first bytes, not from the file's name. Returns nil for any other file.
        package init?(_ file: FileSlice) {
            if ZipArchive.isZip(file) {
                self = .torchZip
            } else if SafetensorsFile.isSafetensors(file) {
                self = .safetensors
            } else if TorchLegacyCheckpoint.isPickle(file) {
                self = .torchLegacy
            } else {
                return nil
            }
        }
    }

    /// Reads the named tensors of a checkpoint.
    ///
    /// A PyTorch checkpoint is a state dict, or a whole module, alone or under one of the keys where training loops put
    /// it, or a module of TorchScript. No code that a checkpoint may carry is ever run. Prefixes that all names share because training wrapped the
    /// network (`module.`, `model.`, `net.`, `_orig_mod.`) are left out.
    ///
    /// The file stays mapped for as long as a tensor of the result lives, and the elements are turned into float32
    /// each time they are asked for. It must not be cut short in that time (see `MappedFile`): replace it by renaming.
    ///
    /// - Parameter key: the key of the dictionary that is meant where a checkpoint has several, alone or with those that
    ///   lead to it ("ema", "nets.ema"). If the file has no dictionary of that name, the result has another key.
    /// - Throws: `ModelFileError`, whose description is one line with the file, what is wrong, and what to do.
    package static func read(path: String, key: String? = nil) throws(ModelFileError) -> StateDict {
        let file = FileSlice(try MappedFile(ofModel: path))
        return try finished(try contents(of: file, key: key), of: file.file)
    }

    /// Returns the tensors of a file under their names without the prefixes of wrappers. There is at least one.
    ///
    /// - Throws: `notAStateDict` if there are none.
    package static func finished(
        _ stateDict: StateDict, of file: MappedFile
    ) throws(ModelFileError) -> StateDict {
        guard !stateDict.tensors.isEmpty else {
            throw file.error(.notAStateDict, "holds no tensors: \(PickleMachine.advice)")
        }
        var stateDict = stateDict
        stateDict.removeSharedPrefixes()
        return stateDict
    }

    /// Returns true if a file looks like an ONNX model, and is not one of the checkpoints that are read.
    ///
    /// - Throws: `ModelFileError` for a file that cannot be read.
    package static func isONNX(path: String) throws(ModelFileError) -> Bool {
        let file = FileSlice(try MappedFile(ofModel: path))
        return Container(file) == nil && KnownFormat(file) == .onnx
    }

    private static func contents(of file: FileSlice, key: String?) throws(ModelFileError) -> StateDict {
        switch Container(file) {
        case .torchZip?: return try TorchZipCheckpoint.read(file, key: key)
        case .safetensors?: return try SafetensorsFile.read(file)
        case .torchLegacy?: return try TorchLegacyCheckpoint.read(file, key: key)
        case nil:
            throw file.file.error(
                .unknownContainer, "\(KnownFormat(file)?.rawValue ?? "is of no known kind"): \(advice)")
        }
    }

    /// The advice about a file that cannot be read.
    static let advice =
        "what can be read is ONNX, safetensors, TorchScript, and what torch.save writes; \(PythonExport.advice)"
}

/// The files that people take for a checkpoint, told by their first bytes. The raw value is the message about them.
enum KnownFormat: String, CaseIterable {
    case hdf5 = "is an HDF5 file, as Keras writes"
    case lfsPointer = "is a Git LFS pointer and not the model itself (run git lfs pull)"
    case webPage = "is a web page and not a model (check the download's address)"
    case tar = "is a tar archive, as torch.save wrote before 2017, or one that must be unpacked first"
    case gzip = "is compressed with gzip (unpack it first)"
    case tensorFlowLite = "is a TensorFlow Lite model"
    case numpy = "is a NumPy array"
    case onnx = "looks like an ONNX model"

    init?(_ file: FileSlice) {
        guard let format = Self.allCases.first(where: { $0.matches(file) }) else { return nil }
        self = format
    }

    private func matches(_ file: FileSlice) -> Bool {
        switch self {
        case .hdf5: file.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])
        case .lfsPointer: file.starts(with: "version https://git-lfs".utf8)
        case .webPage: ["<!DOCTYPE", "<!doctype", "<html", "<?xml"].contains { file.starts(with: $0.utf8) }
        case .tar: file.starts(with: "ustar".utf8, at: 257)
        case .gzip: file.starts(with: [0x1f, 0x8b])
        case .tensorFlowLite: file.starts(with: "TFL3".utf8, at: 4)
        case .numpy: file.starts(with: [0x93] + Array("NUMPY".utf8))
        // Protocol buffers with field 1 (ir_version) first and a length-delimited field (producer, graph) after it.
        case .onnx: file.starts(with: [0x08]) && file.integer(at: 2, as: UInt8.self).map { $0 & 7 == 2 } ?? false
        }
    }
}
