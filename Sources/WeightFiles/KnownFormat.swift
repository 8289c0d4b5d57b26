import FileIO

/// Files that people take for a checkpoint, told by their first bytes; the raw value is what to say about them.
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
