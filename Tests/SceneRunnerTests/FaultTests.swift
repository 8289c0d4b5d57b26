import FileIO
import Foundation
import RasterIO
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import SceneRunner

/// A fault in the place of each call about files, Overtile's own and GDAL's, while a scene gets all its outputs: whatever
/// fails, all outputs are there or none, and the same command then makes the same bytes and leaves nothing hidden.
///
/// Some of the calls in each run of the tests, and all of them on request (`FaultSweep`). Each test has a process of its own,
/// because a fault strikes whoever makes the call.
@Suite(.serialized)
struct FaultTests {
    private let temporary: TemporaryFolder
    private let bench: SceneBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = try SceneBench(in: temporary)
    }

    /// The visible files, and whether there are hidden ones.
    private static func look(_ bench: SceneBench) throws -> (visible: [String: Data], hasHidden: Bool) {
        let files = try bench.files
        let visible = files.filter { !$0.key.split(separator: "/").contains { $0.hasPrefix(".") } }
        return (visible, visible.count < files.count)
    }

    /// Nothing but whole outputs, all or none; `before` is what was there.
    private static func expectAllOrNone(
        _ bench: SceneBench, before: [String: Data], whole: [String: Data], _ point: String
    ) throws {
        let found = try look(bench).visible
        #expect(found == before || found == whole, "\(point): \(found.keys.sorted())")
    }

    /// A name that is on the disk before its bytes would be that of an empty file after a loss of power.
    @Test("each output is on the disk when it gets its name")
    func order() async throws {
        await #expect(processExitsWith: .success) { [folder = bench.folder as String] in
            let bench = SceneBench(folder: folder)
            bench.useFileCalls()
            let events = try FileFault.trace { _ = try bench.run(overwrite: false).run() }
            var (onDisk, named): (Set<UInt64>, Set<String>) = ([], [])
            for event in events {
                switch event {
                case .written(let file): onDisk.remove(file)
                case .synced(let file): onDisk.insert(file)
                case .named(let file, let path):
                    guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
                    #expect(onDisk.contains(file), "\(path)")
                    named.insert(FileName.last(of: path))
                }
            }
            #expect(try named == Set(bench.files.keys.map { FileName.last(of: $0) }))
        }
    }

    @Test("an error of the system in the place of a call", arguments: [false, true])
    func fails(overwrite: Bool) async throws {
        let folder = bench.folder
        let process = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = folder as String, overwrite = overwrite as Bool] in
            let bench = SceneBench(folder: folder)
            bench.useFileCalls()
            func run() throws { _ = try bench.run(overwrite: overwrite).run() }
            func begin() throws -> [String: Data] {
                try bench.clear()
                if overwrite { _ = try bench.run(water: "lake").run() }
                return try bench.files
            }
            _ = try begin()
            var calls = 0
            calls = try FileFault.count { try run() }
            let whole = try bench.files
            let step = FaultSweep.step(53)
            var points = 0
            for call in Swift.stride(from: 1, through: calls, by: step) {
                let effects = step == 1 ? FaultSweep.effects : [FaultSweep.effects[points % FaultSweep.effects.count]]
                for effect in effects {
                    points += 1
                    let point = "\(effect) at call \(call) of \(calls)"
                    let before = try begin()
                    do {
                        try FileFault(call: call, effect: effect).strike { try run() }
                        let found = try Self.look(bench).visible
                        let names = Set(found.keys).union(whole.keys).filter { found[$0] != whole[$0] }.sorted()
                        #expect(names.isEmpty, "\(point): it said that all is well, with other \(names)")
                        let left = try bench.files.keys.sorted()
                        #expect(try !Self.look(bench).hasHidden, "\(point): \(left)")
                    } catch {
                        try Self.expectAllOrNone(bench, before: before, whole: whole, point)
                        // The last name may have been given; it is complete then.
                        if try Self.look(bench).visible != whole || overwrite { try run() }
                        let files = try bench.files
                        #expect(files == whole, "\(point), then again: \(files.keys.sorted())")
                    }
                }
            }
            print("faults: \(points) points of \(calls) calls, overwrite \(overwrite)")
            #expect(calls > 100)
        }
        FaultSweep.show(process?.standardOutputContent)
    }

    @Test("a kill in the place of a call", arguments: [false, true])
    func killed(overwrite: Bool) async throws {
        let folder = bench.folder
        func begin() throws -> [String: Data] {
            try bench.clear()
            if overwrite { _ = try bench.run(water: "lake").run() }
            return try bench.files
        }
        _ = try begin()
        _ = try bench.run(overwrite: overwrite).run()
        let whole = try bench.files
        var call = 1
        var points = 0
        while true {
            let before = try begin()
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [folder = folder as String, overwrite = overwrite as Bool, call = call as Int] in
                let bench = SceneBench(folder: folder)
                bench.useFileCalls()
                try FileFault(call: call, effect: .kill).strike { _ = try bench.run(overwrite: overwrite).run() }
                // There are not so many calls.
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else {
                #expect(result?.exitStatus == .exitCode(3))
                break
            }
            points += 1
            let point = "killed at call \(call)"
            if try Self.look(bench).visible == whole {
                // Nearly over, or over: then the same command finds that all is there.
                do { _ = try bench.run(overwrite: overwrite).run() } catch let error as RasterError {
                    #expect(error.code == .outputExists, "\(point), then again: \(error)")
                }
            } else {
                let run = try bench.run(overwrite: overwrite)
                try Self.expectAllOrNone(bench, before: before, whole: whole, point)
                _ = try run.run()
            }
            let files = try bench.files
            #expect(files == whole, "\(point), then again: \(files.keys.sorted())")
            call += FaultSweep.step(131)
        }
        print("kills: \(points) points, overwrite \(overwrite)")
        #expect(points > 3)
    }
}
