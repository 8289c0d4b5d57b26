import FileIO
import Foundation
import RasterIO
import Segmentation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import TrainingRunner

/// A fault in the place of each call about files during a training: whatever fails, the model has its name whole or not at
/// all, and the same command then makes the same bytes and leaves nothing hidden. Each test has a process of its own.
@Suite(.serialized)
struct TrainingFaultTests {
    private let temporary: TemporaryFolder
    private let bench: FaultBench

    init() throws {
        temporary = try TemporaryFolder()
        bench = FaultBench(folder: temporary.url.path)
        try bench.make()
    }

    @Test("an error of the system in the place of a call")
    func fails() async throws {
        let process = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = bench.folder as String] in
            let bench = FaultBench(folder: folder)
            bench.useFileCalls()
            let wrong = try bench.sweep.errors(step: FaultSweep.step(31))
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        }
        FaultSweep.show(process?.standardOutputContent)
    }

    @Test("a kill in the place of a call")
    func killed() async throws {
        try bench.output.clear()
        try bench.run()
        let whole = try bench.output.files()
        #expect(whole.keys.sorted() == ["model.safetensors"])
        let counted = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = bench.folder as String] in
            let bench = FaultBench(folder: folder)
            bench.useFileCalls()
            try bench.output.clear()
            print("calls:", try FileFault.count { try bench.run() })
        }
        let output = String(decoding: counted?.standardOutputContent ?? [], as: UTF8.self)
        let calls = try #require(output.split(separator: "calls: ").last.flatMap { Int($0.prefix { $0.isNumber }) })
        var (call, points) = (1, 0)
        while true {
            try bench.output.clear()
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [folder = bench.folder as String, call = call as Int] in
                let bench = FaultBench(folder: folder)
                bench.useFileCalls()
                try FileFault(call: call, effect: .kill).strike { try bench.run() }
                // There are not so many calls.
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else {
                #expect(result?.exitStatus == .exitCode(3))
                break
            }
            points += 1
            let wrong = try bench.sweep.afterKill(before: [:], whole: whole, "killed at call \(call)")
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
            // At its end, where the model gets its name, at each call.
            call += call < calls - 60 ? min(FaultSweep.step(61), calls - 60 - call) : 1
        }
        print("kills: \(points) points of a training")
        #expect(points > 0)
    }
}

/// A scene with its truth, and a network of some hundred weights, in a folder that another process finds again.
private struct FaultBench {
    let folder: String

    func make() throws {
        try SyntheticScene.write(
            folder + "/scene.tif", width: 96, height: 64, bands: 2, type: .float32, value: TrainingBench.value)
        try SyntheticScene.write(folder + "/truth.tif", width: 96, height: 64, nodata: 255) { _, x, y in
            TrainingBench.label(x, y).map { Float($0) } ?? 255
        }
        try output.clear()
    }

    var output: OutputFolder { OutputFolder(in: folder) }

    func useFileCalls() { TrackedFiles.takeOver(below: folder + "/out") }

    var options: TrainingOptions {
        var options = TrainingOptions()
        (options.levels, options.base, options.batch, options.epochs, options.steps) = (2, 4, 2, 2, 20)
        (options.rate, options.workers, options.overwrites, options.crop) = (5e-3, 1, false, 44)
        return options
    }

    func data() throws -> TrainingData {
        try TrainingData(
            [TrainingData.Pair(scene: folder + "/scene.tif", truth: TruthSource(path: folder + "/truth.tif"))],
            bands: nil, nodata: nil, renamed: [:], validation: 0.25, memory: 1 << 30)
    }

    var sweep: FaultSweep { FaultSweep("a training", begin: output.clear, files: output.files, command: run) }

    func run() throws {
        let session = try TrainingSession(data(), to: folder + "/out/model.safetensors", options: options)
        _ = try session.run(cancellation: Cancellation()) { _ in }
    }
}
