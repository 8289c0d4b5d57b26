package import StoredTensors

extension StateDict {
    /// Writes the tensors as safetensors, in their order, which other programs read as they would any such file.
    ///
    /// The same state dict gives the same bytes. Tensors are loaded and written one after the other, so that memory
    /// holds the largest of them and not the file. The file appears under its name only when it is complete.
    ///
    /// - Parameters:
    ///   - path: of the new file. It may be the one that the tensors come from.
    ///   - metadata: text to go with the tensors; nil is what the state dict has.
    ///   - half: whether to write float16, rounded to nearest and ties to even. Tensors that were whole numbers in their file
    ///     (a batch norm's counter) stay float32.
    ///   - overwrite: whether a file of that name may be replaced.
    /// - Throws: `outputExists`, `cannotCreate`, `writeFailed`; `unrepresentable` for names that come twice, and for
    ///   numbers beyond the range of float16. Nothing is left behind then.
    package func write(
        safetensors path: String, metadata: [String: String]? = nil, half: Bool = false, overwrite: Bool = false
    ) throws(ModelFileError) {
        let plan = try SafetensorsPlan(self, metadata: metadata ?? self.metadata, half: half, path: path)
        let file = try OutputFile(path: path, overwrite: overwrite)
        defer { file.remove() }
        try file.write(plan.header)
        for (name, tensor, isHalf) in plan.tensors {
            let elements = tensor.elements()
            if isHalf {
                try file.write(try Self.halves(of: elements, name: name, path: path))
            } else {
                try file.write(elements)
            }
        }
        try file.publish()
    }

    private static func halves(
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
