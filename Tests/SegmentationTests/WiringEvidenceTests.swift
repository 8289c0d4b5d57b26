import Foundation
import InferenceEngine
import Models
import RasterIO
import TestData
import Testing

@testable import Segmentation

/// Networks of no known family are shown scenes, which tell how they are wired.
@Suite struct WiringEvidenceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func scene(_ name: String = "waves", nodata: Double? = nil, factor: Float = 1) throws -> String {
        let path = folder.path("\(name).tif")
        try SyntheticScene.write(
            path, width: 400, height: 400, bands: 3, type: factor == 1 ? .uint8 : .float32, nodata: nodata
        ) { nodata == nil ? factor * SyntheticScene.wave($0, $1, $2) : 0 }
        return path
    }

    private struct Reading {
        var model: Model
        var notes: [String]

        func origin(_ key: ModelAssumptions.Key) -> String {
            model.assumptions.first { $0.key == key }.map { "\($0.value) \($0.origin.rawValue)" } ?? "none"
        }
    }

    private func read(
        _ path: String, _ scenes: [String], assuming text: String? = nil,
        _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> Reading {
        var options = ModelOptions()
        if let text { options.assumptions = try ModelAssumptions(parsing: text) }
        var input = SegmentationOptions()
        change(&input)
        var notes: [String] = []
        let model = try Model(path: path, options: options, decidedBy: scenes, as: input) { notes.append($0) }
        return Reading(model: model, notes: notes)
    }

    /// Whatever the pixels are multiplied by, by the scene or the user, the usual ways of feeding are tried as well.
    @Test(
        "what the file does not tell the scene does",
        arguments: [(Float(1), Float?.none), (1, 1), (1 / 255, nil), (10_000 / 255, nil)])
    func bare(factor: Float, scale: Float?) throws {
        #expect(throws: WiringError.self) { try Model(path: TrainedWiring.bare.path) }
        let reading = try read(TrainedWiring.bare.path, [scene(factor: factor)]) { $0.scale = scale }
        #expect(reading.origin(.concat) == "skip-last scene")
        // Its defaults are right, and stay.
        #expect(reading.model.options.settled.text == "concat=skip-last")
        #expect(reading.notes.count(where: { $0.contains("taken as --assume") }) == 1)
        #expect(reading.notes.first?.contains("--assume concat=skip-last, with which its norms are given of") == true)
    }

    /// A default that the scene contradicts is not kept.
    @Test func nearest() throws {
        #expect(throws: WiringError.self) { try Model(path: TrainedWiring.nearest.path) }
        let reading = try read(TrainedWiring.nearest.path, [scene()])
        #expect(reading.origin(.pooling) == "average scene")
        // These are too much alike for norms.
        #expect(reading.origin(.upsampling) == "bilinear-aligned default")
        #expect(reading.origin(.concat) == "skip-first scene")
        #expect(reading.notes.count == 2)
        // So what was taken is said, with what it may be and the flag that settles it.
        #expect(reading.notes.last?.contains("upsampling=bilinear-aligned (it may be ") == true)
        #expect(reading.notes.last?.contains(" and --assume ") == true)
    }

    /// What the user says is not looked at again, right or wrong.
    @Test func theUserIsBelieved() throws {
        let reading = try read(
            TrainedWiring.nearest.path, [scene()], assuming: "pooling=max,upsampling=bilinear,concat=skip-last")
        #expect(reading.origin(.pooling) == "max given")
        #expect(reading.origin(.upsampling) == "bilinear given")
        #expect(reading.origin(.concat) == "skip-last given")
    }

    /// The outputs say what was taken, in the words of `--assume`, and a run that is told so is the same run.
    @Test func outputsTellWhatWasTaken() throws {
        let path = try scene()
        func run(_ reading: Reading, _ name: String) throws -> (raster: RasterReader, digest: String) {
            var options = SegmentationOptions()
            options.overwrites = true
            let reader = try options.open(scene: path, for: reading.model)
            let job = try SegmentationJob(scene: reader, model: reading.model, options: options)
            _ = try job.run([.mask: folder.path(name)])
            return (
                try RasterReader(path: folder.path(name)),
                SettingsDigest(model: reading.model, options: options).hexadecimal
            )
        }
        let shown = try run(read(TrainedWiring.bare.path, [path]), "shown.tif")
        let given = try run(read(TrainedWiring.bare.path, [path], assuming: "concat=skip-last"), "given.tif")
        let wrong = try run(read(TrainedWiring.bare.path, [path], assuming: "concat=skip-first"), "wrong.tif")
        #expect(shown.raster.metadata["OVERTILE_ASSUME"] == "concat=skip-last")
        #expect(shown.digest == given.digest && shown.digest != wrong.digest)
        let masks = try (shown.raster.wholeBand(), given.raster.wholeBand(), wrong.raster.wholeBand())
        #expect(masks.0 == masks.1 && masks.0 != masks.2)
        let truth = masks.0.indices.count { index in
            let (x, y) = (index % 400, index / 400)
            return (SyntheticScene.wave(0, x, y) + SyntheticScene.wave(1, x, y) > 254) == (masks.0[index] == 1)
        }
        #expect(truth > 400 * 400 * 9 / 10)
    }

    /// Where the scene tells nothing either, the user is asked, and hears why.
    @Test func whatNothingTellsIsAsked() throws {
        let path = try scene()
        let error = try #require(throws: WiringError.self) { try read(TrainedWiring.untrained.path, [path]) }
        #expect(error.description.contains("nor does \(path) (the network's norms are as they were made"))
        #expect(error.description.hasSuffix("say --assume concat=skip-first or --assume concat=skip-last"))
        let empty = try scene("empty", nodata: 0)
        let other = try #require(throws: WiringError.self) { try read(TrainedWiring.bare.path, [empty]) }
        #expect(other.description.contains("nor does \(empty) (no place in the scene"))
        // The next scene tells.
        #expect(try read(TrainedWiring.bare.path, [empty, path]).origin(.concat) == "skip-last scene")
        #expect(throws: RasterError.self) { try read(TrainedWiring.bare.path, [folder.path("none.tif")]) }
    }

    /// Nobody opens a scene for a network that leaves nothing open.
    @Test func knownFamiliesNeedNoScene() throws {
        let reading = try read(TrainedModel.plain.path, [folder.path("none.tif")])
        #expect(reading.notes.isEmpty && reading.model.wiring.isEmpty)
        // It is the run's to tell that there is no such scene.
        let wired = try read(TrainedWiring.nearest.path, [folder.path("none.tif")], assuming: "concat=skip-first")
        #expect(wired.origin(.pooling) == "max default")
        #expect(wired.notes.count == 1 && wired.notes[0].contains("pooling=max (it may be average)"))
    }

    /// What is taken because most networks have it is never taken silently, and who says it hears no more of it.
    @Test func guessesAreTold() throws {
        let path = try scene()
        let guessed = try read(TrainedWiring.bare.path, [path], assuming: "concat=skip-last")
        let untold = guessed.notes.filter { $0.contains("(it may be ") }
        let open = guessed.model.openChoices.map { "\($0.key.rawValue)=" }
        #expect(open.contains("padding="), "it is open in any network of 3 x 3 convolutions")
        #expect(untold.contains { $0.contains("padding=zero (it may be valid)") }, "no scene rules it out")
        for note in untold { #expect(note.contains(path) && open.contains { note.contains($0) }) }
        let said = guessed.model.assumptions.map { "\($0.key.rawValue)=\($0.value)" }.joined(separator: ",")
        #expect(try read(TrainedWiring.bare.path, [path], assuming: said).notes.isEmpty)
    }

    /// Little differences tell two networks apart if nearly all channels share them. Whole divergences, of which a scene has
    /// ten times as many, do not.
    @Test(
        "channel by channel",
        arguments: [
            (channels: 200, farther: 1.0, step: 0.05, isBetter: true), (200, 0.85, 0.05, true),
            (200, 0.65, 0.05, false), (200, 0, 0.05, false),
            // Too few to tell, and too little.
            (60, 1, 0.05, false), (200, 1, 0.01, false),
        ])
    func channelByChannel(channels: Int, farther: Double, step: Double, isBetter: Bool) {
        func fit(_ distance: (Int) -> Double) -> NormFit {
            let scaling = FeedScaling(origin: .inUse, name: "", scale: 1, offset: 0, mean: [0], std: [1])
            let divergences = (0..<channels).map { pow(distance($0), 2) }
            return NormFit(
                scaling: scaling, norms: NormDivergences(norms: [.init(label: "norm", channels: divergences)]))
        }
        func fraction(_ index: Int, _ step: Double) -> Double {
            (Double(index) * step).truncatingRemainder(dividingBy: 1)
        }
        let own = fit { 0.2 + 0.4 * fraction($0, 0.618) }
        let other = fit { index in
            let step = step * (0.75 + 0.5 * fraction(index, 0.377))
            return 0.2 + 0.4 * fraction(index, 0.618) + (fraction(index, 0.755) < farther ? step : -step)
        }
        #expect(own.isClearlyBetter(than: other) == isBetter)
        #expect(!other.isClearlyBetter(than: own) || farther == 0)
    }
}
