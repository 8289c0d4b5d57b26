import Foundation
import TestData
import TestModelFiles
import TestNetworks
import Testing

/// Whatever is wrong with the input: the exit code that the help promises, one line that names the culprit, no file.
struct BadInputTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let status: Int32
        /// Words of the error line.
        let says: [String]
        /// Makes the files, and gives the arguments.
        let arguments: @Sendable (Workbench) throws -> [String]
        let testDescription: String

        init(
            _ testDescription: String, _ status: Int32, _ says: [String],
            _ arguments: @escaping @Sendable (Workbench) throws -> [String]
        ) {
            self.testDescription = testDescription
            self.status = status
            self.says = says
            self.arguments = arguments
        }
    }

    /// `segment` with another scene, model or output than the bench's, quietly: warnings are no errors.
    private static func segment(
        _ bench: Workbench, scene: String? = nil, model: String? = nil, output: String? = nil, _ more: [String] = []
    ) -> [String] {
        [
            "segment", scene ?? bench.scene, "--model", model ?? bench.model, "--output", output ?? bench.output(),
            "--quiet",
        ] + more
    }

    private static func option(_ status: Int32, _ says: [String], _ words: String...) -> Case {
        Case(words.joined(separator: " "), status, says) { segment($0, words) }
    }

    static let commandLines: [Case] = [
        Case("no command of that name", 64, ["'foo'", "overtile --help"]) { _ in ["foo"] },
        // Near misses are told what they may have meant, words of other programs what the same is called here.
        Case("a command, almost", 64, ["did you mean segment?"]) { _ in ["segmnt"] },
        Case("help on a command, almost", 64, ["did you mean segment?"]) { _ in ["help", "segmen"] },
        option(64, ["--output"], "--outptu", "x.tif"), option(64, ["did you mean --probabilities?"], "--prob", "p.tif"),
        option(64, ["--workers"], "--threads", "2"), option(64, ["--of COG"], "--cog"),
        option(64, ["processors"], "--gpu"), option(64, ["4G"], "--memory", "4"),
        // A word that is wrong is named before what is missing because of it.
        Case("an option, almost, in place of one that must be", 64, ["'--outptu'", "did you mean --output?"]) {
            ["segment", $0.scene, "--model", $0.model, "--outptu", $0.output()]
        },
        // No advice that the command could not follow.
        Case("an option of another command", 64, ["Unknown option '--prob'; see overtile plan --help"]) {
            ["plan", $0.scene, "--model", $0.model, "--prob", "p.tif"]
        },
        Case("another program's word", 64, ["Unknown option '--threads'; see overtile stats --help"]) {
            ["stats", $0.scene, "--threads", "2"]
        },
        option(64, ["1/10000"], "--scale", "ten"), option(64, ["1/10000"], "--scale", "1/0"),
        Case("no scene", 64, ["<scenes>", "overtile segment --help"]) { _ in ["segment"] },
        Case("no model", 64, ["--model"]) { ["segment", $0.scene, "--output", $0.output()] },
        Case("no output", 64, ["--output"]) { ["segment", $0.scene, "--model", $0.model] },
        option(64, ["--frobnicate"], "--frobnicate"),
        // Numbers that are none, or cannot be meant; negative ones are values and not options.
        option(64, ["--tile"], "--tile", "x"),
        option(64, ["--tile -3"], "--tile", "-3"),
        option(64, ["--tile 17", "44"], "--tile", "17"),
        option(64, ["--tile 46", "44 or 48"], "--tile", "46"),
        option(64, ["--tile 999999999999", "32768"], "--tile", "999999999999"),
        option(64, ["--margin 1", "20"], "--margin", "1"),
        option(64, ["--workers 0", "1024"], "--workers", "0"),
        option(64, ["--memory"], "--memory", "lots"),
        option(64, ["needs", "1 MiB", "--memory"], "--memory", "1M"),
        option(64, ["tiles of 4096", "--tile"], "--tile", "4096", "--memory", "190M"),
        option(64, ["band 0"], "--bands", "0"),
        option(64, ["band -1"], "--bands", "-1"),
        option(64, ["names 3", "takes 1 band"], "--bands", "1,1,1"),
        option(64, ["--mean nan"], "--mean", "nan"),
        option(64, ["--mean", "2 values"], "--mean", "1,2"),
        option(64, ["--std 0"], "--std", "0"),
        option(64, ["--std -1"], "--std", "-1"),
        option(64, ["--scale nan"], "--scale", "nan"),
        option(64, ["--scale 0"], "--scale", "0"),
        option(64, ["--offset inf"], "--offset", "inf"),
        option(64, ["--threshold 2"], "--threshold", "2"),
        option(64, ["1 name", "2 outputs"], "--classes", "water"),
        option(64, ["name 2 of 2 is empty"], "--classes", "water,"),
        option(64, ["\"water\"", "twice"], "--classes", "water,water"),
        option(64, ["KEY=VALUE"], "--co", "COMPRESS"),
        option(64, ["FOO"], "--co", "FOO=BAR"),
        option(64, ["'FOO'", "COMPRESS"], "--co", "COMPRESS=FOO"),
        option(64, ["NBITS=1"], "--co", "NBITS=1"),
        option(64, ["--quiet", "--verbose"], "--verbose"),
    ]

    static let scenes: [Case] = [
        Case("no such scene", 66, ["none.tif", "check the path"]) { segment($0, scene: $0.folder.path("none.tif")) },
        Case("no such file in memory", 66, ["/vsimem/none.tif"]) { segment($0, scene: "/vsimem/none.tif") },
        Case("an empty name", 64, ["empty"]) { segment($0, scene: "") },
        Case("a folder", 65, ["folder"]) { segment($0, scene: $0.folder.url.path) },
        Case("text", 65, ["text.tif", "gdalinfo"]) {
            segment($0, scene: try $0.folder.write(Array("not a raster\n".utf8), to: "text.tif"))
        },
        Case("an empty file", 65, ["0 bytes"]) { segment($0, scene: try $0.folder.write([], to: "empty.tif")) },
        Case("half a file", 65, ["half.tif", "copy"]) {
            segment($0, scene: try $0.folder.copy($0.scene, as: "half.tif", first: 700))
        },
        // A TIFF of no pixels cannot be made; a mosaic can say so.
        Case("no pixels", 65, ["zero.vrt", "0 x 10"]) {
            let text =
                "<VRTDataset rasterXSize=\"0\" rasterYSize=\"10\"><VRTRasterBand dataType=\"Byte\"/></VRTDataset>"
            return segment($0, scene: try $0.folder.write(Array(text.utf8), to: "zero.vrt"))
        },
        Case("too few bands", 65, ["1 band", "takes 3"]) {
            segment($0, model: try ModelFile.paperUNet(in: $0.folder.url.path, bands: 3))
        },
        Case("too many bands", 65, ["rgb.tif", "3 bands", "--bands"]) {
            let scene = $0.folder.path("rgb.tif")
            try SyntheticScene.write(scene, width: 20, height: 10, bands: 3)
            return segment($0, scene: scene)
        },
        Case("a name of two lines", 66, ["two lines.tif"]) { segment($0, scene: $0.folder.path("two\nlines.tif")) },
    ]

    static let models: [Case] = [
        Case("no such model", 66, ["none.pth", "check the path"]) { segment($0, model: $0.folder.path("none.pth")) },
        Case("a folder", 66, ["folder"]) { segment($0, model: $0.folder.url.path) },
        Case("a raster", 65, ["scene.tif", "safetensors"]) { segment($0, model: $0.scene) },
        Case("half a file", 65, ["half.safetensors"]) {
            segment($0, model: try $0.folder.copy($0.model, as: "half.safetensors", first: 9000))
        },
        Case("half of its header", 65, ["header.safetensors"]) {
            segment($0, model: try $0.folder.copy($0.model, as: "header.safetensors", first: 100))
        },
        Case("an unknown network", 65, ["other.safetensors", "inc.weight", "closest is"]) {
            let path = $0.folder.path("other.safetensors")
            try ModelFile.safetensors([("inc.weight", [1], [1])]).write(to: URL(fileURLWithPath: path))
            return segment($0, model: path)
        },
        Case("a checkpoint that would call os.system", 65, ["hostile.pth", "posix", "system"]) {
            segment(
                $0, model: try $0.folder.write(hostileCheckpoint(touching: $0.output("touched")), to: "hostile.pth"))
        },
    ]

    static let outputs: [Case] = [
        Case("is there", 73, ["scene.tif.copy", "--overwrite"]) {
            segment($0, output: try $0.folder.copy($0.scene, as: "scene.tif.copy"))
        },
        Case("in no folder", 73, ["none", "make it first"]) { segment($0, output: $0.folder.path("none/mask.tif")) },
        Case("in a file", 73, ["not a folder"]) { segment($0, output: $0.scene + "/mask.tif") },
        Case("without a name", 73, ["does not name a file"]) { segment($0, output: "") },
        Case("a folder that is not there", 73, ["none/deeper", "make it first"]) {
            segment($0, output: $0.folder.path("none/deeper") + "/")
        },
        Case("where no file can be", 73, ["/proc/mask.tif"]) { segment($0, output: "/proc/mask.tif") },
        Case("in memory", 73, ["local files"]) { segment($0, output: "/vsimem/mask.tif") },
        Case("the scene", 64, ["is a scene"]) { segment($0, output: $0.scene, ["--overwrite"]) },
        Case("the model", 64, ["is the model"]) { segment($0, output: $0.model, ["--overwrite"]) },
        Case("a part of the scene", 64, ["a part of"]) {
            let text = """
                <VRTDataset rasterXSize="150" rasterYSize="90"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
                <SourceFilename>\($0.scene)</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>
                </VRTDataset>
                """
            let mosaic = try $0.folder.write(Array(text.utf8), to: "mosaic.vrt")
            return segment($0, scene: mosaic, output: $0.scene, ["--overwrite"])
        },
        Case("mask and probabilities in one", 64, ["mask and probabilities"]) {
            segment($0, ["--probabilities", $0.output()])
        },
        Case("probabilities in no folder", 73, ["none", "make it first"]) {
            segment($0, ["--probabilities", $0.folder.path("none/p.tif")])
        },
    ]

    @Test("the command line is wrong", arguments: commandLines)
    func commandLine(_ bad: Case) throws { try check(bad) }

    @Test("the scene is bad", arguments: scenes)
    func scene(_ bad: Case) throws { try check(bad) }

    @Test("the model is bad", arguments: models)
    func model(_ bad: Case) throws { try check(bad) }

    @Test("the output cannot be", arguments: outputs)
    func output(_ bad: Case) throws { try check(bad) }

    /// Files that cannot be used, each broken in its own way; complex samples.
    @Test(
        "rasters that others have met", .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: [
            "RGB.byte.truncated.tif", "corrupt.tif", "small/byte_truncated.tif", "small/tiled_bad_offset.tif",
            "small/huge-number-strips.tif", "small/cint16.tif",
        ])
    func sharedScene(_ name: String) throws {
        try check(
            Case(name, 65, [name]) { Self.segment($0, scene: SharedData.geotiff(name)) })
    }

    /// The error line names what keeps the file from being of the closest family; the tensors are listed beside it.
    @Test("networks of no known family, in both containers", arguments: ["net.safetensors", "net.pth"])
    func unknownFamily(_ name: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path(name)
        if name.hasSuffix(".pth") {
            let tensor = SampleTensor(name: "stem.weight", storage: .init(count: 1), shape: [1], strides: [1])
            _ = try folder.write(TorchWriter.zip(tensor, [0, 0, 128, 63]), to: name)
        } else {
            try ModelFile.safetensors([("stem.weight", [1], [1])]).write(to: URL(fileURLWithPath: path))
        }
        let outcome = try CommandProcess.run(["inspect", path])
        let comment = Comment(rawValue: "\(outcome.status): \(outcome.errors)")
        #expect(outcome.status == 65, comment)
        #expect(outcome.errorLines.count == 1, comment)
        for words in [name, "closest is", "stem.weight"] { #expect(outcome.errors.contains(words), comment) }
        #expect(outcome.output == "stem.weight  float32 (1)\n")
        let json = try CommandProcess.run(["inspect", path, "--json"])
        #expect(json.status == 65 && json.output.isEmpty && json.errors == outcome.errors)
    }

    @Test("many tensors of no known family are summed up by module, as deep as a screen has room")
    func manyTensors() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("net.safetensors")
        let layers = (0..<12).flatMap { layer in
            ["attention.in.weight", "attention.out.weight", "norm.weight"].map {
                ("layers.\(layer).\($0)", [2, 3], [Float](repeating: 1, count: 6))
            }
        }
        try ModelFile.safetensors([("stem.weight", [4], [1, 1, 1, 1])] + layers).write(to: URL(fileURLWithPath: path))
        let outcome = try CommandProcess.run(["inspect", path])
        #expect(outcome.status == 65)
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count == 15, "\(outcome.output)")
        #expect(lines.contains(["layers.11", "3", "18"]) && lines.contains(["stem", "1", "4"]), "\(outcome.output)")
        #expect(outcome.output.hasSuffix("--tensors lists all 37 tensors\n"))
        let all = try CommandProcess.run(["inspect", path, "--tensors"])
        #expect(all.status == 0 && all.output.split(separator: "\n").count == 37)
    }

    @Test(
        "networks that others have trained are of a known family",
        .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)),
        arguments: ["seed003/model.pth", "unetplusplus/model.safetensors"])
    func knownFamily(_ name: String) throws {
        let outcome = try CommandProcess.run(["inspect", SharedData.conformance(name)])
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    @Test("a file name that is no text")
    func notUnicode() throws {
        let outcome = try CommandProcess.shell("exec \"$OVERTILE\" inspect \"$(printf 'bad\\377.pth')\"")
        #expect(outcome.status == 64)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("UTF-8"), "\(outcome.errors)")
    }

    private func check(_ bad: Case, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let bench = try Workbench()
        let arguments = try bad.arguments(bench)
        let before = try bench.folder.names
        let outcome = try CommandProcess.run(arguments)
        let comment = Comment(rawValue: "\(outcome.status): \(outcome.errors)")
        #expect(outcome.status == bad.status, comment, sourceLocation: sourceLocation)
        #expect(outcome.errorLines.count == 1, comment, sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("overtile: error: "), comment, sourceLocation: sourceLocation)
        for words in bad.says { #expect(outcome.errors.contains(words), comment, sourceLocation: sourceLocation) }
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(try bench.outputs.isEmpty, sourceLocation: sourceLocation)
        #expect(try bench.folder.names == before, "no sidecar either", sourceLocation: sourceLocation)
    }

    /// The pre-2020 format: magic number, version, machine, then a pickle that calls `os.system("touch PATH")`.
    private static func hostileCheckpoint(touching path: String) -> [UInt8] {
        let magic: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
        let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e]
        let machine: [UInt8] = [0x80, 2, 0x7d, 0x2e]
        let command = Array("touch \(path)".utf8)
        let length = withUnsafeBytes(of: UInt32(command.count).littleEndian) { Array($0) }
        return magic + version + machine + [0x80, 2] + Array("cposix\nsystem\n(X".utf8) + length + command
            + Array("tR.".utf8)
    }
}
