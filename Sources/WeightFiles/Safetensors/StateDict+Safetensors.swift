package import FileIO
package import StoredTensors

extension StateDict {
    /// Writes the tensors as safetensors, in their order.
    ///
    /// The same state dict gives the same bytes. Tensors are loaded and written one after the other, so that memory
    /// holds the largest of them and not the file. The file appears under its name only when it is complete.
    ///
    /// - Parameters:
    ///   - path: the new file. It may be the one from which the tensors come.
    ///   - metadata: the text entries of the file; nil for those of the state dict.
    ///   - half: true to write float16, rounded to nearest with ties to even. Tensors that were whole numbers in their
    ///     file (a batch norm's counter) stay float32.
    ///   - overwrite: true if a file of that name may be replaced.
    /// - Throws: `outputExists`, `cannotCreate`, `writeFailed`; `unrepresentable` for names that come twice, and for
    ///   numbers beyond the range of float16. No file is left then.
    package func write(
        safetensors path: String, metadata: [String: String]? = nil, half: Bool = false, overwrite: Bool = false
    ) throws(ModelFileError) {
        let file = try stage(safetensors: path, metadata: metadata, half: half, overwrite: overwrite)
        defer { file.remove() }
        try ModelFileError.ofFile { () throws(FileError) in try file.publish() }
    }

    /// Writes the tensors as `write` does, into a file that is complete and still hidden, for a caller that gives it its name.
    ///
    /// - Throws: as `write`.
    package func stage(
        safetensors path: String, metadata: [String: String]? = nil, half: Bool = false, overwrite: Bool = false
    ) throws(ModelFileError) -> StagedDocument {
        let plan = try SafetensorsPlan(self, metadata: metadata ?? self.metadata, half: half, path: path)
        let file = try ModelFileError.ofFile { () throws(FileError) in
            try StagedDocument(path: path, overwrite: overwrite, sidecars: [])
        }
        var isComplete = false
        defer { if !isComplete { file.remove() } }
        try ModelFileError.ofFile { () throws(FileError) in try file.write(plan.header) }
        for (name, tensor, isHalf) in plan.tensors {
            let elements = tensor.elements()
            if isHalf {
                let halves = try Self.halves(of: elements, name: name, path: path)
                try ModelFileError.ofFile { () throws(FileError) in try file.write(halves) }
            } else {
                try ModelFileError.ofFile { () throws(FileError) in try file.write(elements) }
            }
        }
        try ModelFileError.ofFile { () throws(FileError) in try file.finish() }
        isComplete = true
        return file
    }

    static func halves(
        of elements: [Float], name: String, path: String
    ) throws(ModelFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.count * MemoryLayout<Float16>.size)
        for element in elements {
            let half = Float16(element)
            guard half.isFinite || !element.isFinite else {
                throw ModelFileError(
                    .unrepresentable, path: path,
                    "tensor \(ModelFileError.quoted(name)) has the element \(element), which is beyond float16: "
                        + "write float32")
            }
            bytes.append(UInt8(truncatingIfNeeded: half.bitPattern))
            bytes.append(UInt8(truncatingIfNeeded: half.bitPattern >> 8))
        }
        return bytes
    }
}

/// The layout of a safetensors file that is to be written.
///
/// The header names the tensors in their order. Their data lie in the same order, but float32 before float16, so that
/// every element is aligned to its size, as readers that map the file need it.
/// Source: https://github.com/huggingface/safetensors, "Format".
struct SafetensorsPlan {
    /// The header: the length of the JSON in 8 bytes, and the JSON, padded with spaces to a multiple of 8 bytes.
    let header: [UInt8]
    /// The tensors, in the order of their data.
    let tensors: [(name: String, tensor: StoredTensor, isHalf: Bool)]

    /// Lays out tensors.
    ///
    /// - Parameter path: the file, for errors.
    /// - Throws: `unrepresentable`.
    init(_ stateDict: StateDict, metadata: [String: String], half: Bool, path: String) throws(ModelFileError) {
        func failure(_ message: String) -> ModelFileError { ModelFileError(.unrepresentable, path: path, message) }
        guard !stateDict.tensors.isEmpty, stateDict.tensors.count <= StateDict.largestCount else {
            throw failure(
                "cannot hold \(stateDict.tensors.count) tensors: 1 to \(StateDict.largestCount) can be written")
        }
        var names: Set<[UInt8]> = ["__metadata__".utf8.map { $0 }]
        var planned: [(name: String, tensor: StoredTensor, isHalf: Bool)] = []
        for (name, tensor) in stateDict.tensors {
            guard names.insert(Array(name.utf8)).inserted else {
                throw failure(
                    "cannot hold two tensors, or a tensor and the metadata, named \(ModelFileError.quoted(name))")
            }
            planned.append((name, tensor, half && !(tensor.type?.isInteger ?? false)))
        }

        var begins = [Int](repeating: 0, count: planned.count)
        var end = 0
        for isHalf in [false, true] {
            for index in planned.indices where planned[index].isHalf == isHalf {
                begins[index] = end
                end += planned[index].tensor.count * Self.width(isHalf)
            }
        }
        var json = JSONText("{")
        if !metadata.isEmpty {
            json.string("__metadata__")
            json.raw(":{")
            for (index, key) in metadata.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }).enumerated() {
                if index > 0 { json.raw(",") }
                json.string(key)
                json.raw(":")
                json.string(metadata[key] ?? "")
            }
            json.raw("},")
        }
        for (index, (name, tensor, isHalf)) in planned.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(name)
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let last = begins[index] + tensor.count * Self.width(isHalf)
            json.raw(":{\"dtype\":\"\(isHalf ? "F16" : "F32")\",\"shape\":[\(shape)],")
            json.raw("\"data_offsets\":[\(begins[index]),\(last)]}")
        }
        json.raw("}")
        while !json.utf8.count.isMultiple(of: 8) { json.raw(" ") }
        guard json.utf8.count <= SafetensorsFile.largestHeader else {
            throw failure("needs a header of \(json.utf8.count) bytes, more than \(SafetensorsFile.largestHeader)")
        }
        let length = UInt64(json.utf8.count)
        header = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + json.utf8
        tensors = planned.filter { !$0.isHalf } + planned.filter(\.isHalf)
    }

    private static func width(_ isHalf: Bool) -> Int { isHalf ? 2 : 4 }
}
