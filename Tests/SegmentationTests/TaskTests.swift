import Foundation
import Models
import RasterIO
import TestData
import TestNetworks
import Testing

@testable import Segmentation

/// What becomes of a network's outputs: one class for each pixel, several labels, or the values themselves.
@Suite struct TaskTests {
    private let folder: TemporaryFolder
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 90, height: 70, bands: 1, nodata: 100)
    }

    /// - Returns: the mask, and the probabilities where there are any.
    private func run(
        _ model: Model, _ name: String, probabilities: Bool = false,
        _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> (mask: RasterReader, probabilities: RasterReader?) {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        change(&options)
        let job = try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options,
            kinds: probabilities ? [.probabilities] : [])
        let paths = [folder.path("\(name).tif"), folder.path("\(name)-p.tif")]
        try job.run(probabilities ? [.mask: paths[0], .probabilities: paths[1]] : [.mask: paths[0]])
        return (try RasterReader(path: paths[0]), probabilities ? try RasterReader(path: paths[1]) : nil)
    }

    private func model(classes: Int, metadata: [String: String] = [:]) throws -> Model {
        try Model(path: ModelFile.paperUNet(in: folder.url.path, classes: classes, metadata: metadata))
    }

    @Test func regression_IsTheValues_OfWhichTheProbabilitiesAreTheSigmoid() throws {
        let model = try model(classes: 1)
        let values = try run(model, "values") { $0.task = .regression }.mask
        let probabilities = try #require(try run(model, "classes", probabilities: true).probabilities)
        #expect(values.bands.count == 1 && values.bands[0].sampleType == .float32)
        #expect(values.metadata["OVERTILE_TASK"] == "regression" && values.legend(ofBand: 1).isEmpty)
        var (seen, empty) = (Set<Int>(), 0)
        for (value, probability) in zip(try values.wholeBand(), try probabilities.wholeBand()) {
            #expect(value.isNaN == probability.isNaN)
            if value.isNaN {
                empty += 1
            } else {
                #expect(abs(1 / (1 + exp(-value)) - probability) < 1e-6)
                seen.insert(Int(value * 100))
            }
        }
        #expect(seen.count > 20 && empty > 0)
    }

    @Test func multilabel_HasABandForEachClass_ThatIsThereAboveTheThreshold() throws {
        let model = try model(classes: 3)
        let values = try run(model, "values") { $0.task = .regression }.mask
        let (labels, probabilities) = try run(model, "labels", probabilities: true) {
            ($0.task, $0.threshold, $0.classNames) = (.multilabel, 0.6, ["a", "b", "c"])
        }
        #expect(labels.bands.map(\.name) == ["a", "b", "c"] && labels.bands.allSatisfy { $0.sampleType == .uint8 })
        var counts: [Float: Int] = [:]
        for band in 1...3 {
            let probability = try #require(try probabilities?.wholeBand(band))
            let pixels = zip(try values.wholeBand(band), zip(try labels.wholeBand(band), probability))
            for (value, (label, probability)) in pixels {
                let sigmoid = 1 / (1 + exp(-value))
                #expect(value.isNaN ? label.isNaN && probability.isNaN : abs(sigmoid - probability) < 1e-6)
                if !value.isNaN, abs(sigmoid - 0.6) > 1e-4 { #expect(label == (sigmoid > 0.6 ? 1 : 0)) }
                counts[label.isNaN ? 255 : label, default: 0] += 1
            }
        }
        #expect(counts.count == 3)
    }

    /// What a model says it is for, what is asked of it, and what comes of that: the outputs' task, or words of the refusal.
    static let declared: [([String: String], ModelTask?, Result<ModelTask, Refusal>)] = [
        ([:], nil, .success(.segmentation)), ([:], .regression, .success(.regression)),
        (["overtile.task": "multilabel"], nil, .success(.multilabel)),
        (["overtile.task": "multilabel"], .segmentation, .success(.segmentation)),
        (["overtile.task": "regression"], nil, .failure(Refusal("--task regression"))),
        (["model_type": "Regressor"], nil, .failure(Refusal("model_type of"))),
        (["model_type": "Regressor"], .regression, .success(.regression)),
        (["model_type": "Regressor"], .segmentation, .success(.segmentation)),
        (["model_type": "Detector"], nil, .failure(Refusal("--task segmentation"))),
        (["model_type": "Detector"], .segmentation, .success(.segmentation)),
    ]

    struct Refusal: Error { let words: String; init(_ words: String) { self.words = words } }

    @Test func declaredTasks_AreFollowedOrRefused() throws {
        for (metadata, asked, expected) in Self.declared {
            var options = SegmentationOptions()
            options.task = asked
            let model = try model(classes: 3, metadata: metadata)
            let found = Result { try OutputEncoding(model, options).task }
            switch expected {
            case .success(let task): #expect(try found.get() == task)
            case .failure(let refusal):
                let error = #expect(throws: SegmentationError.self) { try found.get() }
                #expect(error?.code == .badData && error?.description.contains(refusal.words) == true)
            }
        }
    }

    @Test func outputsOfClasses_AreRefusedWhereThereAreNone() throws {
        let model = try model(classes: 3)
        func refusal(
            probabilities: Bool = false, confidence: Bool = false, _ change: (inout SegmentationOptions) -> Void
        )
            -> SegmentationError?
        {
            var options = SegmentationOptions()
            change(&options)
            let kinds: [RasterOutput.Kind?] = [probabilities ? .probabilities : nil, confidence ? .confidence : nil]
            return #expect(throws: SegmentationError.self) {
                try OutputEncoding(model, options, kinds: Set(kinds.compactMap { $0 }))
            }
        }
        #expect(refusal(probabilities: true) { $0.task = .regression }?.description.contains("--probabilities") == true)
        #expect(refusal(confidence: true) { $0.task = .multilabel }?.description.contains("--confidence") == true)
        #expect(refusal { ($0.task, $0.sieve) = (.multilabel, 4) }?.description.contains("--sieve") == true)
        #expect(refusal { ($0.task, $0.threshold) = (.regression, 0.5) }?.code == .usage)
    }

    @Test func valuesBeyondZeroToOne_CalledProbabilities_EndTheRun() throws {
        let model = try model(classes: 3)
        let error = #expect(throws: SegmentationError.self) {
            try run(model, "wrong") { $0.activation = .probabilities }
        }
        #expect(error?.code == .badData && error?.description.contains("--activation logits") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path("wrong.tif")))
    }

    @Test func maskOfASingleClass_IsToldOf() throws {
        func warnings(classes: Int, threshold: Float?) throws -> [String] {
            var options = SegmentationOptions()
            (options.scale, options.threshold, options.overwrites) = (1 / 255, threshold, true)
            let model = try model(classes: classes)
            let job = try SegmentationJob(
                scene: try options.open(scene: scene, for: model), model: model, options: options)
            let staged = try job.stage([.mask: folder.path("mask.tif")])
            defer { staged.endWork() }
            try staged.publish()
            return staged.warnings
        }
        // No probability is above 1.
        let same = try warnings(classes: 1, threshold: 1)
        #expect(same.count == 1 && same.first?.contains("a single class, 0") == true, "\(same)")
        #expect(try warnings(classes: 3, threshold: nil).isEmpty)
    }

    /// No data is no class, and once two classes were seen there is no only one.
    @Test(
        arguments: [([1, 255, 1], [255, 1], 1), ([255], [], nil), ([0, 0], [2], nil), ([0, 1], [1, 1], nil)]
            as [([UInt8], [UInt8], Int?)])
    func onlyClass_IsThatOfAllPixelsWithData(first: [UInt8], second: [UInt8], only: Int?) {
        var classes = OnlyClass(nodata: 255)
        for pixels in [first, second] {
            let many = Array(repeating: pixels, count: OnlyClass.fewest).flatMap { $0 }
            many.withUnsafeBufferPointer { classes.look(at: $0) }
        }
        #expect(classes.value == only)
    }
}
