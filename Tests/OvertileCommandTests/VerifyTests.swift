import Foundation
import TestData
import Testing

/// `segment --verify`: what tiles gave, against windows across their borders.
@Suite struct VerifyTests {
    @Test("a seamless network's tiles equal windows across their borders, however these are stored")
    func seamless() throws {
        let bench = try Workbench()
        let small = ["--tile", "76", "--verify", "5"]
        let plain = try bench.segment(small[0], small[1], small[2], small[3])
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(plain.output.contains("5 windows") && plain.output.contains(": 0 of "))
        #expect(!plain.output.contains("probabilities"))
        for (type, step) in [("float32", 1e-4), ("uint16", 2.1e-5), ("uint8", 4.1e-3)] {
            let outcome = try bench.segment(
                "--probabilities", bench.output("p.tif"), "--probabilities-type", type, "--tile", "76", "--verify", "5",
                "--overwrite")
            let words = outcome.output.split(separator: " ")
            let place = try #require(words.firstIndex(of: "by"))
            #expect(try #require(Double(words[place + 1])) <= step, "\(outcome.output)")
        }
    }

    @Test(
        "a network tied to its tile shows its seams", .enabled(if: SharedData.isPresent, "\(SharedData.missing)"))
    func seams() throws {
        let bench = try Workbench()
        let folder = SharedData.conformance("pytorch-unet-bilinear")
        let model = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("model.") })
        let outcome = try CommandProcess.run(
            [
                "segment", folder + "/scene.tif", "--model", folder + "/" + model, "--output", bench.output(),
                "--probabilities", bench.output("p.tif"), "--tile", "64", "--verify", "3", "--quiet",
            ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let words = outcome.output.split(separator: " ")
        let place = try #require(words.firstIndex(of: "by"))
        #expect(try #require(Double(words[place + 1])) > 1e-3, "\(outcome.output)")
    }

    @Test("what cannot be verified is said")
    func refused() throws {
        let bench = try Workbench()
        #expect(try bench.segment("--verify", "0").status == 64)
        let whole = try bench.segment("--verify", "2", "--tile", "196")
        #expect(whole.status == 0 && whole.output.contains("one tile"), "\(whole.output)\(whole.errors)")
    }
}
