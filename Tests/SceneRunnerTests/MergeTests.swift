import FileIO
import Foundation
import Segmentation
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

    private func makeParts(
        _ numbers: [Int], of count: Int, water: String = "water", overwrite: Bool = false
    ) throws {
        for number in numbers {
            let run = try bench.run(overwrite: overwrite, water: water, division: .part(ScenePart(number, of: count)!))
            let warnings = SceneWarnings { _ in }
            warnings.begin("scene.tif")
            _ = try run.compute(folder: bench.folder, arguments: ["scene.tif"], warnings: warnings)
        }
    }

    private func merging(water: String = "water", overwrite: Bool = false) throws -> SceneRun {
        let merge = try #require(try PartMerge(of: bench.outputs.mask))
        return try bench.run(overwrite: overwrite, water: water, division: .merge(merge, mixesKernels: false))
    }

    /// Makes parts, and merges them in a process that is killed when so many outputs have their names.
    private func killMerge(after count: Int) async throws {
        try makeParts([1, 2], of: 2)
        let folder = bench.folder
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, count = count as Int] in
            let bench = SceneBench(folder: folder)
            let merge = try #require(try PartMerge(of: bench.outputs.mask))
            let run = try bench.run(division: .merge(merge, mixesKernels: false))
            run.named = SceneBench.killer(after: count)
            _ = try run.run()
        }
    }

    @Test("all outputs are the same", arguments: [[1], [2, 1], [3, 1, 2], [4, 2, 5, 1, 3]])
    func sameBytes(numbers: [Int]) throws {
        let whole = try undivided()
        try makeParts(numbers, of: numbers.count)
        #expect(try bench.files.keys.allSatisfy { $0.contains(".overtile-work") }, "parts publish nothing")
        let outcome = try merging().run()
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
        try await killMerge(after: count)
        // What has all its names is left as it is.
        if let merge = try PartMerge(of: bench.outputs.mask) {
            #expect(count < 15)
            #expect(try !bench.files.keys.contains { whole.keys.contains($0) }, "none has its name")
            _ = try bench.run(division: .merge(merge, mixesKernels: false)).run()
        } else {
            #expect(count == 15)
        }
        #expect(try bench.files == whole)
    }

    /// The parts of another command, or of the same one once more, are not those of the merge that was killed.
    @Test("parts that were begun after a merge was killed at its end are merged", arguments: ["lake", "water"])
    func killedBefore(water: String) async throws {
        _ = try bench.run(water: water).run()
        let whole = try bench.files
        try bench.clear()
        try await killMerge(after: 15)
        try makeParts([1], of: 2, water: water, overwrite: true)
        if water == "lake" {
            // Part 2 is still that of the first command, so that nothing may be removed.
            #expect(throws: PartError.self) { try PartMerge(of: bench.outputs.mask) }
            try makeParts([2], of: 2, water: water, overwrite: true)
        }
        _ = try merging(water: water, overwrite: true).run()
        #expect(try bench.files == whole)
    }

    @Test("a merge that is stopped keeps the parts")
    func stopped() throws {
        let whole = try undivided()
        try makeParts([1, 2], of: 2)
        let cancellation = Cancellation()
        #expect(throws: CancellationError.self) {
            try merging().run(cancellation: cancellation, progress: { _, _ in cancellation.cancel() })
        }
        #expect(try bench.files.keys.allSatisfy { $0.contains(".overtile-work") })
        _ = try merging().run()
        #expect(try bench.files == whole)
    }
}
