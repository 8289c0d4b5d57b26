import ONNXReader
import StoredTensors
import Testing
import TestModelFiles
import TestNetworks

extension ONNXModel {
    /// A model file of these bytes.
    static func read(bytes: some Collection<UInt8>) throws -> ONNXModel {
        let file = MemoryFile(Array(bytes))
        defer { withExtendedLifetime(file) {} }
        return try ONNXModel(path: file.path)
    }

    /// The network of a model file of these bytes.
    static func resolved(bytes: some Collection<UInt8>, height: Int = 32, width: Int = 48) throws -> ONNXNetwork {
        try read(bytes: bytes).graph.resolved(height: height, width: width)
    }

    /// The error that reading or resolving a model file of these bytes throws, which must be one line; or nil.
    static func error(
        bytes: some Collection<UInt8>, height: Int = 32, width: Int = 48,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ModelFileError? {
        do {
            _ = try resolved(bytes: bytes, height: height, width: width)
            return nil
        } catch let error as ModelFileError {
            #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
            return error
        }
    }
}

extension ONNXNetwork {
    /// The node that gives the output.
    var last: Node { nodes[output] }

    var operatorTypes: [String] { nodes.map(\.operatorType) }
}

extension ONNXShape {
    /// (channels, height, width)
    var extents: [Int] { [channels, height, width] }
}

/// Something wrong in a protocol buffer.
struct BrokenField: Sendable, CustomTestStringConvertible {
    /// What is wrong.
    let testDescription: String
    let write: @Sendable (inout ProtobufWriter) -> Void

    init(_ defect: String, _ write: @escaping @Sendable (inout ProtobufWriter) -> Void) {
        testDescription = defect
        self.write = write
    }
}
