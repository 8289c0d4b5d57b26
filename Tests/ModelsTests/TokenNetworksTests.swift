import Foundation
import InferenceEngine
import NetworkGraph
import Testing

@testable import Models

/// ONNX networks whose pixels become tokens, windows and channels, against what ONNX Runtime computes (Networks/tokens.py).
@Suite struct TokenNetworksTests {
    /// A file, and of its output the first value of the first channel and three more, and the mean of all magnitudes.
    private static let answers: [(name: String, numbers: [Double])] = [
        // Attention in windows that a roll has shifted; every second pixel of four is joined with the others.
        ("Windows", [28.46959, 24.96874, -2.736851, -3.623715, 18.1498]),
        // A constant token in front of the pixels, which is split off again and laid beside each of them.
        ("ClassToken", [-10.4211, -11.48708, -21.47267, -9.878501, 7.379412]),
        // A softmax over all pairs of pixels, and a reshape that makes pixels channels.
        ("Positions", [34.20323, 16.39394, 14.99902, -15.2198, 16.50618]),
        // A softmax over pixels, whose mean is given to all, and constants that are joined to the bands.
        ("Context", [-0.7294928, -1.025544, 1.564575, 5.11423, 1.984492]),
        // A skip of no channels at all, and an output made of patches.
        ("NoFeatures", [-1.315371, -0.7608241, -1.703514, -0.3618875, 2.615318]),
        // Lengths of channels over all pixels, and of pixels over all channels.
        ("Response", [-3.417048, 10.4842, -0.8464327, -3.338868, 3.85642]),
        // Bands in another order, channels filled with a constant, and pooling to sides that don't divide the map's.
        ("Selection", [-0.4214158, -7.364049, -1.137896, -4.63928, 5.173445]),
        // Ones beside the values, whose product is the divisor.
        ("LinearAttention", [-2.227082, -1.312695, 1.856445, 5.750174, 3.13698]),
        // Two stacked maps, each weighted channel by channel, and their sum.
        ("SelectiveKernel", [5.712718, 0.5132679, 2.437541, -0.5450623, 1.371824]),
        // Products of constants, as deep as a small network.
        ("RelativePositions", [-5.195084, 0.679292, -19.33807, -25.92471, 9.781389]),
    ]

    @Test(arguments: answers)
    func computesWhatONNXRuntimeComputes(name: String, numbers: [Double]) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Networks/tokens")
        let model = try Model(path: folder.appending(path: "\(name).onnx").path)
        guard case .fixedTiles(let network) = model.network else {
            Issue.record("seamless, though it reads the whole tile")
            return
        }
        let input = (0..<768).map { place -> Float in
            let (band, row, column) = (place / 256, place / 16 % 16, place % 16)
            return Float((band * 31 + row * 7 + column * 13) % 23) / 5.75 - 2
        }
        for backend in [try OvertileBackend(), OneDNNBackend()] as [any Backend] {
            let compiled = try CompiledNetwork(try network.computation(tile: 16, margin: 0), backend: backend)
            let session = try InferenceSession(compiled)
            _ = session.input.update(fromContentsOf: input)
            try session.run()
            let output = Array(session.output).prefix(512).map(Double.init)
            let mean = output.map(abs).reduce(0, +) / 512
            let found = [output[0], output[7 * 16 + 9], output[511], output[256 + 3 * 16 + 12], mean]
            for (value, expected) in zip(found, numbers) {
                #expect(abs(value - expected) < 1e-5 * max(10, abs(expected)), "\(backend): \(found)")
            }
        }
    }
}
