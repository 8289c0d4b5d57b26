package import FileIO
package import StoredTensors

/// An ONNX file read: its graph with names resolved, and what the file says about itself.
///
/// Nothing is computed yet: `graph.resolved(height:width:)` gives the network for one size of input.
package struct ONNXModel: Sendable {
    /// The versions of ONNX's own operators that are read. All differences between them that matter are handled.
    package static let opsets = 9...24

    /// The file, as the caller named it.
    package let path: String
    /// The version of the file format.
    package let irVersion: Int
    /// The program that wrote the file, such as "pytorch 2.4.0"; empty if the file does not tell.
    package let producer: String
    /// The entries of `metadata_props`. Of a key that occurs twice, the last value counts.
    package let metadata: [String: String]
    /// The graph, its names resolved.
    package let graph: ONNXGraph

    /// The model file itself.
    package let file: MappedFile
    /// The files beside the model in which its weights lie.
    package let externalFiles: [MappedFile]

    /// The version of ONNX's own operators that the graph uses.
    package var opset: Int { graph.opset }

    /// The network in one line, for people: opset, convolutions, size of input.
    package var summary: String {
        let convolutions = graph.nodes.count { $0.operatorType == "Conv" || $0.operatorType == "ConvTranspose" }
        let input = graph.input
        let size = input.height.value.flatMap { height in input.width.value.map { "\(height) x \($0) pixels" } }
        return "opset \(opset), \(graph.nodes.count) nodes, \(convolutions) convolutions, "
            + "inputs of \(size ?? "any size")"
    }

    /// Reads a model file. Its weights, and the files beside it in which they may lie, stay mapped for as long as the
    /// graph lives (see `MappedFile`).
    ///
    /// Source: the ONNX specification, https://onnx.ai/onnx/repo-docs/IR.html.
    ///
    /// - Parameter output: the name of the output that the network is run for; nil for the first with four axes, or else
    ///   the first.
    /// - Throws: `ModelFileError`: `noSuchFile` and `unreadable`; `truncated` and `malformed` for a file that breaks the
    ///   format's rules; `refused` for weights outside the model's folder; `unsupportedType` and `unsupportedNetwork`
    ///   for sound files that need more than Overtile has.
    package init(path: String, output: String? = nil) throws(ModelFileError) {
        let file = try MappedFile(ofModel: path)
        var reader = ModelReader(file)
        let model = try reader.model()
        guard let graph = model.graph else {
            throw file.error(.malformed, "is no ONNX model, or one without a graph: \(ProtobufCursor.advice)")
        }
        self.path = path
        self.file = file
        externalFiles = reader.externalData.mappedFiles
        irVersion = model.irVersion
        producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
        metadata = Dictionary(model.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        self.graph = try GraphBuilder.graph(graph, opset: Self.opset(of: model, file), output: output, file: file)
    }

    private static func opset(of model: ModelProto, _ file: MappedFile) throws(ModelFileError) -> Int {
        guard let opset = model.opsets.last(where: { ONNXNode.isStandard(domain: $0.domain) })?.version else {
            throw file.error(.malformed, "does not tell the version of its operators: \(ProtobufCursor.advice)")
        }
        guard opsets.contains(opset) else {
            let advice =
                opset < opsets.lowerBound ? "convert it with onnx.version_converter" : "export it with opset_version=17"
            throw file.error(
                .unsupportedNetwork,
                "uses operators of opset \(opset), and those of \(opsets.lowerBound) to \(opsets.upperBound) are "
                    + "read: \(advice)")
        }
        return opset
    }
}
