import FileIO
package import StoredTensors

extension StateDict {
    /// The attribute of the OrderedDict in which a checkpoint of Overtile keeps the text entries.
    static let metadataAttribute = "overtile"

    /// Writes the tensors as a PyTorch checkpoint, in their order: an OrderedDict that `torch.load(path)` reads, also with
    /// `weights_only`, and that a network's `load_state_dict` takes as it is.
    ///
    /// The text entries are an attribute of the dict, `torch.load(path).overtile`, a dict of strings: so no name among the
    /// tensors is one that the network does not know. The same state dict gives the same bytes. Tensors are loaded and
    /// written one after the other. The file appears under its name only when it is complete.
    ///
    ///     data.pkl       the dict, protocol 2
    ///     byteorder      "little"
    ///     data/<key>     the elements of each tensor, at a multiple of 64 bytes
    ///     version        "3"
    ///
    /// Source: PyTorch, torch/serialization.py and caffe2/serialize/inline_container.h.
    ///
    /// - Parameters:
    ///   - path: the new file. It may be the one from which the tensors come.
    ///   - metadata: the text entries.
    ///   - half: true to write float16. What are whole numbers in PyTorch (a batch norm's counter) is int64 in any case.
    ///   - overwrite: true if a file of that name may be replaced.
    /// - Throws: as `write(safetensors:)`; `unrepresentable` also for more than 4 GB.
    package func write(
        torch path: String, metadata: [String: String], half: Bool = false, overwrite: Bool = false
    ) throws(ModelFileError) {
        guard !tensors.isEmpty, tensors.count <= Self.largestCount else {
            throw ModelFileError(
                .unrepresentable, path: path,
                "cannot hold \(tensors.count) tensors: 1 to \(Self.largestCount) can be written")
        }
        var names: Set<[UInt8]> = []
        for (name, _) in tensors where !names.insert(Array(name.utf8)).inserted {
            throw ModelFileError(
                .unrepresentable, path: path, "cannot hold two tensors named \(ModelFileError.quoted(name))")
        }
        let types = tensors.map { TorchElements(of: $0.tensor, name: $0.name, half: half) }
        let file = try ModelFileError.ofFile { () throws(FileError) in
            try StagedDocument(path: path, overwrite: overwrite, sidecars: [])
        }
        defer { file.remove() }
        var archive = TorchArchive(file, path: path)
        try archive.add("data.pkl", pickle(types, metadata))
        try archive.add("byteorder", Array("little".utf8))
        for (index, (name, tensor)) in tensors.enumerated() {
            let elements = tensor.elements()
            switch types[index] {
            case .float32: try archive.add("data/\(index)", elements)
            case .float16:
                try archive.add("data/\(index)", try Self.halves(of: elements, name: name, path: path))
            case .int64: try archive.add("data/\(index)", try Self.integers(of: elements, name: name, path: path))
            }
        }
        try archive.add("version", Array("3\n".utf8))
        try archive.end()
        try ModelFileError.ofFile { () throws(FileError) in try file.publish() }
    }

    private static func integers(
        of elements: [Float], name: String, path: String
    ) throws(ModelFileError) -> [Int64] {
        let integers = elements.compactMap { Int64(exactly: $0) }
        guard integers.count == elements.count else {
            throw ModelFileError(
                .unrepresentable, path: path,
                "tensor \(ModelFileError.quoted(name)) counts batches, and holds what is no whole number")
        }
        return integers
    }

    private func pickle(_ types: [TorchElements], _ metadata: [String: String]) -> [UInt8] {
        var pickle = PickleWriter()
        pickle.orderedDictionary()
        pickle.write(.mark)
        for (index, (name, tensor)) in tensors.enumerated() {
            pickle.string(name)
            pickle.global("torch._utils", "_rebuild_tensor_v2")
            pickle.write(.mark)
            pickle.write(.mark)
            pickle.string("storage")
            pickle.global("torch", types[index].storage)
            pickle.string("\(index)")
            pickle.string("cpu")
            pickle.integer(tensor.count)
            pickle.write(.tuple)
            pickle.write(.binPersID)
            pickle.integer(0)  // the first element's place in the storage
            pickle.tuple(tensor.shape)
            pickle.tuple(Self.strides(of: tensor.shape))
            pickle.write(.newFalse)  // no gradient
            pickle.orderedDictionary()  // no hooks
            pickle.write(.tuple)
            pickle.write(.reduce)
        }
        pickle.write(.setItems)
        if !metadata.isEmpty {
            pickle.write(.emptyDict)
            pickle.string(Self.metadataAttribute)
            pickle.dictionary(metadata)
            pickle.write(.setItem)
            pickle.write(.build)
        }
        pickle.write(.stop)
        return pickle.bytes
    }

    private static func strides(of shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
        return strides
    }
}

/// The types of elements that are written.
private enum TorchElements {
    case float32, float16, int64

    init(of tensor: StoredTensor, name: String, half: Bool) {
        // Safetensors have counters as float32, which PyTorch has as whole numbers.
        let isCounter = tensor.shape.isEmpty && name.hasSuffix("num_batches_tracked")
        self = isCounter || tensor.type?.isInteger == true ? .int64 : half ? .float16 : .float32
    }

    /// The class of a storage of such elements.
    var storage: String {
        switch self {
        case .float32: "FloatStorage"
        case .float16: "HalfStorage"
        case .int64: "LongStorage"
        }
    }
}

/// The zip archive of a checkpoint, whose entries are all in one folder.
private struct TorchArchive {
    private let file: StagedDocument
    private let path: String
    private var writer = ZipWriter()

    init(_ file: StagedDocument, path: String) { (self.file, self.path) = (file, path) }

    mutating func add<Element: BitwiseCopyable>(_ name: String, _ elements: [Element]) throws(ModelFileError) {
        let header: [UInt8]
        do {
            header = try elements.span.bytes.withUnsafeBytes { (data) throws(ZipWriter.TooLarge) in
                try writer.header(name: "archive/" + name, data: data)
            }
        } catch {
            throw ModelFileError(
                .unrepresentable, path: path,
                "would be larger than the 4 GB that a PyTorch checkpoint of Overtile may have: write safetensors")
        }
        try ModelFileError.ofFile { () throws(FileError) in
            try file.write(header)
            try file.write(elements)
        }
    }

    func end() throws(ModelFileError) {
        try ModelFileError.ofFile { () throws(FileError) in try file.write(writer.end) }
    }
}
