import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry
import Training

@testable import TrainingRunner

/// Scenes and labels become crops: what is said of a pixel goes where the pixel goes.
@Suite struct TrainingDataTests {
    private let bench: TrainingBench

    init() throws { bench = try TrainingBench() }

    @Test func classesAndStatistics_AreThoseOfTheFiles() throws {
        let data = try bench.data()
        #expect(data.classes == ["0", "1", "2"])
        var (sum, squares, count) = (0.0, 0.0, 0.0)
        var labelled = [0, 0, 0]
        for y in 0..<bench.height {
            for x in 0..<bench.width {
                let value = Double(TrainingBench.value(1, x, y))
                (sum, squares, count) = (sum + value, squares + value * value, count + 1)
                if let label = TrainingBench.label(x, y) { labelled[Int(label)] += 1 }
            }
        }
        let mean = sum / count
        #expect(abs(data.mean[1] - mean) < 1e-6)
        #expect(abs(data.std[1] - (squares / count - mean * mean).squareRoot()) < 1e-3)
        #expect(data.counts == [labelled])
        // A name of one's own, and a class that is left out.
        let renamed = try bench.data(renamed: ["0": "field", "1": "field", "2": "water"])
        #expect(renamed.classes == ["field", "water"] && renamed.counts == [[labelled[0] + labelled[1], labelled[2]]])
        let without = try bench.data(renamed: ["1": "none"])
        #expect(without.classes == ["0", "2"] && without.counts == [[labelled[0], labelled[2]]])
    }

    /// In memory or by windows, it is the same scene.
    @Test(arguments: [0, 1 << 30])
    func cropsShowTheSceneUnderTheirLabels_TurnedOrNot(memory: Int) throws {
        let data = try bench.data(memory: memory)
        var options = bench.options
        options.augmentation = CropAugmentation()
        options.augmentation.intensity = 0
        let (side, inner) = (24, 16)
        let sampler = try CropSampler(
            data, shape: CropShape(count: 6, height: side, width: side), output: PixelSize(width: inner, height: inner),
            margin: 4, options: options)
        var (compared, looks) = (0, Set<[UInt8]>())
        for step in 0..<30 {
            let batch = try sampler.batch(step: step)
            #expect(batch.images.count == 6 * 2 * side * side && batch.targets.count == 6 * inner * inner)
            for sample in 0..<6 {
                let targets = batch.targets[sample * inner * inner..<(sample + 1) * inner * inner]
                looks.insert(Array(targets))
                for (index, target) in targets.enumerated() where target != Loss.unlabelled {
                    let (v, u) = (index / inner + 4, index % inner + 4)
                    func value(_ band: Int) -> Double {
                        let value = batch.images[((sample * 2 + band) * side + v) * side + u]
                        return Double(value) * data.std[band] + data.mean[band]
                    }
                    // Noise is less than half of the classes' distance.
                    let label = value(1) > 1150 ? 2 : value(0) > 1150 ? 1 : 0
                    #expect(label == Int(target))
                    compared += 1
                }
            }
        }
        #expect(compared > 10_000 && looks.count > 100)
    }

    @Test func crops_FollowFromTheirStep_AndNothingIsLearnedOfWhatIsHeldOut() throws {
        let data = try bench.data()
        let heldOut = try #require(data.scenes[0].heldOut)
        #expect(heldOut.width == 40 && heldOut.height == 96)
        func sampler() throws -> CropSampler {
            try CropSampler(
                bench.data(), shape: CropShape(count: 3, height: 20, width: 20),
                output: PixelSize(width: 20, height: 20),
                margin: 6, options: bench.options)
        }
        let (one, other) = (try sampler(), try sampler())
        _ = try other.batch(step: 7)
        #expect(try one.batch(step: 3).targets == other.batch(step: 3).targets)
        #expect(try one.batch(step: 3).images == other.batch(step: 3).images)
        #expect(try one.batch(step: 3).targets != one.batch(step: 4).targets)
        // All labelled pixels beside the strip and its margin, on the one side where there are any.
        var expected = 0
        for y in 0..<bench.height {
            for x in 0..<bench.width where TrainingBench.label(x, y) != nil {
                if x < heldOut.x - 6 || x >= heldOut.maxX + 6 { expected += 1 }
            }
        }
        #expect(one.labelledPixels == expected)
    }

