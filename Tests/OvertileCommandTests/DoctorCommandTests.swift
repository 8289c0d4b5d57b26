import Foundation
import TestData
import Testing

/// `doctor`, and the check of the engine that the first run on a machine makes by itself.
@Suite struct DoctorCommandTests {
    @Test("doctor names every kind of layer, and what computed it")
    func doctor() throws {
        let outcome = try CommandProcess.run(["doctor", "--verbose"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        for word in ["oneDNN", "GDAL", "U-Net in bands", "depthwise convolution", "copy", "are right."] {
            #expect(outcome.output.contains(word), "\(word)")
        }
        #expect(!outcome.output.contains("WRONG"))
    }

    @Test("doctor --json is an object of comparisons")
    func json() throws {
        let outcome = try CommandProcess.run(["doctor", "--json"])
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any] ?? [:]
        let comparisons = try #require(report["comparisons"] as? [[String: Any]])
        #expect(comparisons.count > 20 && comparisons.allSatisfy { $0["right"] as? Bool == true })
    }

    private func run(cache: String, _ bench: Workbench) throws -> CommandProcess.Outcome {
        try CommandProcess.shell(
            "XDG_CACHE_HOME=$1 \"$OVERTILE\" segment $2 --model $3 --output $4 --scale 0.01 --overwrite",
            [cache, bench.scene, bench.model, bench.output()])
    }

    @Test("what passed is remembered, once for each engine")
    func remembered() throws {
        let bench = try Workbench()
        let cache = bench.folder.path("cache")
        for _ in 0..<2 { #expect(try run(cache: cache, bench).status == 0) }
        let record = try String(contentsOfFile: cache + "/overtile/checked-engines", encoding: .utf8)
        #expect(record.split(separator: "\n").count == 1 && record.contains("oneDNN"), "\(record)")
    }

    /// As under cron without a home, or in a container: the check is made each time, and nothing is said.
    @Test("a cache that cannot be written, or holds something else", arguments: ["/proc/none", "file", ""])
    func unusable(_ name: String) throws {
        let bench = try Workbench()
        var cache = name
        if name == "file" {
            cache = bench.folder.path("file")
            try Data("not a folder".utf8).write(to: URL(fileURLWithPath: cache))
        }
        let outcome = try run(cache: cache, bench)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }
}
