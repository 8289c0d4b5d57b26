import Foundation
import RasterIO
import TestData
import Testing

/// Whole scenes through the command, against what PyTorch gives.
@Suite(.enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
struct ConformanceTests {
    struct Case: Decodable {
        let args: [String]
        let models: [String]
        let tolerance: Float
        let classes: Int
    }

    /// The paper's tile, a smaller one and one that holds much of the scene; and the choice of the cost model.
    static let tiles = [252, 412, 572, nil]

    @Test(
        "probabilities are PyTorch's, whatever container and tile",
        arguments: [
            "paper", "paper-batchnorm", "paper-tiny-scene",
        ])
    func probabilities(_ name: String) throws {
        let bench = try Workbench()
        let description = try Data(contentsOf: URL(fileURLWithPath: SharedData.conformance("\(name)/case.json")))
        let conformance = try JSONDecoder().decode(Case.self, from: description)
        let scene = SharedData.conformance("\(name)/scene.tif")
        let expected = try RasterReader(path: SharedData.conformance("\(name)/expected.tif"))
        let expectedBands = try (1...conformance.classes).map { try expected.wholeBand($0) }
        for (number, model) in conformance.models.enumerated() {
            // Containers hold the same weights: one of them runs with all tiles, in turn with one and two workers.
            for tile in number == 0 ? Self.tiles : [nil] {
                var bytes: [[UInt8]] = []
                for workers in number == 0 ? [1, 2] : [2] {
                    var arguments = ["segment", scene, "--model", SharedData.conformance("\(name)/\(model)")]
                    arguments += ["--output", bench.output(), "--probabilities", bench.output("p.tif"), "--overwrite"]
                    arguments += ["--workers", "\(workers)"] + conformance.args
                    if let tile { arguments += ["--tile", "\(tile)"] }
                    let outcome = try CommandProcess.run(arguments)
                    #expect(
                        outcome.status == 0 && outcome.errors.isEmpty, "\(model), tile \(tile ?? 0): \(outcome.errors)")
                    guard outcome.status == 0 else { return }
                    bytes.append(try bench.folder.bytes("out/mask.tif") + bench.folder.bytes("out/p.tif"))
                }
                #expect(bytes.allSatisfy { $0 == bytes[0] }, "one and two workers, tile \(tile ?? 0)")
                try compare(bench, with: expected, expectedBands, conformance, "\(model), tile \(tile ?? 0)")
            }
        }
    }

    private func compare(
        _ bench: Workbench, with expected: RasterReader, _ bands: [[Float]], _ conformance: Case, _ run: String
    ) throws {
        let reader = try RasterReader(path: bench.output("p.tif"))
        #expect(reader.size == expected.size)
        #expect(reader.bands.count == conformance.classes)
        #expect(reader.spatialReference.isEquivalent(to: expected.spatialReference))
        var largest: Float = 0
        for (index, band) in bands.enumerated() {
            for (value, wanted) in zip(try reader.wholeBand(index + 1), band) {
                largest = max(largest, value.isNaN ? .infinity : abs(value - wanted))
            }
        }
        #expect(largest <= conformance.tolerance, "\(run)")
        // The mask is the most probable class, but where two are as probable within the tolerance.
        let mask = try RasterReader(path: bench.output()).wholeBand()
        let wrong = mask.indices.filter { pixel in
            let best = bands.map { $0[pixel] }.max() ?? 0
            return !(0..<Float(bands.count)).contains(mask[pixel])
                || bands[Int(mask[pixel])][pixel] < best - 2 * conformance.tolerance
        }
        #expect(wrong.isEmpty, "\(run): \(wrong.count) pixels")
    }
}
