import FileIO
import Foundation
import MaskProducts
import Models
import RasterIO
import Segmentation
import TestData
import Testing
import Training

@testable import TrainingRunner

/// From scenes and labels to a file that segments without a flag.
@Suite struct TrainingSessionTests {
    private let bench: TrainingBench

    init() throws { bench = try TrainingBench() }

    @discardableResult
    private func train(
        _ name: String, cancelAfter: Int? = nil, _ change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> TrainingSession.Outcome {
        var options = bench.options
        change(&options)
        let session = try TrainingSession(bench.data(), to: bench.folder.path(name), options: options)
        let cancellation = Cancellation()
        return try session.run(cancellation: cancellation) { event in
            if case .step(let step, _, _) = event, step == cancelAfter { cancellation.cancel() }
        }
    }

    @Test func aTrainedNetwork_SegmentsItsScene_WithoutAFlag() throws {
        let outcome = try train("model.safetensors")
        #expect((outcome.judgement?.matrix.mean.iou ?? 0) > 0.9, "\(outcome.epochs)")
        #expect(outcome.epochs.last!.loss < outcome.epochs[0].loss)
        let model = try Model(path: bench.folder.path("model.safetensors"))
        #expect(model.bands == 2 && model.description.classNames == ["class 0", "class 1", "class 2"])
        let options = SegmentationOptions()
        let job = try SegmentationJob(
            scene: options.open(scene: bench.scene, for: model), model: model, options: options)
        #expect(job.warnings.isEmpty, "\(job.warnings)")
        try job.run([.mask: bench.folder.path("mask.tif")])
        let mask = try RasterReader(path: bench.folder.path("mask.tif")).wholeBand()
        var right = 0
        for (index, value) in mask.enumerated() {
            if TrainingBench.label(index % bench.width, index / bench.width).map({ Float($0) }) == value { right += 1 }
        }
        #expect(Double(right) > 0.93 * Double(bench.width * bench.height))
        // Nothing is left beside it.
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.url.path)
        #expect(!names.contains { $0.hasPrefix(".") })
    }

    @Test func workersAndInterruptions_ChangeNoByte() throws {
        // The running mean goes on, too, and crops are painted over as they would have been.
        func short(_ options: inout TrainingOptions) {
            (options.steps, options.averaging) = (24, 0.9)
            options.augmentation.plasma = Plasma(className: "1", share: 0.5)
        }
        try train("a.safetensors", short)
        try train("b.safetensors") {
            short(&$0)
            $0.workers = 5
        }
        let bytes = try bench.folder.bytes("a.safetensors")
        #expect(try bench.folder.bytes("b.safetensors") == bytes)
        // In the middle of an epoch, and again.
        for step in [7, 15] {
            #expect(throws: CancellationError.self) { try train("c.safetensors", cancelAfter: step, short) }
            #expect(!FileStatus.exists(bench.folder.path("c.safetensors")))
        }
        try train("c.safetensors", short)
        #expect(try bench.folder.bytes("c.safetensors") == bytes)
        // Another seed is another training, which does not go on from the first one's work.
        #expect(throws: CancellationError.self) { try train("d.safetensors", cancelAfter: 7, short) }
        try train("d.safetensors") {
            short(&$0)
            $0.seed = 2
        }
        #expect(try bench.folder.bytes("d.safetensors") != bytes)
    }

    /// Norms remember what they were fed; a network without any has it written beside its numbers.
    @Test(arguments: [false, true]) func whatTheNetworkWasFed_IsKnown(hasNorms: Bool) throws {
        try train("model.safetensors") { ($0.hasBatchNorm, $0.steps) = (hasNorms, 4) }
        let seen = try Model(path: bench.folder.path("model.safetensors")).description.seen?.value
        #expect(seen == (hasNorms ? nil : InputStatistics(mean: [0, 0], std: [1, 1])))
    }

    @Test func otherKindsOfTraining_LearnToo() throws {
        let data = try bench.data(renamed: ["1": "0"])
        var options = bench.options
        options.isBinary = true
        options.addsDice = true
        options.family = .unet
        options.crop = 64
        options.classWeights = .inverseFrequency
        options.borderWeights = BorderWeights()
        let path = bench.folder.path("binary.safetensors")
        let outcome = try TrainingSession(data, to: path, options: options).run(cancellation: Cancellation()) { _ in }
        #expect((outcome.judgement?.matrix.mean.iou ?? 0) > 0.9, "\(outcome.epochs)")
        #expect(try Model(path: path).outputChannels == 1)
        // From there on, with a head for three classes and the encoder as it is.
        var more = bench.options
        (more.start, more.freezesEncoder, more.crop, more.steps) = (path, true, 64, 60)
        let next = try TrainingSession(bench.data(), to: bench.folder.path("next.safetensors"), options: more)
            .run(cancellation: Cancellation()) { _ in }
        #expect((next.judgement?.matrix.mean.iou ?? 0) > 0.5, "\(next.epochs)")
    }

    @Test func aLossThatIsNotFinite_EndsWithALine() throws {
        let error = #expect(throws: TrainingError.self) { try train("wild.safetensors") { $0.rate = 1e30 } }
        #expect(error?.description.contains("learning rate") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.url.path)
        #expect(!names.contains { $0.hasPrefix(".") })
    }

    @Test func anOutputThatIsThere_AndTooLittleMemory_AreSaidAtOnce() throws {
        _ = try bench.folder.write([1], to: "there.safetensors")
        #expect(throws: FileError.self) { try train("there.safetensors") { $0.overwrites = false } }
        let error = #expect(throws: TrainingError.self) {
            try train("x.safetensors") { ($0.memory, $0.batch) = (180 << 20, 64) }
        }
        #expect(error?.description.contains("more memory") == true)
    }
}
