import Foundation
import ONNXReader
import StoredTensors
import TestData
import Testing
import TestModelFiles

/// ONNX files of the shared data, or of the folder that `OVERTILE_ONNX_MODELS` names.
private enum SharedModels {
    static let paths: [String] = {
        let folders = [
            SharedData.conformance(""), SharedData.root.appendingPathComponent("data").path,
            ProcessInfo.processInfo.environment["OVERTILE_ONNX_MODELS"] ?? "",
        ]
        return folders.filter { !$0.isEmpty }.flatMap { folder in
            (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
                .filter { $0.hasSuffix(".onnx") }.map { "\(folder)/\($0)" }
        }
    }()

    static let missing = "the shared data have no ONNX files: set OVERTILE_ONNX_MODELS to a folder of some"
}

@Suite("ONNX files of the shared data", .enabled(if: !SharedModels.paths.isEmpty, "\(SharedModels.missing)"))
struct ONNXSharedModelsTests {
    /// Every operation that is left comes after what it reads and gives a map; or the file is refused with one line.
    @Test func readOrAreRefusedInOneLine() throws {
        for path in SharedModels.paths {
            do {
                let network = try ONNXModel(path: path).graph.resolved(height: 192, width: 256)
                #expect(network.nodes.count > 1, "\(path)")
                for (index, node) in network.nodes.enumerated() {
                    #expect(node.inputs.allSatisfy { $0 < index }, "\(path): \(node.name)")
                    #expect(min(node.shape.channels, node.shape.height, node.shape.width) > 0, "\(path): \(node.name)")
                }
            } catch {
                // Malformed for this size, that is: a constant may be of another.
                #expect([.unsupportedNetwork, .malformed].contains(error.code), "\(error)")
                #expect(!error.description.contains("\n"), "\(error)")
            }
        }
    }
}
