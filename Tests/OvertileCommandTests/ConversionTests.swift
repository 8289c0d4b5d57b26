import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// `convert`: what other programs read, Overtile reads again, and computes the same with it.
struct ConversionTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func convert(_ model: String, _ name: String, _ flags: [String] = []) throws -> CommandProcess.Outcome {
        try CommandProcess.run(["convert", model, "--output", bench.output(name)] + flags)
    }

    /// Mask and probabilities of a scene, band by band.
    private func pixels(_ scene: String, _ model: String, _ flags: [String]) throws -> [[Float]] {
        let outcome = try CommandProcess.run(
            [
                "segment", scene, "--model", model, "--output", bench.output("m.tif"), "--probabilities",
                bench.output("p.tif"), "--overwrite", "--quiet",
            ] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try ["m.tif", "p.tif"].flatMap { name in
            let raster = try RasterReader(path: bench.output(name))
            return try raster.bands.map { try raster.wholeBand($0.number).map { $0.isNaN ? 999 : $0 } }
        }
    }

    /// Networks of every family, seamless ones and others; what `--depth` leaves of one is all that its file holds.
    static let networks: [(name: String, convertible: [String])] = [
        ("paper", []), ("paper-batchnorm", []), ("pytorch-unet-transposed", []), ("pytorch-unet-bilinear", []),
        ("seed000-transposed", []), ("seed002-bilinear", []), ("seed003", []), ("unetplusplus", []),
        ("unetplusplus-deep-2", ["--depth", "2"]), ("unetplusplus-deep-mean", []),
    ]

    @Test(
        "files of all formats give the same bytes",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)), arguments: networks)
    func formats(_ name: String, _ choice: [String]) throws {
        let text = try Data(contentsOf: URL(fileURLWithPath: SharedData.conformance("\(name)/case.json")))
        let description = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        let arguments = try #require(description["args"] as? [String])
        let scene = SharedData.conformance("\(name)/scene.tif")
        let source = SharedData.conformance("\(name)/model.pth")
        let expected = try pixels(scene, source, arguments)
        #expect(expected.count >= 2 && expected[1].contains { $0 != expected[1][0] })
        for format in ["pth", "onnx"] {
            let outcome = try convert(source, "converted.\(format)", format == "onnx" ? choice : [])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let rest = format == "onnx" ? Array(arguments.prefix(arguments.count - choice.count)) : arguments
            #expect(try pixels(scene, bench.output("converted.\(format)"), rest) == expected, "\(format)")
        }
    }

    @Test("what is said to convert is in the file, and needs no flags", arguments: ["pth", "onnx"])
    func descriptions(format: String) throws {
        let flags = [
            "--bands", "1", "--scale", "0.02", "--mean", "1.5", "--classes", "land,sea", "--threshold", "0.4",
            "--nodata", "7",
        ]
        let outcome = try convert(bench.model, "said.\(format)", flags)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(
            try pixels(bench.scene, bench.output("said.\(format)"), []) == pixels(bench.scene, bench.model, flags))
        // From there on to safetensors, nothing is lost; an ONNX network has no place there.
        let back = try CommandProcess.run([
            "convert", bench.output("said.\(format)"), "--output", bench.output("back.safetensors"),
        ])
        #expect(back.status == (format == "onnx" ? 65 : 0))
        if format == "pth" {
            let said = try CommandProcess.run(
                ["convert", bench.model, "--output", bench.output("a.safetensors")] + flags)
            #expect(said.status == 0)
            #expect(try bench.folder.bytes("out/a.safetensors") == bench.folder.bytes("out/back.safetensors"))
        }
    }

    /// Deepness divides by 255 first, counts in centimetres, and keeps the middle of each tile.
    @Test("Deepness is told in its own terms")
    func deepness() throws {
        let flags = [
            "--scale", "0.5", "--offset", "1", "--mean", "26.5", "--std", "102", "--classes", "land,sea",
            "--resolution",
            "0.25", "--tile", "300",
        ]
        #expect(try convert(bench.model, "tile.onnx", flags).status == 0)
        let bytes = String(decoding: try bench.folder.bytes("out/tile.onnx"), as: UTF8.self)
        // (0.5 v + 1 - 26.5) / 102 = (v / 255 - 0.2) / 0.8. A margin of 20 pixels at each side is 14 % of 300.
        for (key, value) in [
            ("model_type", "\"Segmentor\""), ("standardization_mean", "[0.2]"), ("standardization_std", "[0.8]"),
            ("resolution", "25"), ("class_names", "{\"0\": \"land\", \"1\": \"sea\"}"), ("tile_size", "300"),
        ] { #expect(bytes.contains(key) && bytes.contains(value), "\(key)") }
        let unsaid = try convert(bench.model, "unsaid.onnx")
        #expect(unsaid.status == 0 && unsaid.errors.contains("255") && unsaid.errorLines.count == 1)
        let quiet = try convert(bench.model, "quiet.onnx", ["-q"])
        #expect(quiet.status == 0 && quiet.errors.isEmpty && quiet.output.isEmpty)
        #expect(try bench.folder.bytes("out/quiet.onnx") == bench.folder.bytes("out/unsaid.onnx"))
    }

    @Test(
        "what cannot be is said in one line, and leaves no file",
        arguments: [
            (["x.bin"], 64, ".onnx"), (["x"], 64, ".pth"),  // no ending that is known
            (["x.onnx", "--half"], 64, "--half"), (["x.pth", "--tile", "300"], 64, "--tile"),
            (["x.onnx", "--tile", "30"], 64, "margin"), (["none/x.pth"], 73, "none"), (["none/x.onnx"], 73, "none"),
        ] as [([String], Int32, String)])
    func refusals(_ arguments: [String], _ status: Int32, _ words: String) throws {
        let outcome = try convert(bench.model, arguments[0], ["--scale", "1"] + arguments.dropFirst())
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("half precision is for tensors of either container")
    func halves() throws {
        #expect(try convert(bench.model, "half.pth", ["--half"]).status == 0)
        #expect(try convert(bench.model, "whole.pth").status == 0)
        let sizes = try ["half", "whole"].map { try bench.folder.bytes("out/\($0).pth").count }
        #expect(Double(sizes[0]) < 0.75 * Double(sizes[1]))
        #expect(try pixels(bench.scene, bench.output("half.pth"), ["--scale", "0.01"]).count == 3)
    }
}
