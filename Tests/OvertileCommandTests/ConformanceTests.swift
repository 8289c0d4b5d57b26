import Foundation
import InferenceEngine
import RasterIO
import TestData
import Testing

/// Whole scenes through the command, against what PyTorch gives.
@Suite(.enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
struct ConformanceTests {
    struct Case: Decodable {
        /// The network is tied to its tiles, whose size is among the arguments.
        var isTied: Bool { mode == "tiles" }

        let mode: String
        let args: [String]
        let models: [String]
        let tolerance: Float
        let classes: Int
    }

    /// A case's folder, and tiles to run it with beside the cost model's choice.
    static let cases: [(name: String, tiles: [Int])] = [
        // Valid convolutions: the paper's tile, a smaller one and one between; of one case, many more. From 284 on, the
        // layers that run depth-first take more than one band of rows.
        ("paper", [204, 252, 284, 316, 412, 572]),
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
        let conformance = try Self.conformance(name)
        for (number, model) in conformance.models.enumerated() {
            // Containers hold the same weights: one of them runs with all tiles, in turn with one and two workers.
            for tile in number == 0 ? tiles + [nil] : [nil] {
                var bytes: [[UInt8]] = []
                for workers in number == 0 ? [1, 2] : [2] {
                    var arguments = Self.arguments(bench, name, model: model, conformance)
                    arguments += ["--workers", "\(workers)"]
                    if let tile { arguments += ["--tile", "\(tile)"] }
                    let outcome = try CommandProcess.run(arguments)
                    #expect(outcome.status == 0, "\(model), tile \(tile ?? 0): \(outcome.errors)")
                    expectNoWarning(of: outcome, but: conformance, "\(model), tile \(tile ?? 0)")
                    guard outcome.status == 0 else { return }
                    bytes.append(try bench.folder.bytes("out/mask.tif") + bench.folder.bytes("out/p.tif"))
                }
                #expect(bytes.allSatisfy { $0 == bytes[0] }, "one and two workers, tile \(tile ?? 0)")
                try compare(bench, with: name, conformance, "\(model), tile \(tile ?? 0)")
            }
        }
    }

    /// Instruction sets below this processor's best, and the cases that each runs: plain C one of every kind of network
    /// alone, for it takes its time.
    static let lesserSets: [(set: String, name: String)] = OvertileBackend.instructionSets.dropFirst().flatMap { set in
        let names = set == "scalar" ? ["seed002-transposed", "seed003", "unetplusplus"] : cases.map(\.name)
        return names.map { (set, $0) }
    }

    @Test("probabilities are PyTorch's on older processors, too", arguments: lesserSets)
    func lesserSet(_ set: String, _ name: String) throws {
        let bench = try Workbench()
        let conformance = try Self.conformance(name)
        let arguments = Self.arguments(bench, name, model: conformance.models[0], conformance)
        let outcome = try CommandProcess.shell(
            "\(OvertileBackend.variable)=\(set) exec \"$OVERTILE\" \"$@\"", arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        expectNoWarning(of: outcome, but: conformance, set)
        guard outcome.status == 0 else { return }
        try compare(bench, with: name, conformance, set)
    }

    /// Nothing is said but, of a network that is tied to its tiles, why there may be seams.
    private func expectNoWarning(of outcome: CommandProcess.Outcome, but conformance: Case, _ run: String) {
        guard conformance.isTied else { return #expect(outcome.errors.isEmpty, "\(run): \(outcome.errors)") }
        let tile = conformance.args[conformance.args.firstIndex(of: "--tile")! + 1]
        let line = outcome.errors
        #expect(outcome.errorLines.count == 1, "\(run): \(line)")
        // Either an upsampling or a skip ties each of these networks, and is named.
        #expect(line.hasPrefix("overtile: warning: not seamless: "), "\(run): \(line)")
        #expect(line.contains("aligned corners") || line.contains("tile's size"), "\(run): \(line)")
        #expect(
            line.hasSuffix("; where tiles of \(tile) pixels meet, seams may show: larger tiles (--tile) have fewer\n"),
            "\(run): \(line)")
    }

    private static func conformance(_ name: String) throws -> Case {
        let description = try Data(contentsOf: URL(fileURLWithPath: SharedData.conformance("\(name)/case.json")))
        return try JSONDecoder().decode(Case.self, from: description)
    }

    private static func arguments(_ bench: Workbench, _ name: String, model: String, _ conformance: Case) -> [String] {
        [
            "segment", SharedData.conformance("\(name)/scene.tif"), "--model",
            SharedData.conformance("\(name)/\(model)"), "--output", bench.output(), "--probabilities",
            bench.output("p.tif"), "--overwrite",
        ] + conformance.args
    }

    /// Both outputs against what PyTorch gave.
    private func compare(_ bench: Workbench, with name: String, _ conformance: Case, _ run: String) throws {
        let expected = try RasterReader(path: SharedData.conformance("\(name)/expected.tif"))
        let expectedBands = try (1...conformance.classes).map { try expected.wholeBand($0) }
        let reader = try RasterReader(path: bench.output("p.tif"))
        #expect(reader.size == expected.size)
        #expect(reader.bands.count == conformance.classes)
        #expect(reader.spatialReference.isEquivalent(to: expected.spatialReference))
        var largest: Float = 0
        for (index, band) in expectedBands.enumerated() {
            for (value, wanted) in zip(try reader.wholeBand(index + 1), band) {
                largest = max(largest, value.isNaN ? .infinity : abs(value - wanted))
            }
        }
        #expect(largest <= conformance.tolerance, "\(run)")
        // The mask is the most probable class, but where two are as probable within the tolerance. A sigmoid's single
        // band is the probability of class 1.
        let mask = try RasterReader(path: bench.output()).wholeBand()
        let bands = expectedBands.count == 1 ? [expectedBands[0].map { 1 - $0 }, expectedBands[0]] : expectedBands
        let wrong = mask.indices.filter { pixel in
            let best = bands.map { $0[pixel] }.max() ?? 0
            return !(0..<Float(bands.count)).contains(mask[pixel])
                || bands[Int(mask[pixel])][pixel] < best - 2 * conformance.tolerance
        }
        #expect(wrong.isEmpty, "\(run): \(wrong.count) pixels")
    }
}
