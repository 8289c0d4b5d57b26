import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import SceneRunner

/// A fault in the place of each call that Overtile makes about files while a scene gets all its outputs: whatever fails,
/// all outputs are there or none, and the same command then makes the same bytes and leaves nothing hidden.
///
/// Some of the calls in each run of the tests, and all of them where `OVERTILE_ALL_FAULTS` is set. Each test has a process
/// of its own, because a fault strikes whoever makes the call.
@Suite(.serialized)
struct FaultTests {
    private let temporary: TemporaryFolder
    private let bench: SceneBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = try SceneBench(in: temporary)
    }

    static let errors: [FileFault.Effect] = [
        .error(ENOSPC), .error(EIO), .error(EACCES), .error(EINTR), .shortWrite,
    ]

    /// How many calls lie between two that are tried.
    private static func stride(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["OVERTILE_ALL_FAULTS"] == nil ? usual : 1
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

    @Test("an error of the system in the place of a call", arguments: [false, true])
    func fails(overwrite: Bool) async throws {
        let folder = bench.folder
        await #expect(processExitsWith: .success) { [folder = folder as String, overwrite = overwrite as Bool] in
            let bench = SceneBench(folder: folder)
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
            let step = Self.stride(17)
            var points = 0
            for call in Swift.stride(from: 1, through: calls, by: step) {
                let effects = step == 1 ? Self.errors : [Self.errors[points % Self.errors.count]]
                for effect in effects {
                    points += 1
                    let point = "\(effect) at call \(call) of \(calls)"
                    let before = try begin()
                    do {
                        try FileFault(call: call, effect: effect).strike { try run() }
                        #expect(try Self.look(bench).visible == whole, "\(point): it said that all is well")
                        let names = try bench.files.keys.sorted()
                        #expect(try !Self.look(bench).hasHidden, "\(point): \(names)")
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
                try FileFault(call: call, effect: .kill).strike {
                    _ = try SceneBench(folder: folder).run(overwrite: overwrite).run()
                }
                // There are not so many calls.
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else {
                #expect(result?.exitStatus == .exitCode(3))
                break
            }
            points += 1
            let point = "killed at call \(call)"
            let found = try Self.look(bench)
            if found.visible == whole {
                // All have their names: what is hidden goes with the next run that replaces them.
                _ = try bench.run(overwrite: true).run()
            } else {
                let run = try bench.run(overwrite: overwrite)
                try Self.expectAllOrNone(bench, before: before, whole: whole, point)
                _ = try run.run()
            }
            let files = try bench.files
            #expect(files == whole, "\(point), then again: \(files.keys.sorted())")
            call += Self.stride(41)
        }
        print("kills: \(points) points, overwrite \(overwrite)")
        #expect(points > 3)
    }
}
