import Foundation
import TestData
import TestMaps
import TestNetworks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a night does to a batch: the machine, or the kernel, kills it whenever it likes, and it is started again.
@Suite(.serialized)
struct KilledBatchTests {
    private static let sceneCount = 20
    /// `OVERTILE_KILLS=100` for the full number.
    private static let kills = ProcessInfo.processInfo.environment["OVERTILE_KILLS"].flatMap(Int.init) ?? 12

    private let bench: Workbench
    private let scenes: String

    /// Scenes of several shapes, from one tile to many rows of them.
    init() throws {
        bench = try Workbench()
        scenes = bench.folder.path("scenes")
        try FileManager.default.createDirectory(atPath: scenes, withIntermediateDirectories: true)
        for number in 0..<Self.sceneCount {
            try SyntheticScene.write(
                "\(scenes)/scene-\(number).tif", width: 150 + 40 * number, height: 90 + 70 * (number % 7)
            ) { band, x, y in SyntheticScene.wave(band, x + 31 * number, y) }
        }
    }

    private func batch(into folder: String) -> [String] {
        [
            "batch", scenes, "--model", bench.model, "--output", folder, "--probabilities", folder + "/probabilities",
            "--scale", "0.01",
            "--tile", "100", "--quiet",
        ]
    }

    private func makeFolder(_ name: String) throws -> String {
        let path = bench.folder.path(name)
        try FileManager.default.createDirectory(atPath: path + "/probabilities", withIntermediateDirectories: true)
        return path
    }

    /// Every file below the folder, hidden ones too, but for the ledger and the lock.
    private func outputs(_ folder: String) throws -> [String: Data] {
        let kept = [".overtile-ledger.sqlite", ".overtile.lock"]
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { !kept.contains($0) && $0 != "probabilities" }
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))) })
    }

    @Test("a batch that is killed at random moments and started again makes the bytes of an undisturbed one")
    func killed() throws {
        let undisturbed = try makeFolder("undisturbed")
        let start = ContinuousClock.now
        let outcome = try CommandProcess.run(batch(into: undisturbed))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let duration = ContinuousClock.now - start
        let expected = try outputs(undisturbed)
        #expect(expected.keys.count { $0.hasSuffix(".tif") } == 2 * Self.sceneCount)

        // Several rounds where one batch does not last for all kills.
        var generator = SeededGenerator(seed: 6)
        var killed = 0
        var round = 0
        while killed < Self.kills {
            round += 1
            let folder = try makeFolder("killed-\(round)")
            var isDone = false
            while !isDone && killed < Self.kills {
                let process = try CommandProcess(CommandProcess.executable, batch(into: folder))
                let share = Double(generator.next() % 1000) / 1000 * 0.4
                usleep(
                    UInt32(
                        20_000 + share * Double(duration.components.attoseconds / 1_000_000_000_000)
                            + share * Double(duration.components.seconds) * 1e6))
                process.signal(SIGKILL)
                let outcome = try process.wait()
                isDone = outcome.status == 0
                if !isDone { killed += 1 }
                #expect([0, 128 + SIGKILL].contains(outcome.status), "\(outcome.errors)")
            }
            let last = try CommandProcess.run(batch(into: folder))
            #expect(last.status == 0, "\(last.errors)")
            let found = try outputs(folder)
            #expect(Set(found.keys) == Set(expected.keys))
            for (name, bytes) in found { #expect(bytes == expected[name], "\(name) after \(killed) kills") }
            try checkLedger(folder)
        }
    }

    private func checkLedger(_ folder: String) throws {
        struct Entry: Decodable {
            let scene: String
            let state: String
        }
        let status = try CommandProcess.run(["status", folder, "--json"])
        let entries = try JSONDecoder().decode([Entry].self, from: Data(status.output.utf8))
        #expect(entries.count == Self.sceneCount)
        #expect(Set(entries.map(\.scene)).count == Self.sceneCount)
        #expect(entries.allSatisfy { $0.state == "done" })
    }
}
