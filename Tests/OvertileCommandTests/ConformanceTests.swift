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

    /// A case's folder, and tiles to run it with beside the cost model's choice.
    static let cases: [(name: String, tiles: [Int])] = [
        // Valid convolutions: the paper's tile, a smaller one and one between
        ("paper", [252, 412, 572]),
        ("paper-batchnorm", [252, 412, 572]),
        ("paper-tiny-scene", [252, 412, 572]),
        // Padded, but equivariant: rewritten, so that any tile gives the same
        ("pytorch-unet-transposed", [208, 352]),
        ("seed000-transposed", [208, 352]),
        ("seed002-transposed", [208, 352]),
        // Tied to their tiles, which the case's arguments fix: aligned corners, skips padded to size
        ("pytorch-unet-bilinear", []),
        ("seed000-bilinear", []),
        ("seed002-bilinear", []),
        ("seed003", []),
        // Dense skips, with one head, and with deep supervision's four, pruned and whole
        ("unetplusplus", []),
        ("unetplusplus-deep-1", []),
        ("unetplusplus-deep-2", []),
        ("unetplusplus-deep-3", []),
        ("unetplusplus-deep-4", []),
        ("unetplusplus-deep-mean", []),
    ]

    @Test("probabilities are PyTorch's, whatever container and tile", arguments: cases)
    func probabilities(_ name: String, _ tiles: [Int]) throws {
        let bench = try Workbench()
        let description = try Data(contentsOf: URL(fileURLWithPath: SharedData.conformance("\(name)/case.json")))
        let conformance = try JSONDecoder().decode(Case.self, from: description)
        let scene = SharedData.conformance("\(name)/scene.tif")
        let expected = try RasterReader(path: SharedData.conformance("\(name)/expected.tif"))
        let expectedBands = try (1...conformance.classes).map { try expected.wholeBand($0) }
        for (number, model) in conformance.models.enumerated() {
            // Containers hold the same weights: one of them runs with all tiles, in turn with one and two workers.
            for tile in number == 0 ? tiles + [nil] : [nil] {
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
        // The mask is the most probable class, but where two are as probable within the tolerance. A sigmoid's single
        // band is the probability of class 1.
        let mask = try RasterReader(path: bench.output()).wholeBand()
        let bands = bands.count == 1 ? [bands[0].map { 1 - $0 }, bands[0]] : bands
        let wrong = mask.indices.filter { pixel in
            let best = bands.map { $0[pixel] }.max() ?? 0
            return !(0..<Float(bands.count)).contains(mask[pixel])
                || bands[Int(mask[pixel])][pixel] < best - 2 * conformance.tolerance
        }
        #expect(wrong.isEmpty, "\(run): \(wrong.count) pixels")
    }
}
