import Foundation
import InferenceEngine
import NetworkGraph
import TestNetworks
import Testing

/// What float32 and Winograd's transforms cost, in the network and width that users run.
@Suite struct PrecisionTests {
    /// 7 milliard products: the paper's five levels on the smallest tile.
    @Test(.enabled(if: isOptimized, "takes minutes without optimisation"))
    func probabilitiesAreThoseOfDoublePrecision() throws {
        let network = try SeamlessNetwork(PaperUNet.random(bands: 3, classes: 4, depth: 5, base: 64).graph())
        let computation = network.computation(height: 16, width: 16)
        let input = noise(
            channels: 3, rows: 0..<computation.input.rows.count, columns: 0..<computation.input.columns.count)
        let exact = ExactRun(computation, on: input).output
        let logits = try CompiledNetwork(computation, backend: OvertileBackend(instructionSet: nil)).run(on: input)
        var largest = 0.0
        for pixel in 0..<16 * 16 {
            func probabilities(_ logit: (Int) -> Double) -> [Double] {
                let powers = (0..<4).map { exp(logit($0 * 256 + pixel)) }
                return powers.map { $0 / powers.reduce(0, +) }
            }
            let expected = probabilities { exact.values[$0] }
            let actual = probabilities { Double(logits.elements[$0]) }
            largest = zip(expected, actual).reduce(largest) { max($0, abs($1.0 - $1.1)) }
        }
        #expect(largest < 1e-4)
        let spread = exact.values.map(abs).max()!
        #expect(spread > 0.1, "the network says something")
    }

    #if DEBUG
        private static let isOptimized = false
    #else
        private static let isOptimized = true
    #endif
}
