import FileIO
import Foundation
import MaskProducts
import Models
import RasterIO
import Segmentation
import TestData
import Testing
import TileGeometry
import Training

@testable import TrainingRunner

/// What a person is told of a training: its page, and what is known before and after an interruption.
@Suite struct TrainingReportTests {
    private let bench: TrainingBench

    init() throws { bench = try TrainingBench() }

    private func report(_ name: String, cancelAfter: Int? = nil) throws -> String {
        var options = bench.options
        (options.steps, options.epochs) = (24, 3)
        let model = bench.folder.path("model.safetensors")
        let session = try TrainingSession(bench.data(), to: model, options: options)
        let cancellation = Cancellation()
        let outcome = try session.run(cancellation: cancellation) { event in
            if case .step(let step, _, _) = event, step == cancelAfter { cancellation.cancel() }
        }
        let path = bench.folder.path(name)
        try TrainingReport(session, outcome, options: options, model: model)
            .write(to: path, overwrite: true, cancellation: Cancellation())
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test("the page has curves, confusion, blocks, what was found and the options; an interruption changes no byte")
    func page() throws {
        let whole = try report("one.html")
        #expect(throws: CancellationError.self) { try report("two.html", cancelAfter: 13) }
        #expect(!FileStatus.exists(bench.folder.path("two.html")))
        #expect(try report("two.html") == whole)
        for part in [
            "Loss", "mean IoU", "What is taken for what", "How it does", "class 2", "scene.tif", "adamW",
        ] {
            #expect(whole.contains(part), "\(part)")
        }
        // The strip that is held out is one block, with three pictures.
        #expect(whole.components(separatedBy: "data:image/png;base64,").count == 4)
        // One point of each line for each epoch.
        let epochs = try #require(whole.firstMatch(of: /over (\d+) epochs/)).1
        let path = try #require(whole.firstMatch(of: /class="line0" d="([^"]*)"/)).1
        #expect(path.split(whereSeparator: { "ML".contains($0) }).count == Int(epochs))
    }

    @Test("blocks are the worst and the best of those that are labelled, each shown once")
    func blocks() throws {
        // 1200 x 300 pixels, of which the network is right in some columns more than in others.
        let (scene, truth) = (bench.folder.path("wide.tif"), bench.folder.path("wide-truth.tif"))
        try SyntheticScene.write(scene, width: 1200, height: 300, bands: 2, type: .float32, value: TrainingBench.value)
        try SyntheticScene.write(truth, width: 1200, height: 300, nodata: 255) { _, x, y in
            guard x >= 260, let label = TrainingBench.label(x, y) else { return 255 }
            // From column 600 on, more and more is labelled at random.
            return Float((x * 31 + y * 17) % 1200 < x - 600 ? (label + 1) % 3 : label)
        }
        var options = bench.options
        options.epochs = 3
        let model = bench.folder.path("model.safetensors")
        _ = try TrainingSession(bench.data(), to: model, options: options).run(cancellation: Cancellation()) { _ in }
        let data = try TrainingData(
            [TrainingData.Pair(scene: bench.scene, truth: TruthSource(path: bench.truth))],
            judgedBy: [TrainingData.Pair(scene: scene, truth: TruthSource(path: truth))], bands: nil, nodata: nil,
            renamed: [:], validation: 0.2, memory: 1 << 30)
        let classes = (0..<3).map { LegendEntry(value: $0, name: "\($0)", color: .distinct($0)) }
        let blocks = try ValidationBlocks(
            data, classes: classes, model: Model(path: model), workers: 2, memory: nil, folder: bench.folder.url.path,
            cancellation: Cancellation())
        let all = blocks.worst + blocks.best.prefix(3)
        #expect(blocks.worst.map(\.score) == blocks.worst.map(\.score).sorted())
        #expect(blocks.best.map(\.score) == blocks.best.map(\.score).sorted(by: >))
        #expect(blocks.worst.count == 3 && all.count == 6 && Set(all.map(\.window)).count == 6)
        #expect(blocks.worst.allSatisfy { $0.window.x >= 600 } && blocks.best[0].window.x < 600)
        // The first columns are not labelled, and say nothing.
        #expect(all.allSatisfy { $0.window.x >= 240 && $0.scene == 1 })
        #expect(try blocks.pictured(blocks.worst).count == 3)
    }

    @Test("a step that is measured leaves no trace, and a run that goes on says from where")
    func measurement() throws {
        func train(_ name: String, measures: Bool, cancelAfter: Int? = nil) throws -> [TrainingSession.Epoch]? {
            var options = bench.options
            options.steps = 24
            let session = try TrainingSession(bench.data(), to: bench.folder.path(name), options: options)
            if measures { #expect(try session.secondsOfAStep() > 0) }
            let cancellation = Cancellation()
            var resumed: [TrainingSession.Epoch]?
            _ = try session.run(cancellation: cancellation) { event in
                if case .step(let step, _, _) = event, step == cancelAfter { cancellation.cancel() }
                if case .resumed(let epochs) = event { resumed = epochs }
            }
            return resumed
        }
        #expect(try train("a.safetensors", measures: false) == nil)
        #expect(throws: CancellationError.self) { _ = try train("b.safetensors", measures: true, cancelAfter: 13) }
        let resumed = try train("b.safetensors", measures: true)
        #expect(resumed?.count == 1 && resumed?[0].step == 10)
        #expect(try bench.folder.bytes("a.safetensors") == bench.folder.bytes("b.safetensors"))
    }
}
