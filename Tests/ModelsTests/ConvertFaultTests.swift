import FileIO
import Foundation
import TestData
import TestNetworks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import Models

/// A fault in the place of each call about files while a model is converted: the new file is whole or not there, and nothing
/// hidden is left once the same command has ended well. Each test has a process of its own.
@Suite(.serialized)
struct ConvertFaultTests {
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
        _ = try ModelFile.paperUNet(in: temporary.url.path, depth: 2)
        try ConvertBench(folder: temporary.url.path).output.clear()
    }

    @Test("an error of the system in the place of a call", arguments: ["safetensors", "json"])
    func fails(_ ending: String) async throws {
        let folder = temporary.url.path
        let process = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = folder as String, ending = ending as String] in
            let wrong = try ConvertBench(folder: folder).sweep(ending).errors(step: 1)
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        }
        FaultSweep.show(process?.standardOutputContent)
    }

    @Test("a kill in the place of a call", arguments: ["safetensors", "json"])
    func killed(_ ending: String) async throws {
        let folder = temporary.url.path
        let bench = ConvertBench(folder: folder)
        try bench.run(ending)
        let whole = try bench.output.files()
        var (call, points) = (1, 0)
        while true {
            try bench.output.clear()
            let result = await #expect(processExitsWith: .failure, observing: [\.exitStatus]) {
                [folder = folder as String, ending = ending as String, call = call as Int] in
                try FileFault(call: call, effect: .kill).strike { try ConvertBench(folder: folder).run(ending) }
                exit(3)
            }
            guard result?.exitStatus == .signal(SIGKILL) else { break }
            points += 1
            let wrong = try bench.sweep(ending).afterKill(before: [:], whole: whole, "killed at call \(call)")
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
            call += FaultSweep.step(7)
        }
        print("kills: \(points) points of convert to \(ending)")
        #expect(points > 0)
    }
}

private struct ConvertBench {
    let folder: String

    var output: OutputFolder { OutputFolder(in: folder) }

    func sweep(_ ending: String) -> FaultSweep {
        FaultSweep("convert to \(ending)", begin: output.clear, files: output.files) { try run(ending) }
    }

    func run(_ ending: String) throws {
        let (source, output) = (folder + "/model-1-2-2-4-1.safetensors", folder + "/out/model.\(ending)")
        if ending == "json" {
            let model = try Model(path: source)
            return try model.writeItem(output, description: model.description, overwrite: false)
        }
        let model = try ConvertibleModel(path: source, options: ModelOptions(), item: nil)
        try model.write(
            safetensors: output, options: ModelOptions(), description: model.model.description, half: false,
            overwrite: false)
    }
}
