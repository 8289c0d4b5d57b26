import FileIO
import Tensors

extension StateDict {
    /// Writes the tensors as safetensors, in their order, which other programs read as they would any such file.
    ///
    /// The same state dict gives the same bytes. Tensors are loaded and written one after the other, so that memory
    /// holds the largest of them and not the file. The file appears under its name only when it is complete.
    ///
    /// - Parameters:
    ///   - path: of the new file. It may be the one that the tensors come from.
    ///   - metadata: text to go with the tensors; nil is what the state dict has.
    ///   - half: whether to write float16, rounded to nearest and ties to even. Tensors whose `elementTypes` are integers
    ///     (a batch norm's counter) stay float32.
    ///   - overwrite: whether a file of that name may be replaced.
    /// - Throws: `outputExists`, `cannotCreate`, `writeFailed`; `unrepresentable` for names that come twice, and for
    ///   numbers beyond the range of float16. Nothing is left behind then.
    public func write(
        safetensors path: String, metadata: [String: String]? = nil, half: Bool = false, overwrite: Bool = false
    ) throws(WeightsError) {
        let plan = try SafetensorsPlan(self, metadata: metadata ?? self.metadata, half: half, path: path)
        let file = try WeightsError.ofFile { () throws(FileError) in
            try StagedDocument(path: path, overwrite: overwrite, sidecars: [])
        }
        defer { file.remove() }
        try WeightsError.ofFile { () throws(FileError) in try file.write(plan.header) }
        for (name, tensor, isHalf) in plan.tensors {
            let elements = tensor.elements()
            if isHalf {
                let halves = try Self.halves(of: elements, name: name, path: path)
                try WeightsError.ofFile { () throws(FileError) in try file.write(halves) }
            } else {
                try WeightsError.ofFile { () throws(FileError) in try file.write(elements) }
            }
        }
        try WeightsError.ofFile { () throws(FileError) in try file.publish() }
    }

    private static func halves(
        of elements: [Float], name: String, path: String
    ) throws(WeightsError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.count * MemoryLayout<Float16>.size)
        for element in elements {
            let half = Float16(element)
            guard half.isFinite || !element.isFinite else {
                throw WeightsError(
                    .unrepresentable, path: path,
                    "tensor \(WeightsError.quoted(name)) has the element \(element), which is beyond float16: "
                        + "write float32")
            }
            bytes.append(UInt8(truncatingIfNeeded: half.bitPattern))
            bytes.append(UInt8(truncatingIfNeeded: half.bitPattern >> 8))
        }
        return bytes
    }
}
