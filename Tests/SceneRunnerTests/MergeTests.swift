import FileIO
import Foundation
import Segmentation
import Synchronization
import TestData
import Testing
import TileGeometry

#if canImport(Glibc)
    import Glibc
#endif

@testable import SceneRunner

/// Every kind of output that there is, made of parts: the bytes of an undivided run, all of them or none.
@Suite(.serialized)
struct MergeTests {
    private let temporary: TemporaryFolder
    private let bench: SceneBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = try SceneBench(in: temporary)
    }

    private func undivided() throws -> [String: Data] {
        _ = try bench.run().run()
        let files = try bench.files
        try bench.clear()
        return files
    }

    private func makeParts(_ numbers: [Int], of count: Int, water: String = "water") throws {
        for number in numbers {
            let run = try bench.run(water: water, division: .part(ScenePart(number, of: count)!))
            let warnings = SceneWarnings { _ in }
            warnings.begin("scene.tif")
            _ = try run.compute(folder: bench.folder, arguments: ["scene.tif"], warnings: warnings)
        }
    }

    private func merging(_ folder: String) throws -> SceneRun {
        let bench = SceneBench(folder: folder)
        return try bench.run(division: .merge(PartSet(of: bench.outputs.mask), mixesKernels: false))
    }

    @Test("all outputs are the same", arguments: [[1], [2, 1], [3, 1, 2], [4, 2, 5, 1, 3]])
    func sameBytes(numbers: [Int]) throws {
        let whole = try undivided()
        try makeParts(numbers, of: numbers.count)
        #expect(try bench.files.keys.allSatisfy { $0.contains(".overtile-work") }, "parts publish nothing")
        let outcome = try merging(bench.folder).run()
        #expect(outcome.summary.tilesResumed == outcome.summary.tiles)
        #expect(try bench.files == whole)
    }

    @Test("a part is refused where an output is there already, or was asked for another set of outputs")
    func refused() throws {
        try makeParts([1], of: 2)
        try makeParts([2], of: 2, water: "lake")
        let other = #expect(throws: PartError.self) { try PartSet(of: bench.outputs.mask) }
        #expect(
            other?.code == .bad && other?.description.contains("part 2 of 2: it does not go with part 1 of 2") == true)
        try Data().write(to: URL(fileURLWithPath: bench.outputs.mask))
        #expect(throws: (any Error).self) { try makeParts([2], of: 2) }
    }

    /// Killed after each of some names, and before the parts were removed: the merge again ends well.
    @Test("a merge that is killed between two names, and again", arguments: [1, 7, 14, 15])
    func killed(after count: Int) async throws {
        let whole = try undivided()
        try makeParts([1, 2], of: 2)
        let folder = bench.folder
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, count = count as Int] in
            let bench = SceneBench(folder: folder)
            let run = try bench.run(division: .merge(PartSet(of: bench.outputs.mask), mixesKernels: false))
            let given = Mutex(0)
            run.named = { _ in
                let number = given.withLock { number in
                    number += 1
                    return number
                }
                if number == count { Glibc.kill(getpid(), SIGKILL) }
            }
            _ = try run.run()
        }
        // What has all its names is left as it is.
        let isComplete = try PartSet.settle(bench.outputs.mask)
        #expect(isComplete == (count == 15))
        if !isComplete {
            #expect(try !bench.files.keys.contains { whole.keys.contains($0) }, "none has its name")
            _ = try merging(bench.folder).run()
        }
        #expect(try bench.files == whole)
    }

    @Test("a merge that is stopped keeps the parts")
    func stopped() throws {
        let whole = try undivided()
        try makeParts([1, 2], of: 2)
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try merging(bench.folder).run(cancellation: cancellation, progress: { _, _ in cancellation.cancel() })
        }
        #expect(try bench.files.keys.allSatisfy { $0.contains(".overtile-work") })
        _ = try merging(bench.folder).run()
        #expect(try bench.files == whole)
    }
}
