import Foundation
import TestData
import TestNetworks
import Testing

@testable import Models

/// The end of an ONNX graph says what its outputs are, whatever the file's keys say.
@Suite struct OutputActivationTests {
    /// The last operation, how many channels it has, and what follows.
    static let ends: [(String?, Int, ModelDescription.Activation?, ModelTask?)] = [
        (nil, 1, nil, nil), (nil, 3, nil, nil),
        // A sigmoid or softmax at the very end is taken off, and whoever reads the scores applies it.
        ("Sigmoid", 1, .logits, nil), ("Softmax", 3, .logits, nil),
        // Several sigmoids say of each class by itself whether it is there.
        ("Sigmoid", 3, .probabilities, .multilabel),
    ]

    @Test(arguments: [[], [("model_type", "Segmentor"), ("tile_size", "64")]] as [[(String, String)]])
    func graphsEnd_SaysWhatTheOutputsAre(metadata: [(String, String)]) throws {
        let folder = try TemporaryFolder()
        for (operation, channels, activation, task) in Self.ends {
            var writer = ONNXWriter()
            writer.metadata = metadata
            writer.input("x", ["n", 3, "h", "w"])
            writer.weights("w", [channels, 3, 1, 1], (0..<3 * channels).map { Float($0) - 3 })
            writer.node("Conv", ["x", "w"], [operation == nil ? "y" : "scores"])
            if let operation {
                writer.node(operation, ["scores"], ["y"], operation == "Softmax" ? ["axis": .int(1)] : [:])
            }
            writer.output("y", ["n", .fixed(channels), "h", "w"])
            let path = try folder.write(writer.bytes, to: "model.onnx")
            let description = try Model(path: path).description
            #expect(description.activation?.value == activation, "\(operation ?? "none")")
            #expect(description.task?.value == task, "\(operation ?? "none")")
        }
    }
}
