import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing

/// What goes to standard output, what to standard error, and what happens where these are closed or full.
struct StreamTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("a run says nothing but warnings")
    func segmentIsSilent() throws {
        let outcome = try bench.segment()
        #expect(outcome.status == 0)
        #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(try bench.outputs == ["mask.qml", "mask.tif", "mask.tif.aux.xml"])
    }

    @Test("a warning gives its reason, and --quiet silences it")
    func quiet() throws {
        let arguments = ["segment", bench.scene, "-m", bench.model, "-o", bench.output(), "-overwrite"]
        let warned = try CommandProcess.run(arguments)
        #expect(warned.status == 0)
        #expect(warned.errorLines.count == 1)
        #expect(warned.errors.contains("warning: \(bench.scene)") && warned.errors.contains("as no scale"))
        let quiet = try CommandProcess.run(arguments + ["-q"])
        #expect(quiet.status == 0)
        #expect(quiet.errors.isEmpty && quiet.output.isEmpty)
    }

    @Test("--verbose says what was planned and where the time went, all on standard error")
    func verbose() throws {
        let outcome = try bench.segment("--verbose")
        #expect(outcome.status == 0)
        #expect(outcome.output.isEmpty)
        for words in ["Tile ", "Workers ", "150 x 90 pixels", "reading", "the limit was"] {
            #expect(outcome.errors.contains(words))
        }
        #expect(!outcome.errors.contains("\u{1B}"), "no bar in a file")
    }

    @Test(
        "a name that promises another format is refused, with the name that fits; so is a stream",
        arguments: [("mask.png", "mask.tif"), ("mask.JP2", "mask.tif"), ("-", "name a file")])
    func otherFormat(name: String, says: String) throws {
        let path = name == "-" ? name : bench.output(name)
        let outcome = try CommandProcess.run(["segment", bench.scene, "-m", bench.model, "-o", path, "--scale", "1"])
        #expect(outcome.status == 64)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(says))
        let probabilities = try CommandProcess.run(
            [
                "segment", bench.scene, "-m", bench.model, "-o", bench.output("mask.tif"), "--scale", "1",
                "--probabilities", path,
            ])
        #expect(probabilities.status == 64 && probabilities.errors.contains("--probabilities"))
    }

    /// Scripts read these: a key may be added, none may go.
    @Test(
        "the keys of --json",
        arguments: [
            (
                "inspect",
                [
                    "bands", "classes", "family", "flopPerPixel", "margin", "model", "network", "outputs", "parameters",
                    "seamless", "smallestTile", "stride", "tileRemainder",
                ]
            ),
            (
                "plan",
                [
                    "columns", "expectedRange", "expectedSeconds", "flop", "height", "margin", "memoryBytes",
                    "memoryLimit",
                    "overlapCost", "productSeconds", "rows", "scene", "step", "tile", "tiles", "trialSeconds", "width",
                    "workers",
                ]
            ),
        ])
    func json(_ command: String, _ keys: [String]) throws {
        let arguments = command == "plan" ? [command, bench.scene, "--model", bench.model] : [command, bench.model]
        let outcome = try CommandProcess.run(arguments + ["--json"])
        #expect(outcome.status == 0)
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect(Set(keys).isSubset(of: Set(object?.keys.map(\.self) ?? [])))
        // Help names every one of them.
        let help = try CommandProcess.run(["help", command]).output
        for key in object?.keys.map(\.self) ?? [] { #expect(help.contains(key), "\(key)") }
    }

    @Test("plan chooses its units")
    func units() throws {
        let outcome = try CommandProcess.run(["plan", bench.scene, "--model", bench.model])
        #expect(outcome.output.contains(/Work +[1-9][0-9.]* MFLOP/), "\(outcome.output)")
        let time = "((under 1|[0-9]+) ms|[0-9.]+ s)"
        let expected = try Regex("Expected time +\(time) to \(time), from a trial of \(time)")
        #expect(outcome.output.contains(expected), "\(outcome.output)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("a reader that leaves, and a standard output that is full or closed")
    func standardOutput() throws {
        // `head` is gone before anything comes: the quiet end that other tools have.
        let left = try CommandProcess.shell("(sleep 0.2; \"$OVERTILE\" inspect \"$1\"; echo $? >&2) | :", [bench.model])
        #expect(left.errors == "141\n")
        for redirection in [">/dev/full", ">&-"] {
            let outcome = try CommandProcess.shell("\"$OVERTILE\" inspect \"$1\" \(redirection)", [bench.model])
            #expect(outcome.status == 74, "\(redirection)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains("standard output"), "\(outcome.errors)")
        }
    }

    /// The next file to be opened would get the number of a closed stream, and messages would be written into it.
    @Test("no output gets the number of a closed stream")
    func closedStreamsStayClosed() throws {
        let line = "exec \"$OVERTILE\" \"$@\" <&- >&- 2>&-"
        let process = try CommandProcess(
            "/bin/sh", ["-c", "OVERTILE=$0; " + line, CommandProcess.executable] + bench.longRun())
        try bench.waitForOutputs()
        for descriptor: Int32 in 0...2 { #expect(try process.file(descriptor) == "/dev/null") }
        process.signal(SIGTERM)
        #expect(try process.wait().status == 143)
    }

    @Test("closed streams cost nothing but their messages")
    func closedStreams() throws {
        let outcome = try CommandProcess.shell(
            "\"$OVERTILE\" segment \"$1\" --model \"$2\" --output \"$3\" <&- >&- 2>&-",
            [bench.scene, bench.model, bench.output()])
        #expect(outcome.status == 0)
        let whole = try RasterReader.wholeBand(ofFile: bench.output())
        #expect(whole.allSatisfy { $0 == 0 || $0 == 1 })
        #expect(try CommandProcess.shell("\"$OVERTILE\" inspect none 2>&-").status == 66)
        // A pipe whose reader is gone must not end a run half way.
        let piped = try CommandProcess.shell(
            "(sleep 0.2; \"$OVERTILE\" segment \"$1\" --model \"$2\" --output \"$3\" --verbose; echo $? >\"$4\") 2>&1 | :; sleep 0.1",
            [bench.scene, bench.model, bench.output("piped.tif"), bench.folder.path("status")])
        #expect(piped.status == 0)
        #expect(try bench.folder.bytes("status") == Array("0\n".utf8))
        #expect(try bench.outputs.contains("piped.tif"))
    }

    /// A program reads these: nothing else may stand on their lines, and no percentage may come twice or go back.
    @Test(
        "--progress lines tells percentages, with --quiet too",
        arguments: [
            ["--tile", "44"], ["--tile", "44", "--quiet"], ["--tile", "44", "--workers", "2"], [],
        ])
    func progressLines(_ more: [String]) throws {
        let outcome = try CommandProcess.run(
            ["segment", bench.scene, "-m", bench.model, "-o", bench.output(), "--scale", "0.01", "--progress", "lines"]
                + more)
        #expect(outcome.status == 0 && outcome.output.isEmpty)
        let percents = outcome.errorLines.compactMap { $0.wholeMatch(of: /progress ([0-9]+)/).flatMap { Int($0.1) } }
        #expect(percents.count == outcome.errorLines.count, "\(outcome.errors)")
        #expect(percents == Set(percents).sorted() && percents.last == 100, "\(percents)")
        if more.contains("44") { #expect(percents.count > 10, "\(percents)") }
    }

    @Test("--progress lines of a batch is about all of its scenes, and of polygons about the mask")
    func progressOfOthers() throws {
        try SyntheticScene.write(bench.folder.path("other.tif"), width: 150, height: 90)
        let batch = try CommandProcess.run(
            ["batch", bench.scene, bench.folder.path("other.tif"), "-m", bench.model, "-o", bench.folder.path("out")]
                + ["--scale", "0.01", "--tile", "44", "--progress", "lines", "--quiet"])
        let lines = batch.errorLines
        #expect(batch.status == 0 && Set(lines).count == lines.count, "\(batch.errors)")
        #expect(lines.contains("progress 50") && lines.last == "progress 100", "\(batch.errors)")
        let polygons = try CommandProcess.run(
            ["polygonize", bench.output("scene.tif"), "-o", bench.output("p.gpkg"), "--progress", "lines"])
        #expect(polygons.status == 0 && polygons.errorLines.last == "progress 100", "\(polygons.errors)")
    }

    @Test("neither a bar nor lines where none are asked for")
    func noProgress() throws {
        let outcome = try bench.segment("--progress", "none")
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let wrong = try CommandProcess.run(
            ["segment", bench.scene, "-m", bench.model, "-o", bench.output("b.tif"), "--progress", "dots"])
        #expect(wrong.status == 64 && wrong.errors.contains("--progress"), "\(wrong.errors)")
    }

    @Test(
        "a bar and a last line on a terminal",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "needs script"))
    func terminal() throws {
        let line = "'\(CommandProcess.executable)' segment '\(bench.scene)' -m '\(bench.model)' -o '\(bench.output())'"
        let outcome = try CommandProcess("/usr/bin/script", ["-qec", line, "/dev/null"]).wait()
        #expect(outcome.status == 0)
        for words in ["scene.tif [", "100 %", "150 x 90 pixels in", "\u{1B}[J"] {
            #expect(outcome.output.contains(words), "\(outcome.output)")
        }
    }
}
