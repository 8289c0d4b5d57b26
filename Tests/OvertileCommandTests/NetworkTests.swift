import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// `inspect`, `plan` and `bench` on networks of every kind, and options that a network does not have.
struct NetworkTests {
    private static let needsSharedData = ConditionTrait.enabled(
        if: SharedData.isPresent, Comment(rawValue: SharedData.missing))

    private func report(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try CommandProcess.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any] ?? [:]
    }

    struct Seam: Sendable {
        let name: String
        /// nil for networks of fixed tiles.
        var margin: Int?
        /// A word of why there are seams.
        var reason: String?
    }

    @Test(
        "inspect and plan tell what can be seamless, and what prevents it", needsSharedData,
        arguments: [
            // valid: the network's own margin
            Seam(name: "paper", margin: 92),
            Seam(name: "paper-batchnorm", margin: 44),
            // padded and equivariant: up to the next multiple of the stride
            Seam(name: "pytorch-unet-transposed", margin: 96),
            Seam(name: "seed000-transposed", margin: 96),
            Seam(name: "seed002-transposed", margin: 96),
            // tied to the tile
            Seam(name: "pytorch-unet-bilinear", reason: "aligned corners"),
            Seam(name: "unetplusplus", reason: "aligned corners"),
            Seam(name: "seed003", reason: "up4"),
        ])
    func seams(_ seam: Seam) throws {
        let model = SharedData.conformance("\(seam.name)/model.pth")
        let inspected = try report(["inspect", model])
        #expect(inspected["stride"] as? Int == (seam.name == "paper-batchnorm" ? 8 : 16))
        #expect(inspected["margin"] as? Int == seam.margin)
        #expect(inspected["seamless"] as? Bool == (seam.reason == nil))
        let planned = try report([
            "plan", SharedData.conformance("\(seam.name)/scene.tif"), "--model", model, "--quiet",
        ])
        for report in [inspected, planned] {
            let told = report["reason"] as? String
            #expect(seam.reason.map { told?.contains($0) == true } ?? (told == nil))
        }
    }

    @Test("a pruned depth costs less, as counted and as run", needsSharedData)
    func depths() throws {
        let model = SharedData.conformance("unetplusplus-deep-4/model.pth")
        let costs = try (1...4).map { depth in
            try report(["inspect", model, "--depth", "\(depth)"])["flopPerPixel"] as? Double ?? 0
        }
        #expect(costs[0] > 0 && costs == costs.sorted() && Set(costs).count == 4)
        let trial = try report(["bench", "--model", model, "--depth", "1", "--seconds", "0.1", "--tile", "128"])
        let flop = try #require(trial["flopPerTile"] as? Double)
        let step = try #require(trial["step"] as? Int)
        #expect(trial["tile"] as? Int == 128 && step == 96)
        // Borders and margins come on top.
        #expect(flop / Double(step * step) > costs[0] && flop / Double(step * step) < 3 * costs[0])
        #expect((trial["tiles"] as? Int ?? 0) >= 1 && (trial["megapixelsPerSecond"] as? Double ?? 0) > 0)
    }

    @Test("bench measures a model of one's own")
    func bench() throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run(["bench", "--model", bench.model, "--seconds", "0.1"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("Mpx/s") && outcome.output.contains("GFLOP/s"))
        let told = try report(["bench", "--model", bench.model, "--seconds", "0.1"])
        let numbers = ["gigaflops", "peakGigaflops", "shareOfPeak"].map { told[$0] as? Double ?? 0 }
        #expect(numbers.allSatisfy { $0 > 0 } && abs(numbers[0] / numbers[1] - numbers[2]) < 1e-6 * numbers[2])
    }

    @Test("padding is a choice where the tensors leave it open")
    func padding() throws {
        let bench = try Workbench()
        let valid = try report(["inspect", bench.model])
        let padded = try report(["inspect", bench.model, "--padded"])
        // Up to the next multiple of the stride of 4.
        #expect(valid["margin"] as? Int == 20 && padded["margin"] as? Int == 24)
        let outcome = try bench.segment("--padded")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test("an unknown file is listed, and refused")
    func unknown() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("other.safetensors")
        try ModelFile.safetensors([("fc.weight", [2, 3], [1, 2, 3, 4, 5, 6]), ("fc.bias", [2], [1, 2])])
            .write(to: URL(fileURLWithPath: path))
        let outcome = try CommandProcess.run(["inspect", path])
        #expect(outcome.status == 65)
        #expect(outcome.output == "fc.weight  float32 (2, 3)\nfc.bias    float32 (2)\n")
        let asked = try CommandProcess.run(["inspect", path, "--tensors"])
        #expect(asked.status == 0 && asked.output == outcome.output && asked.errors.isEmpty)
    }

    @Test(
        "options that the network does not have are refused", needsSharedData,
        arguments: [
            ("paper", ["--depth", "2"], "no depths"),
            ("unetplusplus", ["--depth", "2"], "no depths"),
            ("unetplusplus-deep-4", ["--depth", "5"], "depths 1 to 4"),
            ("unetplusplus", ["--padded"], "anyway"),
            // rewritten: a margin below the network's, a tile that four poolings cannot halve
            ("pytorch-unet-transposed", ["--margin", "80"], "96"),
            ("pytorch-unet-transposed", ["--tile", "500"], "496 or 512"),
            // fixed tiles
            ("seed003", ["--tile", "150"], "144 or 160"),
            ("seed003", ["--tile", "32", "--margin", "16"], "--tile 32"),
        ])
    func refused(_ name: String, _ options: [String], _ says: String) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run(
            [
                "segment", SharedData.conformance("\(name)/scene.tif"), "--model",
                SharedData.conformance("\(name)/model.pth"), "--output", bench.output(), "--quiet",
            ] + options)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(says) && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("a converted model gives the same mask, and needs no flags")
    func convert() throws {
        let bench = try Workbench()
        let converted = bench.output("padded.safetensors")
        let outcome = try CommandProcess.run(["convert", bench.model, "--output", converted, "--padded"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty && outcome.output.isEmpty)
        let original = try bench.segment("--padded")
        #expect(original.status == 0)
        let mask = try RasterReader.wholeBand(ofFile: bench.output())
        let again = try CommandProcess.run([
            "segment", bench.scene, "--model", converted, "--output", bench.output(), "--scale", "0.01", "--overwrite",
        ])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try RasterReader.wholeBand(ofFile: bench.output()) == mask)
        // Half precision halves the file; what is there is not replaced unasked.
        let refused = try CommandProcess.run(["convert", bench.model, "--output", converted, "--half"])
        #expect(refused.status == 73)
        let halved = try CommandProcess.run(["convert", bench.model, "--output", converted, "--half", "--overwrite"])
        #expect(halved.status == 0)
        #expect(try bench.folder.bytes("out/padded.safetensors").count < 40 * 1024)
    }
}
