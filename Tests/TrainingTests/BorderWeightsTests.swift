import Foundation
import TestMaps
import Testing
import Training

@Suite("Border weights")
struct BorderWeightsTests {
    /// The formula, from the distances to all pixels of all objects.
    private func slow(_ weights: BorderWeights, _ objects: [Int], _ classes: [Double], _ width: Int) -> [Double] {
        objects.indices.map { pixel in
            guard objects[pixel] == 0 else { return classes[pixel] }
            var nearest: [Int: Double] = [:]
            for other in objects.indices where objects[other] != 0 {
                let (dx, dy) = (Double(pixel % width - other % width), Double(pixel / width - other / width))
                nearest[objects[other]] = min(nearest[objects[other]] ?? .infinity, hypot(dx, dy))
            }
            let two = nearest.values.sorted().prefix(2)
            guard two.count == 2 else { return classes[pixel] }
            let sum = two.reduce(0, +)
            return classes[pixel] + weights.strength * exp(-sum * sum / (2 * weights.sigma * weights.sigma))
        }
    }

    @Test("are the formula's, from exact distances", arguments: [(10.0, 5.0), (3, 1), (25, 12)])
    func formula(_ strength: Double, _ sigma: Double) {
        let weights = BorderWeights(strength: strength, sigma: sigma)
        let (width, height) = (31, 24)
        for seed in 0..<4 {
            // Few pixels of several objects, scattered, so that nearest ones change all the time.
            let objects = noise(count: width * height, seed: UInt32(seed)).map {
                $0 > 0.94 ? Int(abs($0 * 1e5)) % 5 + 1 : 0
            }
            let classes = objects.map { $0 == 0 ? 0.7 : 1.3 }
            let ours = weights.weights(objects: objects, classes: classes, width: width)
            for (a, b) in zip(ours, slow(weights, objects, classes, width)) { #expect(abs(Double(a) - b) < 1e-5) }
        }
    }

    @Test("one object alone, or none, has no gaps")
    func noGaps() {
        let classes = [Double](repeating: 1, count: 12)
        for objects in [Array(repeating: 0, count: 12), [0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0]] {
            #expect(
                BorderWeights().weights(objects: objects, classes: classes, width: 4) == Array(repeating: 1, count: 12))
        }
    }

    @Test("objects of a mask touch at edges and not at corners, and are of one class")
    func objects() {
        let mask: [UInt8] = [
            1, 1, 0, 2,
            0, 1, 2, 2,
            1, 0, 255, 0,
        ]
        #expect(BorderWeights.objects(ofMask: mask, width: 4) == [1, 1, 0, 2, 0, 1, 2, 2, 3, 0, 0, 0])
    }
}
