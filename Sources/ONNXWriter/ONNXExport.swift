package import NetworkGraph
import FileIO
package import StoredTensors

/// A network that is to be written as an ONNX file, with what the file says beside it.
///
///     let export = ONNXExport(graph, sample: 512, end: .softmax, metadata: ["model_type": "\"Segmentor\""])
///     try export.write("unet.onnx", overwrite: false)
package struct ONNXExport {
    /// What the file applies to the network's output.
    package enum End: Sendable {
        /// Nothing.
        case none
        /// A sigmoid of each value.
        case sigmoid
        /// A softmax over the channels.
        case softmax
    }

    /// The network.
    private let graph: Graph
    /// A size of input, in pixels on a side, that the network takes.
    private let sample: Int
    /// The only size of input; nil for all that the network takes.
    private let onlySize: Int?
    private let end: End
    private let metadata: [String: String]

    /// The version of the file format, the first that goes with the operators' opset.
    private static let irVersion = 8
    /// Readers refuse protocol buffers of 2 GB.
    private static let largestFile = Int(Int32.max)

    /// Prepares a network.
    ///
    /// - Parameters:
    ///   - sample: a size of input, in pixels on a side, that the network takes.
    ///   - onlySize: the only size of input that the file allows, which is the sample then; nil for any.
    ///   - end: what is applied to the network's output.
    ///   - metadata: the file's `metadata_props`.
    package init(_ graph: Graph, sample: Int, onlySize: Int? = nil, end: End, metadata: [String: String]) {
        self.graph = graph
        self.sample = sample
        self.onlySize = onlySize
        self.end = end
        self.metadata = metadata
    }

    /// Writes the file, which appears under its name only when it is complete. The same network gives the same bytes.
    ///
    /// - Parameter overwrite: true if a file of that name may be replaced.
    /// - Throws: `outputExists`, `cannotCreate`, `writeFailed`; `unrepresentable` for operations that ONNX's operators do
    ///   not do, and for more than 2 GB. No file is left then.
    package func write(_ path: String, overwrite: Bool) throws(ModelFileError) {
        let message = try model(path)
        let file = try ModelFileError.ofFile { () throws(FileError) in
            try StagedDocument(path: path, overwrite: overwrite, sidecars: [])
        }
        defer { file.remove() }
        try ModelFileError.ofFile { () throws(FileError) in
            for part in message.parts {
                switch part {
                case .bytes(let bytes): try file.write(bytes)
                case .elements(let tensor): try file.write(tensor.elements())
                }
            }
            try file.publish()
        }
    }

    private func model(_ path: String) throws(ModelFileError) -> ProtobufMessage {
        var opset = ProtobufMessage()
        opset.text(1, "")
        opset.integer(2, ExportedGraph.opset)
        var model = ProtobufMessage()
        model.integer(1, Self.irVersion)
        model.text(2, "overtile")
        model.message(7, try graphMessage(path))
        model.message(8, opset)
        for key in metadata.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            var entry = ProtobufMessage()
            entry.text(1, key)
            entry.text(2, metadata[key] ?? "")
            model.message(14, entry)
        }
        guard model.byteCount < Self.largestFile else {
            throw ModelFileError(
                .unrepresentable, path: path,
                "would be larger than the 2 GB that an ONNX file may have: write safetensors")
        }
        return model
    }

    private func graphMessage(_ path: String) throws(ModelFileError) -> ProtobufMessage {
        let (inputName, outputName) = ("input", "output")
        var exported: ExportedGraph
        let shapes: [MapShape]
        do {
            guard let found = try graph.shapes(height: sample, width: sample)?.shapes else {
                throw ModelFileError(
                    .unrepresentable, path: path, "gives nothing for an input of \(sample) x \(sample) pixels")
            }
            shapes = found
            exported = try ExportedGraph(graph, shapes: shapes, input: inputName, reserving: outputName)
        } catch let error as UnexportableNode {
            let label = error.node.label.isEmpty ? "" : " (\(ModelFileError.plain(error.node.label)))"
            throw ModelFileError(
                .unrepresentable, path: path,
                "cannot hold the network's \(error.node.operation.name)\(label), which ONNX has no operator for: "
                    + "write safetensors or a PyTorch checkpoint")
        } catch let error as ModelFileError {
            throw error
        } catch {
            throw ModelFileError(.unrepresentable, path: path, "cannot hold this network: \(error)")
        }
        switch end {
        case .none: exported.appendLast("Identity", named: outputName)
        case .sigmoid: exported.appendLast("Sigmoid", named: outputName)
        case .softmax: exported.appendLast("Softmax", [("axis", .int(1))], named: outputName)
        }
        var message = ProtobufMessage()
        for node in exported.nodes { message.message(1, node.message) }
        message.text(2, "network")
        for constant in exported.constants { message.message(5, constant.message) }
        let side = onlySize.map { ONNXValueInfo.Extent.fixed($0) }
        let (first, last) = (shapes[0], shapes[graph.output.index])
        message.message(
            11,
            ONNXValueInfo(
                name: inputName,
                shape: [.named("batch"), .fixed(first.channels), side ?? .named("height"), side ?? .named("width")]
            ).message)
        // An open extent has no name: Deepness wants height and width to be alike.
        message.message(
            12,
            ONNXValueInfo(
                name: outputName,
                shape: [
                    .named("batch"), .fixed(last.channels), onlySize == nil ? .open : .fixed(last.height),
                    onlySize == nil ? .open : .fixed(last.width),
                ]
            ).message)
        return message
    }
}
