import Foundation
import Models
import NetworkGraph
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// What a model says of itself takes the place of flags, and gives way to them.
@Suite struct DescribedModelTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A model with an item beside it.
    ///
    /// - Parameter hyperparameters: JSON, under our own keys.
    private func model(
        _ hyperparameters: String, bands: Int = 1, classes: Int = 2, item: String? = nil
    ) throws -> Model {
        let path = try ModelFile.paperUNet(in: folder.url.path, bands: bands, classes: classes)
        let text = item ?? #"{"properties": {"mlm:input": [], "mlm:hyperparameters": {\#(hyperparameters)}}}"#
        return try Model(path: path, item: try folder.write(Array(text.utf8), to: "item.json"))
    }

    private func job(
        _ scene: String, _ model: Model, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> SegmentationJob {
        var options = SegmentationOptions()
        change(&options)
        return try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options, kinds: [.probabilities]
        )
    }

    /// A scene whose bands have these names.
    private func scene(_ names: [String]) throws -> String {
        let path = folder.path("scene.tif")
        var options = RasterWriter.Options(
            size: PixelSize(width: 20, height: 20), bandCount: names.count, sampleType: .float32)
        options.bandNames = names
        options.overwrite = true
        let writer = try RasterWriter(path: path, options: options)
        for band in names.indices {
            let samples = [Float](repeating: Float(band), count: 400)
            try samples.withUnsafeBufferPointer {
                try writer.write(PixelWindow(options.size), band: band + 1, samples: $0)
            }
        }
        try writer.commit()
        return path
    }

    @Test(
        "bands by name",
        arguments: [
            (["B02", "B03", "B04", "B08"], #"["B04", "B02"]"#, [3, 1]),
            // with and without the zero, in a longer name, in another case
            (["b2", "B3", "Band B4 (red)"], #"["B04", "B02"]"#, [3, 1]),
            // by colour where scene or model speak of the sensor's bands
            (["B02", "B03", "B04", "B08", "B8A"], #"["nir", "red"]"#, [4, 3]),
            (["blue", "green", "red"], #"["B04", "R"]"#, [3, 3]),
            // what else the model calls its band
            (["S1", "S2"], #"[["x", "s2"], "s1"]"#, [2, 1]),
            // a whole name before a word of another
            (["red edge", "red"], #"["red", "red edge"]"#, [2, 1]),
            // numbers
            (["a", "b", "c"], "[3, 1]", [3, 1]),
        ])
    func bands(names: [String], wanted: String, found: [Int]) throws {
        let job = try job(try scene(names), try model("\"overtile.bands\": \(wanted)", bands: 2))
        #expect(job.plan.bands == found)
        #expect(!job.warnings.contains { $0.contains("names") })
    }

    @Test(
        "a band that is missing, or there twice, is an error with the scene's bands",
        arguments: [
            (["red", "green", "blue"], #"["red", "nir"]"#, "no band nir"),
            (["red 1", "red 2", "green"], #"["red", "green"]"#, "several bands named red"),
            // "B4" is red on one Landsat and infrared on another
            (["B1", "B2", "B3", "B4"], #"["red", "green"]"#, "no band red"),
            (["", "", ""], #"["red", "green"]"#, "no band red"), (["a", "b"], "[1, 3]", "no band 3"),
        ])
    func missingBands(names: [String], wanted: String, says: String) throws {
        let path = try scene(names)
        let model = try model("\"overtile.bands\": \(wanted)", bands: 2)
        #expect {
            try job(path, model)
        } throws: { error in
            let text = "\(error)"
            return text.contains(says) && text.contains("--bands") && text.contains("item.json")
                && names.allSatisfy { $0.isEmpty || text.contains($0) }
        }
        #expect(try job(path, model) { $0.bands = [2, 1] }.plan.bands == [2, 1])
    }

    @Test("bands without names are taken in their order, if there are as many, with a warning")
    func namelessBands() throws {
        let job = try job(try scene(["", ""]), try model(#""overtile.bands": ["red", "nir"]"#, bands: 2))
        #expect(job.plan.bands == [1, 2] && job.warnings.contains { $0.contains("red, nir") })
    }

    @Test("red, green and blue of an image are bands by name, too")
    func colors() throws {
        // Three bands of 8 bits.
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 20, height: 20, bands: 3)
        #expect(try job(path, try model(#""overtile.bands": ["B02", "red"]"#, bands: 2)).plan.bands == [3, 1])
    }

    @Test("scaling is the model's, and each flag replaces its own part")
    func scaling() throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 20, height: 20, bands: 2)
        let model = try model(
            #""overtile.scale": 0.5, "overtile.mean": [1, 2], "overtile.std": [3, 4], "overtile.maximum": 100"#,
            bands: 2)
        let described = try job(path, model)
        #expect(described.plan.normalization.scale == [0.5, 0.5] && described.plan.normalization.mean == [1, 2])
        #expect(described.plan.normalization.std == [3, 4] && described.plan.normalization.maximum == [100, 100])
        #expect(described.plan.normalization.minimum == [-.infinity, -.infinity])
        #expect(!described.warnings.contains { $0.contains("1/255") })
        let asked = try job(path, model) { $0.mean = [7] }
        #expect(asked.plan.normalization.mean == [7, 7] && asked.plan.normalization.std == [3, 4])
        let band = described.plan.normalization.band(1)
        #expect(band(200) == (100 * 0.5 - 2) / 4 && band(10) == (10 * 0.5 - 2) / 4 && band(.nan) == 0)
        let clamp = BandNormalization(range: -1...1, scale: 1, offset: 0, mean: 0, std: 1)
        #expect(clamp(-5) == -1 && clamp(5) == 1)
    }

    @Test("what is not understood is refused, with the flag that settles it")
    func refusals() throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 20, height: 20)
        let input = try model(
            "", item: #"{"properties": {"mlm:input": [{"pre_processing_function": {"expression": "own"}}]}}"#)
        #expect { try job(path, input) } throws: { "\($0)".contains("--scale") }
        #expect(throws: Never.self) { try job(path, input) { $0.scale = 1 } }
        let output = try model(
            "", item: #"{"properties": {"mlm:output": [{"post_processing_function": {"expression": "own"}}]}}"#)
        #expect { try job(path, output) } throws: { "\($0)".contains("--activation") }
        #expect(throws: Never.self) { try job(path, output) { $0.activation = .logits } }
    }

    @Test("a sigmoid or softmax is made of logits, and not of probabilities")
    func activation() throws {
        let one = try model(#""overtile.activation": "probabilities", "overtile.threshold": 0.25"#, classes: 1)
        func encoding(_ model: Model, _ change: (inout SegmentationOptions) -> Void = { _ in }) throws -> OutputEncoding
        {
            var options = SegmentationOptions()
            change(&options)
            return try OutputEncoding(model, options, kinds: [.probabilities])
        }
        var scores: [Float] = [0.3]
        #expect(try encoding(one).classify(&scores) == 1 && scores == [0.3])
        #expect(try encoding(one) { $0.threshold = 0.5 }.classify(&scores) == 0)
        scores = [0]
        #expect(try encoding(one) { $0.activation = .logits }.classify(&scores) == 1 && scores == [0.5])
        let two = try model(#""overtile.activation": "probabilities""#)
        scores = [0.2, 0.7]
        #expect(try encoding(two).classify(&scores) == 1 && scores == [0.2, 0.7])
        scores = [0, 0]
        #expect(try encoding(two) { $0.activation = .logits }.classify(&scores) == 0 && scores == [0.5, 0.5])
    }

    @Test("with several classes, a threshold makes what does not reach it class 0")
    func severalClassesWithThreshold() throws {
        var options = SegmentationOptions()
        let model = try model(#""overtile.threshold": 0.6"#)
        var scores: [Float] = [0, 0.3]  // 0.43, 0.57
        #expect(try OutputEncoding(model, options).classify(&scores) == 0)
        scores = [0, 0.5]  // 0.38, 0.62
        #expect(try OutputEncoding(model, options).classify(&scores) == 1)
        options.threshold = 0.7
        scores = [0, 0.5]
        #expect(try OutputEncoding(model, options).classify(&scores) == 0)
    }

    @Test("names and colours of the classes go into the outputs, names that the user gives before the model's")
    func classes() throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 20, height: 20)
        let model = try model(#""overtile.classes": [{"name": "land", "color": "102030"}, "sea"]"#)
        _ = try job(path, model).run([.mask: folder.path("mask.tif"), .probabilities: folder.path("p.tif")])
        let legend = try RasterReader(path: folder.path("mask.tif")).legend(ofBand: 1)
        #expect(legend.prefix(2).map(\.name) == ["land", "sea"])
        #expect(legend[0].color == LegendEntry.Color(red: 16, green: 32, blue: 48))
        #expect(legend[1].color == .distinct(1))
        #expect(try RasterReader(path: folder.path("p.tif")).bands.map(\.name) == ["land", "sea"])
        let renamed = try job(path, model) { $0.classNames = ["a", "b"] }.legend
        #expect(renamed.map(\.name) == ["a", "b"] && renamed[0].color == legend[0].color)
    }

    @Test("the model's nodata value holds where the scene has none of its own")
    func nodata() throws {
        let (plain, marked) = (folder.path("plain.tif"), folder.path("marked.tif"))
        try SyntheticScene.write(plain, width: 20, height: 20) { _, x, _ in x < 5 ? 7 : 100 }
        try SyntheticScene.write(marked, width: 20, height: 20, nodata: 3) { _, x, _ in x < 5 ? 7 : 100 }
        let model = try model("\"overtile.nodata\": 7")
        #expect(try SegmentationOptions().open(scene: plain, for: model).wholeBand().count(where: \.isNaN) == 100)
        #expect(try SegmentationOptions().open(scene: marked, for: model).wholeBand().count(where: \.isNaN) == 0)
        var options = SegmentationOptions()
        options.nodata = 1
        #expect(try options.open(scene: plain, for: model).wholeBand().count(where: \.isNaN) == 0)
    }

    // MARK: Tiles

    /// A network that is tied to its tile, of stride 2.
    private func grid(
        tile: Int? = nil, margin: Int? = nil, _ change: (inout ModelDescription) -> Void
    ) throws -> (grid: TileGrid, warnings: [PlanWarning]) {
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input, label: "pooling")
        graph.append(.bilinearUpsampling(factor: 2, alignCorners: true), pooled, label: "up")
        var description = ModelDescription()
        change(&description)
        let choice = AllowedTiles(
            network: try TiledNetwork(graph), tile: tile, margin: margin, described: description)
        return (try choice.grids(for: PixelSize(width: 600, height: 600))[0], choice.warnings)
    }

    @Test("tile and overlap of the model's own are for networks of fixed tiles")
    func tiles() throws {
        let own = try grid {
            $0.tile = Sourced(100, source: "key")
            $0.overlap = Sourced(25, source: "key")
        }
        // 25 pixels in all, 12.5 on each side, up to the next multiple of the stride.
        #expect(own.grid.tile == 100 && own.grid.margin == 14 && own.warnings.isEmpty)
        let asked = try grid(tile: 60, margin: 4) {
            $0.tile = Sourced(101, source: "key")
            $0.overlap = Sourced(25, source: "key")
        }
        #expect(asked.grid.tile == 60 && asked.grid.margin == 4 && asked.warnings.isEmpty)
    }

    @Test("a tile that the network does not take is a warning", arguments: [101, 3, 1 << 20])
    func impossibleTiles(size: Int) throws {
        let (grid, warnings) = try grid {
            $0.tile = Sourced(size, source: "the key")
            $0.overlap = Sourced(99.9, source: "other")
        }
        #expect(grid.tile == 512 && grid.margin == 64)
        #expect(
            warnings.count == 2 && warnings[0].description.contains("the key")
                && warnings[1].description.contains("other"))
    }
}