    /// A scene of which one pixel in sixteen, in its right third, is of class 1: balanced draws show it in half of the
    /// crops, and draws at borders show both classes in nearly all.
    @Test func crops_AreDrawn_WhereItIsAskedFor() throws {
        let truth = bench.folder.path("rare.tif")
        try SyntheticScene.write(truth, width: bench.width, height: bench.height) { _, x, y in
            x > 106 && x % 4 == 0 && y < 24 ? 1 : 0
        }
        let data = try TrainingData(
            [TrainingData.Pair(scene: bench.scene, truth: TruthSource(path: truth))], bands: nil, nodata: nil,
            renamed: [:],
            validation: 0, memory: 1 << 30)
        func shares(_ draw: CropDraw) throws -> (rare: Double, both: Double) {
            var options = bench.options
            options.draw = draw
            let shape = CropShape(count: 50, height: 8, width: 8)
            let sampler = try CropSampler(
                data, shape: shape, output: PixelSize(width: 8, height: 8), margin: 0, options: options)
            var (rare, both) = (0, 0)
            for step in 0..<8 {
                let targets = try sampler.batch(step: step).targets
                for crop in 0..<50 {
                    let classes = Set(targets[crop * 64..<(crop + 1) * 64])
                    if classes.contains(1) { rare += 1 }
                    if classes.contains(1), classes.contains(0) { both += 1 }
                }
            }
            return (Double(rare) / 400, Double(both) / 400)
        }
        let (labels, classes, borders) = (try shares(.labels), try shares(.classes), try shares(.borders))
        #expect(labels.rare < 0.2, "\(labels)")
        #expect(classes.rare > 0.35 && classes.rare > 2 * labels.rare, "\(classes)")
        #expect(borders.both > 0.6, "\(borders)")
    }

    @Test func views_AreTheSymmetriesOfTheSquare_AndBendAsTheGridSays() throws {
        var augmentation = CropAugmentation()
        var generator = TrainingGenerator(seed: 5)
        var kinds: Set<[Int]> = []
        for _ in 0..<200 {
            let view = CropView(x: 10, y: 20, side: 4, augmentation: augmentation, generator: &generator)
            let places = (0..<16).map { index -> Int in
                let place = view.source(index % 4, index / 4)
                return (Int(place.y) - 20) * 4 + Int(place.x) - 10
            }
            #expect(Set(places) == Set(0..<16))
            kinds.insert(places)
        }
        #expect(kinds.count == 8)
        augmentation.elastic = 3
        for _ in 0..<50 {
            let view = CropView(x: 0, y: 0, side: 33, augmentation: augmentation, generator: &generator)
            let reach = view.reach
            for v in 0..<33 {
                for u in 0..<33 {
                    let place = view.source(u, v)
                    #expect(place.x >= Double(reach.x) && place.x <= Double(reach.maxX - 1))
                    #expect(place.y >= Double(reach.y) && place.y <= Double(reach.maxY - 1))
                }
            }
        }
    }

    @Test func labelsThatTeachNothing_AreRefusedWithAReason() throws {
        func refusal(_ words: String, _ body: () throws -> Void) {
            let error = #expect(throws: (any Error).self, performing: body)
            #expect("\(error.map { "\($0)" } ?? "")".contains(words))
        }
        refusal("one class") { _ = try bench.data(renamed: ["1": "0", "2": "0"]) }
        refusal("no class") { _ = try bench.data(renamed: ["0": "none", "1": "none", "2": "none"]) }
        let other = bench.folder.path("other.tif")
        try SyntheticScene.write(other, width: 90, height: 60, bands: 3)
        refusal("bands") {
            _ = try TrainingData(
                [bench.scene, other].map { TrainingData.Pair(scene: $0, truth: TruthSource(path: bench.truth)) },
                bands: nil, nodata: nil, renamed: [:], validation: 0.2, memory: 1 << 30)
        }
        refusal("smaller") {
            _ = try CropSampler(
                bench.data(), shape: CropShape(count: 1, height: 200, width: 200),
                output: PixelSize(width: 200, height: 200), margin: 0, options: bench.options)
        }
    }
}
