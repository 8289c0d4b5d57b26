import Foundation
import TestData
import TestNetworks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What the program refuses before it does any harm, and what it leaves when it is stopped.
@Suite(.serialized)
struct SafeguardTests {
    private func expect(_ outcome: CommandProcess.Outcome, _ status: Int32, _ words: String...) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome.status): \(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    }

    @Test("a log, a report or numbers that would replace an input or each other")
    func clashes() throws {
        let bench = try Workbench()
        let scene = try bench.folder.bytes(of: bench.scene)
        expect(try bench.segment("--log-file", bench.scene, "--quiet"), 64, "is a scene", "--log-file")
        let link = bench.folder.path("night.log")
        #expect(symlink(bench.scene, link) == 0)
        expect(try bench.segment("--log-file", link, "--quiet"), 64, "is a scene")
        #expect(try bench.folder.bytes(of: bench.scene) == scene)
        let zones = try bench.folder.write(Array("{}".utf8), to: "zones.json")
        expect(
            try bench.segment("--stats", zones, "--zones", zones, "--overwrite", "--quiet"), 64, "is the zones")
        expect(
            try bench.segment("--report", bench.output("a.json"), "--log-file", bench.output("a.json"), "--quiet"), 64,
            "--log-file")
        let batch = ["batch", bench.folder.url.path, "--model", bench.model, "--output", bench.folder.path("out")]
        expect(try CommandProcess.run(batch + ["--log-file", bench.scene]), 64, "is a scene")
        expect(
            try CommandProcess.run(batch + ["--report", bench.output("r.json"), "--metrics", bench.output("r.json")]),
            64, "--report and --metrics")
        let watch = ["watch", bench.folder.url.path, "--model", bench.model, "--output", bench.folder.path("out")]
        expect(try CommandProcess.run(watch + ["--log-file", bench.scene]), 64, "is a scene")
        expect(
            try CommandProcess.run(["convert", bench.model, "--output", bench.model, "--overwrite"]), 64, "is an input")
        #expect(try bench.folder.bytes(of: bench.scene) == scene)
        #expect(try bench.outputs.isEmpty)
    }

    @Test("little address space or few threads: one line, no wait, no file")
    func limits() throws {
        let bench = try Workbench()
        // Enough for the program and its libraries, and nothing else.
        let line =
            "ulimit -v $4; exec \"$OVERTILE\" segment \"$1\" --model \"$2\" --output \"$3\" --scale 1 --workers 200 --quiet"
        let narrow = try CommandProcess.shell(line, [bench.scene, bench.model, bench.output(), "600000"])
        expect(narrow, 74, "ulimit")
        #expect(try bench.outputs.isEmpty)
        guard geteuid() == 0 else { return }
        // Root may start as many threads as there are: another user, who has none yet.
        let other = "exec /usr/bin/setpriv --reuid 64999 --clear-groups "
        guard try CommandProcess.shell(other + "/usr/bin/test -x \"$OVERTILE\"").status == 0 else { return }
        chmod(bench.folder.url.path, 0o777)
        chmod(bench.folder.path("out"), 0o777)
        let few = try CommandProcess.shell(
            other + "prlimit --nproc=4 /bin/sh -c 'exec \"$0\" segment \"$1\" --model "
                + "\"$2\" --output \"$3\" --scale 1 --workers 8 --quiet' \"$OVERTILE\" \"$1\" \"$2\" \"$3\"",
            [bench.scene, bench.model, bench.output()])
        expect(few, 74, "threads")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("no database of coordinate systems: said before any work")
    func noDatabase() throws {
        let bench = try Workbench()
        try SyntheticScene.write(bench.folder.path("utm.tif"), width: 40, height: 30, crs: "EPSG:32633")
        let outcome = try CommandProcess.shell(
            "PROJ_DATA=/nonexistent PROJ_LIB=/nonexistent \"$OVERTILE\" segment \"$1\" --model \"$2\" --output \"$3\" --quiet",
            [bench.folder.path("utm.tif"), bench.model, bench.output()])
        expect(outcome, 74, "proj.db", "PROJ_DATA")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("a folder that may not be read is not one without a ledger")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        chmod(folder.url.path, 0)
        defer { chmod(folder.url.path, 0o700) }
        let words = ["status", folder.url.path]
        let drop = ["--bounding-set", "-dac_override,-dac_read_search", CommandProcess.executable]
        let outcome =
            geteuid() == 0
            ? try CommandProcess("/usr/bin/setpriv", drop + words).wait() : try CommandProcess.run(words)
        expect(outcome, 66, "Permission denied")
    }

    @Test("a conversion that is stopped leaves no file")
    func stoppedConversion() throws {
        let bench = try Workbench()
        let model = try ModelFile.paperUNet(in: bench.folder.url.path, depth: 4, base: 64)
        let process = try CommandProcess(
            CommandProcess.executable, ["convert", model, "--output", bench.output("m.safetensors"), "--half"])
        let patience = ContinuousClock.now + .seconds(20)
        while try bench.outputs.isEmpty, ContinuousClock.now < patience { usleep(200) }
        process.signal(SIGTERM)
        let outcome = try process.wait()
        // A quick machine may have been through by then.
        #expect([0, 143].contains(outcome.status), "\(outcome.errors)")
        #expect(try bench.outputs == (outcome.status == 0 ? ["m.safetensors"] : []))
    }
}
