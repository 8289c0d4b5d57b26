import Foundation
import TestMaps

/// Writes a small segmentation network with random weights as an ONNX file, as exporters write them: two levels,
/// padded convolutions, nearest upsampling, a skip.
package enum ONNXModelFile {
    /// The node that ties a network to its tiles, where there is one.
    package static let tyingNode = "/encoder/se/GlobalAveragePool"

    /// - Parameters:
    ///   - isTied: with a squeeze-excite block, which makes every pixel depend on the whole tile.
    ///   - metadata: of the file, `metadata_props`.
    /// - Returns: the file's path.
    package static func write(
        in folder: String, name: String = "model.onnx", bands: Int = 3, classes: Int = 2, isTied: Bool = false,
        metadata: [(String, String)] = [], seed: UInt64 = 1
    ) throws -> String {
        var generator = SeededGenerator(seed: seed)
        var writer = ONNXWriter()
        writer.metadata = metadata
        writer.input("image", ["batch", .fixed(bands), "height", "width"])
        let width = 6
        func convolve(_ input: String, _ output: String, from inputs: Int, to outputs: Int, kernel: Int) {
            let scale = (2 / Float(inputs * kernel * kernel)).squareRoot()
            func random(_ count: Int, _ scale: Float) -> [Float] { (0..<count).map { _ in scale * generator.normal() } }
            writer.weights(
                "\(output).weight", [outputs, inputs, kernel, kernel],
                random(outputs * inputs * kernel * kernel, scale))
            writer.weights("\(output).bias", [outputs], random(outputs, 0.3))
            writer.node(
                "Conv", [input, "\(output).weight", "\(output).bias"], [output], name: "/\(output)/Conv",
                ["pads": .ints([Int](repeating: kernel / 2, count: 4))])
        }
        convolve("image", "top", from: bands, to: width, kernel: 3)
        writer.node("Relu", ["top"], ["skip"])
        writer.node(
            "MaxPool", ["skip"], ["pooled"], name: "/encoder/MaxPool",
            ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
        convolve("pooled", "below", from: width, to: width, kernel: 3)
        writer.node("Relu", ["below"], ["bottom"])
        if isTied {
            writer.node("GlobalAveragePool", ["bottom"], ["squeezed"], name: tyingNode)
            convolve("squeezed", "excited", from: width, to: width, kernel: 1)
            writer.node("Sigmoid", ["excited"], ["gate"])
            writer.node("Mul", ["bottom", "gate"], ["gated"])
        }
        writer.weights("scales", [4], [1, 1, 2, 2])
        writer.node(
            "Resize", [isTied ? "gated" : "bottom", "", "scales"], ["up"], name: "/decoder/Resize",
            [
                "mode": .string("nearest"), "coordinate_transformation_mode": .string("asymmetric"),
                "nearest_mode": .string("floor"),
            ])
        writer.node("Concat", ["up", "skip"], ["joined"], ["axis": .int(1)])
        convolve("joined", "scores", from: 2 * width, to: classes, kernel: 1)
        writer.output("scores", ["batch", .fixed(classes), "height", "width"])
        let path = "\(folder)/\(name)"
        try Data(writer.bytes).write(to: URL(fileURLWithPath: path))
        return path
    }
}
