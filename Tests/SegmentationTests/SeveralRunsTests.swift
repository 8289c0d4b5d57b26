import Foundation
import Models
import NetworkGraph
import RasterIO
import TestData
import TestNetworks
import Testing

@testable import Segmentation

/// Means of several runs of one pass: of a tile under the symmetries of the square, and of several networks. The judge is
/// always what single runs of the program give, put together here.
@Suite struct SeveralRunsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What a run gives: probabilities by band, or values.
    private func run(
        _ scene: String, _ model: Model, kind: RasterOutput.Kind = .probabilities, named name: String = "out",
        _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> [[Float]] {
        var options = SegmentationOptions()
        (options.scale, options.overwrites) = (1 / 255, true)
        change(&options)
        let kinds: Set<RasterOutput.Kind> =
            switch options.task {
            case .regression: []
            case .multilabel: [.probabilities]
            case .segmentation, nil: [.probabilities, .confidence]
            }
        let job = try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options, kinds: kinds)
        var paths = [RasterOutput.Kind.mask: folder.path("\(name).tif")]
        for kind in kinds { paths[kind] = folder.path("\(name)-\(kind.rawValue).tif") }
        try job.run(paths)
        let raster = try RasterReader(path: paths[kind]!)
        return try raster.bands.map { try raster.wholeBand($0.number) }
    }

    private func largestDifference(_ a: [[Float]], _ b: [[Float]]) -> Float {
        #expect(a.count == b.count && a.first?.count == b.first?.count)
        var largest: Float = 0
        for (one, two) in zip(a.joined(), b.joined()) {
            #expect(one.isNaN == two.isNaN)
            if !one.isNaN { largest = max(largest, abs(one - two)) }
        }
        return largest
    }

    private func mean(_ runs: [[[Float]]]) -> [[Float]] {
        runs[0].indices.map { band in
            runs[0][band].indices.map { pixel in
                runs.reduce(0) { $0 + $1[band][pixel] } / Float(runs.count)
            }
        }
    }

    // MARK: Test-time augmentation

    /// The pixel of a scene at (x, y) of the turned one, for the symmetries in words of their own.
    private struct Turn {
        let swaps: Bool
        let right: Bool
        let down: Bool

        func size(_ width: Int, _ height: Int) -> (width: Int, height: Int) {
            swaps ? (height, width) : (width, height)
        }

        func source(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> (x: Int, y: Int) {
            let (x, y) = swaps ? (y, x) : (x, y)
            return (right ? width - 1 - x : x, down ? height - 1 - y : y)
        }
    }

    private static let turns: [SegmentationOptions.Augmentation: [Turn]] = {
        func turns(_ list: [(Bool, Bool, Bool)]) -> [Turn] { list.map { Turn(swaps: $0.0, right: $0.1, down: $0.2) } }
        let flips = [(false, false, false), (false, true, false), (false, false, true), (false, true, true)]
        let rotations = [(false, false, false), (true, true, false), (false, true, true), (true, false, true)]
        let all = flips + [(true, false, false), (true, true, false), (true, false, true), (true, true, true)]
        return [.flips: turns(flips), .rotations: turns(rotations), .all: turns(all)]
    }()

    /// A network that is seamless, and one that is tied to its tile, which then has the scene's size.
    enum Network: CaseIterable { case valid, padded, tied }

    private func model(_ network: Network, bands: Int = 2, classes: Int = 3, seed: UInt64 = 1) throws -> Model {
        switch network {
        case .valid, .padded:
            try Model(
                path: ModelFile.paperUNet(in: folder.url.path, bands: bands, classes: classes, seed: seed),
                options: ModelOptions(padded: network == .padded))
        case .tied:
            try Model(
                path: ONNXModelFile.write(
                    in: folder.url.path, name: "tied\(seed).onnx", bands: bands, classes: classes, isTied: true,
                    seed: seed))
        }
    }

    @Test(arguments: Network.allCases, SegmentationOptions.Augmentation.allCases)
    func augmentation_IsTheMeanOfRunsOverTurnedScenes(
        network: Network, augmentation: SegmentationOptions.Augmentation
    ) throws {
        // Multiples of the stride: the turned scene is pooled as the scene is.
        let (width, height) = network == .tied ? (64, 64) : (72, 44)
        let model = try model(network)
        func change(_ options: inout SegmentationOptions) {
            if network == .tied { (options.tile, options.margin) = (64, 0) }
        }
        let scene = folder.path("scene.tif")
        let hole = { (x: Int, y: Int) in x > 50 && y < 9 }
        func value(_ band: Int, _ x: Int, _ y: Int) -> Float {
            hole(x, y) ? 7 : SyntheticScene.wave(band, x, y) + 0.25
        }
        try SyntheticScene.write(scene, width: width, height: height, bands: 2, type: .float32, nodata: 7, value: value)
        let found = try run(scene, model) {
            change(&$0)
            $0.augmentation = augmentation
        }
        let runs = try Self.turns[augmentation]!.enumerated().map { number, turn -> [[Float]] in
            let turned = folder.path("turned\(number).tif")
            let size = turn.size(width, height)
            try SyntheticScene.write(
                turned, width: size.width, height: size.height, bands: 2, type: .float32, nodata: 7
            ) { band, x, y in
                let source = turn.source(x, y, width, height)
                return value(band, source.x, source.y)
            }
            let result = try run(turned, model, named: "turned-out", change)
            return result.map { band in
                var back = Array(repeating: Float.nan, count: width * height)
                for y in 0..<size.height {
                    for x in 0..<size.width {
                        let source = turn.source(x, y, width, height)
                        back[source.y * width + source.x] = band[y * size.width + x]
                    }
                }
                return back
            }
        }
        #expect(largestDifference(found, mean(runs)) < 1e-5)
        // The symmetries change something.
        #expect(largestDifference(found, runs[0]) > 1e-3)
    }

    @Test func augmentedTiles_FitTogether_WithTheSameBytesForAnyWorkers() throws {
        let model = try model(.valid)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 151, height: 90, bands: 2)
        func run(_ name: String, tile: Int?, workers: Int) throws -> [[Float]] {
            try self.run(scene, model, named: name) {
                ($0.tile, $0.workers, $0.augmentation) = (tile, workers, .all)
            }
        }
        let whole = try run("whole", tile: nil, workers: 1)
        for tile in [44, 60, 108] { #expect(try largestDifference(whole, run("tiled", tile: tile, workers: 2)) < 1e-4) }
        for workers in [1, 2, 5] {
            _ = try run("w\(workers)", tile: 60, workers: workers)
            #expect(try folder.bytes("w\(workers)-probabilities.tif") == folder.bytes("w1-probabilities.tif"))
            #expect(try folder.bytes("w\(workers).tif") == folder.bytes("w1.tif"))
        }
    }

    @Test func augmentation_CostsAsManyRuns_InThePlanToo() throws {
        let model = try model(.valid)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 400, height: 400, bands: 2)
        func plan(_ augmentation: SegmentationOptions.Augmentation?) throws -> Plan {
            var options = SegmentationOptions()
            (options.tile, options.workers, options.augmentation) = (108, 1, augmentation)
            return try Planner(scene: RasterReader(path: scene), model: model, options: options).plan()
        }
        let (once, often) = (try plan(nil), try plan(.all))
        #expect(often.tiling.runsPerTile == 8 && once.tiling.runsPerTile == 1)
        #expect(abs(often.tiling.operations / once.tiling.operations - 8) < 1e-9)
        #expect(abs(often.tiling.overlapCost(model.network) - once.tiling.overlapCost(model.network)) < 1e-9)
        #expect(often.tiling.bytesPerWorker > once.tiling.bytesPerWorker)
    }

    // MARK: Several models

    /// Which networks are averaged, of how many classes, and what their outputs are for.
    struct Ensemble {
        var networks: [Network]
        var classes = 3
        var task: ModelTask?
    }

    static let ensembles: [Ensemble] = [
        Ensemble(networks: [.valid, .valid]), Ensemble(networks: [.valid, .valid, .valid], classes: 1),
        // Two that pool alike, at places that differ by less than a stride.
        Ensemble(networks: [.padded, .valid]),
        // One is tied to its tile, and the others go along.
        Ensemble(networks: [.padded, .tied]), Ensemble(networks: [.tied, .tied], classes: 1),
        Ensemble(networks: [.valid, .valid], task: .multilabel),
        Ensemble(networks: [.valid, .padded], task: .regression),
    ]

    @Test(arguments: ensembles)
    func severalModels_GiveTheMeanOfWhatEachGives(ensemble: Ensemble) throws {
        let models = try ensemble.networks.enumerated().map {
            try model($1, classes: ensemble.classes, seed: UInt64($0 + 1))
        }
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 150, height: 91, bands: 2, nodata: 100)
        let isTied = ensemble.networks.contains(.tied)
        func change(_ options: inout SegmentationOptions) {
            options.task = ensemble.task
            if isTied { (options.tile, options.margin) = (96, 16) }
        }
        let kind: RasterOutput.Kind = ensemble.task == .regression ? .mask : .probabilities
        let one = try SegmentationOptions.mean(models, change)
        #expect(one.members.count == models.count && one.paths == models.map(\.path))
        let found = try run(scene, one, kind: kind, change)
        // A seamless network that goes along with a tied one is run as that is: on tiles with its own padding.
        let runs = try zip(models, ensemble.networks).map { model, network in
            try run(scene, isTied && network != .tied ? model.tied() : model, kind: kind, change)
        }
        #expect(largestDifference(found, mean(runs)) < 2e-5)
        #expect(largestDifference(found, runs[0]) > 1e-3)
    }

    @Test func modelsThatAreFedDifferently_AreEachFedTheirWay() throws {
        let paths = try zip(["0.1", "0.4"], ["0.25", "0.5"]).enumerated().map { index, said in
            try ModelFile.paperUNet(
                in: folder.url.path, bands: 2, classes: 2, seed: UInt64(index + 1),
                metadata: ["overtile.scale": "0.004", "overtile.mean": said.0, "overtile.std": said.1])
        }
        let models = try paths.map { try Model(path: $0) }
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 60, height: 40, bands: 2)
        let described: (inout SegmentationOptions) -> Void = { $0.scale = nil }
        let found = try run(scene, SegmentationOptions().mean(of: models), described)
        #expect(try largestDifference(found, mean(models.map { try run(scene, $0, described) })) < 2e-5)
    }

    @Test func modelsThatDoNotGoTogether_AreRefusedWithAReason() throws {
        func model(_ seed: UInt64, bands: Int = 2, classes: Int = 2, _ metadata: [String: String] = [:]) throws -> Model
        {
            try Model(
                path: ModelFile.paperUNet(
                    in: folder.url.path, bands: bands, classes: classes, seed: seed, metadata: metadata))
        }
        let cases: [(Model, Model, String)] = [
            (try model(1), try model(2, bands: 3), "bands, 2 and 3"),
            (try model(3), try model(4, classes: 3), "outputs, 2 and 3"),
            (
                try model(5, ["overtile.classes": #"["a","b"]"#]), try model(6, ["overtile.classes": #"["b","a"]"#]),
                "a,b and b,a"
            ),
            (try model(7, ["overtile.resolution": "10"]), try model(8, ["overtile.resolution": "20"]), "--resolution"),
            (try model(9, ["overtile.std": "255"]), try model(10), "--scale"),
            (try model(11, ["overtile.nodata": "0"]), try model(12, ["overtile.nodata": "1"]), "--nodata"),
        ]
        for (one, two, words) in cases {
            let error = #expect(throws: SegmentationError.self) { try SegmentationOptions().mean(of: [one, two]) }
            #expect(error?.code == .usage && error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    // MARK: Classes that are left out

    @Test func skippedClasses_BecomeNoData_AndNothingElseChanges() throws {
        let model = try model(.valid)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 90, height: 70, bands: 2, nodata: 100)
        func run(_ kind: RasterOutput.Kind, _ skipped: [String]) throws -> [Float] {
            try self.run(scene, model, kind: kind) { ($0.classNames, $0.skippedClasses) = (["a", "b", "c"], skipped) }
                .joined().map { $0 }
        }
        let whole = try run(.mask, [])
        #expect(Set(whole.filter { !$0.isNaN }).count > 1)
        let sure = try run(.confidence, [])
        for (skipped, numbers) in [(["b"], [1]), (["c", "0"], [0, 2])] as [([String], Set<Float>)] {
            let (mask, confidence) = (try run(.mask, skipped), try run(.confidence, skipped))
            for (index, value) in whole.enumerated() {
                let isGone = value.isNaN || numbers.contains(value)
                #expect(isGone ? mask[index].isNaN && confidence[index].isNaN : mask[index] == value)
                if !isGone { #expect(confidence[index] == sure[index]) }
            }
            #expect(try bits(run(.probabilities, skipped)) == bits(run(.probabilities, [])))
        }
        let error = #expect(throws: SegmentationError.self) { try run(.mask, ["d"]) }
        #expect(error?.description.contains("a, b, c") == true)
    }

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
}

extension SegmentationOptions {
    fileprivate static func mean(_ models: [Model], _ change: (inout SegmentationOptions) -> Void) throws -> Model {
        var options = SegmentationOptions()
        change(&options)
        return try options.mean(of: models)
    }
}

extension Model {
    /// The same network, run on tiles of a fixed size.
    fileprivate func tied() throws -> Model {
        let graph = try unfolded!.graph(size: 96).foldingNormalizations()
        return Model(
            meanOf: [self], network: .fixedTiles(try FixedTileNetwork(graph)), unfolded: unfolded,
            description: description)
    }
}
