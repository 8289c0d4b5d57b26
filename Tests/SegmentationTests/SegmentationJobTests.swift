import Foundation
import InferenceEngine
import Models
import NetworkGraph
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// Scenes from file to file, on models and pixels that the test makes.
@Suite struct SegmentationJobTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func model(bands: Int = 1, classes: Int = 2, depth: Int = 3, base: Int = 4) throws -> Model {
        try Model(
            path: ModelFile.paperUNet(in: folder.url.path, bands: bands, classes: classes, depth: depth, base: base))
    }

    /// Runs a scene into `NAME.tif` and `NAME-p.tif`.
    @discardableResult
    private func segment(
        _ scene: String, _ model: Model, to name: String, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> SegmentationSummary {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        options.overwrites = true
        change(&options)
        let job = try SegmentationJob(
            scene: try RasterReader(path: scene, nodata: options.nodata), model: model, options: options,
            kinds: [.probabilities])
        return try job.run([.mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif")])
    }

    private func probabilities(_ name: String, band: Int = 1) throws -> [Float] {
        try RasterReader.wholeBand(ofFile: folder.path("\(name)-p.tif"), band)
    }

    @Test func anyTileSizeGivesTheSameProbabilities() throws {
        let model = try model(bands: 2, classes: 3)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 150, height: 91, bands: 2)
        try segment(scene, model, to: "default")
        // From the smallest tile, whose step no block of the file divides, to one that holds the whole scene.
        for tile in [44, 60, 108, 236] {
            try segment(scene, model, to: "tile") { $0.tile = tile }
            for band in 1...3 {
                let pairs = zip(try probabilities("default", band: band), try probabilities("tile", band: band))
                #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 }, "tile \(tile), class \(band)")
            }
        }
    }

    @Test(arguments: [44, 108])
    func anyNumberOfWorkersGivesTheSameBytes(tile: Int) throws {
        let model = try model()
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 200, height: 170)
        for workers in [1, 2, 5] {
            try segment(scene, model, to: "\(workers)") {
                $0.workers = workers
                $0.tile = tile
            }
            #expect(try folder.bytes("\(workers).tif") == folder.bytes("1.tif"))
            #expect(try folder.bytes("\(workers)-p.tif") == folder.bytes("1-p.tif"))
        }
    }

    private struct NetworkIsNotSeamless: Error {}

    /// The whole mirrored scene in one piece, on plain loops, against the tiled run with oneDNN.
    @Test(arguments: [(40, 24), (7, 5), (1, 9), (1, 1)])
    func tiledEqualsTheMirroredScene(width: Int, height: Int) throws {
        let model = try model(classes: 2)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: width, height: height)
        try segment(scene, model, to: "tiled") { $0.tile = 44 }
        let (outputHeight, outputWidth) = ((height + 3) / 4 * 4, (width + 3) / 4 * 4)
        guard case .seamless(let network) = model.network else { throw NetworkIsNotSeamless() }
        let computation = network.computation(height: outputHeight, width: outputWidth)
        let compiled = try CompiledNetwork(computation, backend: ReferenceBackend())
        let session = try InferenceSession(compiled)
        let input = computation.input
        var position = 0
        for row in input.rows {
            for column in input.columns {
                let x = Mirroring.source(of: column, count: width)
                let y = Mirroring.source(of: row, count: height)
                session.input[position] = SyntheticScene.wave(0, x, y) / 255
                position += 1
            }
        }
        try session.run()
        let tiled = try [probabilities("tiled", band: 1), probabilities("tiled", band: 2)]
        for y in 0..<height {
            for x in 0..<width {
                let scores = (0..<2).map { session.output[($0 * outputHeight + y) * outputWidth + x] }
                let expected = 1 / (1 + exp(scores[0] - scores[1]))
                #expect(abs(tiled[1][y * width + x] - expected) < 2e-5)
                #expect(abs(tiled[0][y * width + x] + tiled[1][y * width + x] - 1) < 1e-5)
            }
        }
    }

    @Test func pixelsWithoutDataComeOutWithoutDataAndAreTheMeanInside() throws {
        let model = try model()
        func isHole(_ x: Int, _ y: Int) -> Bool { (40..<60).contains(x) && (30..<45).contains(y) }
        let (scene, filled) = (folder.path("scene.tif"), folder.path("filled.tif"))
        try SyntheticScene.write(scene, width: 100, height: 80, type: .float32, nodata: -9) { band, x, y in
            isHole(x, y) ? -9 : SyntheticScene.wave(band, x, y)
        }
        // The same scene with the band's mean in the hole, and no nodata.
        try SyntheticScene.write(filled, width: 100, height: 80, type: .float32) { band, x, y in
            isHole(x, y) ? 100 : SyntheticScene.wave(band, x, y)
        }
        for (path, name) in [(scene, "holes"), (filled, "filled")] {
            try segment(path, model, to: name) {
                $0.scale = 1
                $0.mean = [100]
                $0.std = [60]
            }
        }
        let (holes, whole) = (try probabilities("holes"), try probabilities("filled"))
        let mask = try RasterReader.wholeBand(ofFile: folder.path("holes.tif"))
        for y in 0..<80 {
            for x in 0..<100 {
                let pixel = y * 100 + x
                #expect(holes[pixel].isNaN == isHole(x, y) && mask[pixel].isNaN == isHole(x, y))
                if !isHole(x, y) { #expect(holes[pixel] == whole[pixel]) }
            }
        }
    }

    @Test func tilesWithoutDataAreNotRun() throws {
        let model = try model()
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 128, height: 64, nodata: 0) { band, x, y in
            x < 20 ? SyntheticScene.wave(band, x, y) : 0
        }
        let summary = try segment(scene, model, to: "sparse") { $0.tile = 76 }
        // Tiles of 76 keep 32 pixels: 4 x 2 tiles, of which the first column has data.
        #expect(summary.tiles == 8 && summary.tilesComputed == 2)
        #expect(try probabilities("sparse").filter(\.isNaN).count == 108 * 64)
    }

    @Test func oneOutputIsASigmoidWithAThreshold() throws {
        let model = try model(classes: 1)
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 60, height: 60)
        try segment(scene, model, to: "sigmoid")
        // The default, and one that half of the pixels pass, whatever the network says.
        let median = try probabilities("sigmoid").sorted()[60 * 30]
        for threshold in [0.5, median] {
            try segment(scene, model, to: "sigmoid") { $0.threshold = threshold }
            let mask = try RasterReader.wholeBand(ofFile: folder.path("sigmoid.tif"))
            let probabilities = try probabilities("sigmoid")
            #expect(zip(mask, probabilities).allSatisfy { $0 == ($1 > threshold ? 1 : 0) })
            if threshold == median { #expect(Set(mask) == [0, 1], "both classes occur") }
        }
    }

    @Test func from255ClassesOnTheMaskIs16BitsWide() throws {
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 20, height: 20, nodata: 0) { _, x, _ in x == 0 ? 0 : 100 }
        for (classes, type, nodata) in [(254, SampleType.uint8, 255.0), (255, .uint16, 65535)] {
            try segment(scene, try model(classes: classes, depth: 1), to: "wide")
            let band = try RasterReader(path: folder.path("wide.tif")).bands[0]
            #expect(band.sampleType == type && band.nodata == nodata)
        }
    }

    @Test func maskCarriesGridAndLegend() throws {
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 50, height: 40)
        try segment(scene, try model(), to: "legend") { $0.classNames = ["land", "water"] }
        let mask = try RasterReader(path: folder.path("legend.tif"))
        #expect(mask.spatialReference == SyntheticScene.spatialReference)
        #expect(mask.legend(ofBand: 1).prefix(2).map(\.name) == ["land", "water"])
        let probabilities = try RasterReader(path: folder.path("legend-p.tif"))
        #expect(probabilities.bands.map(\.name) == ["land", "water"])
    }

    @Test func aRunCancelledInItsFirstRowLeavesNoFile() throws {
        let scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 300, height: 300)
        let cancellation = Cancellation()
        var options = SegmentationOptions()
        options.tile = 44
        let model = try model()
        let job = try SegmentationJob(
            scene: try RasterReader(path: scene), model: model, options: options, kinds: [.probabilities])
        #expect(throws: CancellationError.self) {
            try job.run(
                [.mask: folder.path("mask.tif"), .probabilities: folder.path("p.tif")], cancellation: cancellation
            ) {
                if $0 > 10 && $1 > 10 { cancellation.cancel() }
            }
        }
        #expect(
            try folder.names.filter { !$0.hasSuffix(".safetensors") } == ["scene.tif"])
    }
}
