import Foundation
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

/// Models that need no flags, in every convention: what they say is followed as if it were typed.
struct DescribedModelTests {
    private let bench: ModelBench

    init() throws { bench = try ModelBench() }

    /// Everything that Deepness' own script writes for a segmentation model.
    static let deepness = [
        ("model_type", "\"Segmentor\""), ("class_names", #"{"0": "_background", "1": "road"}"#),
        ("resolution", "2000"), ("tiles_size", "48"), ("tiles_overlap", "25"),
        ("standardization_mean", "[0.485, 0.456, 0.406]"), ("standardization_std", "[0.229, 0.224, 0.225]"),
        ("seg_thresh", "0.1"), ("seg_small_segment", "11"),
    ]

    /// The same. The overlap is that of both neighbours together: an eighth of a tile on each side.
    static let deepnessFlags = [
        "--bands", "1,2,3", "--scale", "\(Float(1) / 255)", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225",
        "--classes", "_background,road", "--resolution", "20", "--tile", "48", "--margin", "6", "--threshold",
        "0.1",
    ]

    @Test("a Deepness model runs without flags, and inspect tells that the file says so")
    func deepnessModel() throws {
        // Tied to its tiles, so that their size and overlap show.
        let folder = bench.folder.url.path
        let described = try ONNXModelFile.write(in: folder, isTied: true, metadata: Self.deepness)
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx", isTied: true)
        let run = try bench.expectSame(described: described, plain: plain, flags: Self.deepnessFlags)
        #expect(try RasterReader(path: run.path).legend(ofBand: 1).prefix(2).map(\.name) == ["_background", "road"])
        // The one warning: that this network's tiles do not fit together.
        #expect(run.outcome.errorLines.count == 1 && run.outcome.errors.contains(ONNXModelFile.tyingNode))

        let (text, sources, values) = try bench.inspect(described)
        let expected = [
            "bands": "Deepness, by model_type of model.onnx",
            "scaling": "standardization_mean and _std of model.onnx", "classes": "class_names of model.onnx",
            "resolution": "resolution of model.onnx", "tile": "tiles_size of model.onnx",
            "overlap": "tiles_overlap of model.onnx", "threshold": "seg_thresh of model.onnx",
        ]
        #expect(sources == expected)
        for source in Set(expected.values) { #expect(text.contains("(\(source))"), "\(source)") }
        #expect(values["resolution"] as? Double == 20 && values["tile"] as? Int == 48)
        #expect(values["bands"] as? [String] == ["1", "2", "3"])
    }

    /// The bands in the model's order, by the names that the scene has for them.
    static let item = """
        {"type": "Feature", "stac_version": "1.1.0", "properties": {
            "mlm:name": "net", "mlm:tasks": ["semantic-segmentation"], "gsd": 20,
            "mlm:input": [{
                "name": "scene", "bands": ["B04", "B03", "B02"],
                "input": {
                    "shape": [-1, 3, 48, 48], "dim_order": ["batch", "bands", "height", "width"], "data_type": "float32"},
                "value_scaling": [
                    {"type": "z-score", "mean": 100, "stddev": 50}, {"type": "z-score", "mean": 110, "stddev": 60},
                    {"type": "z-score", "mean": 120, "stddev": 70}]}],
            "mlm:output": [{
                "name": "classes", "classification:classes": [
                    {"value": 0, "name": "land"}, {"value": 1, "name": "water"}],
                "post_processing_function": {"format": "python", "expression": "torch.nn.functional.softmax"}}],
            "mlm:hyperparameters": {"overtile.overlap": 25}}}
        """

    static let itemFlags = [
        "--bands", "3,2,1", "--mean", "100,110,120", "--std", "50,60,70", "--classes", "land,water", "--resolution",
        "20", "--tile", "48", "--margin", "6",
    ]

    @Test("an item beside an ONNX model is followed, and inspect tells that the item says so")
    func itemBesideModel() throws {
        let folder = bench.folder.url.path
        let described = try ONNXModelFile.write(in: folder, isTied: true)
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx", isTied: true)
        try bench.writeItem(Self.item, for: described)
        let run = try bench.expectSame(described: described, plain: plain, flags: Self.itemFlags)
        #expect(run.outcome.errorLines.count == 1 && run.outcome.errors.contains("not seamless"))
        let (text, sources, _) = try bench.inspect(described)
        let expected = [
            "bands": "mlm:input[0].bands of model.json", "scaling": "mlm:input[0].value_scaling of model.json",
            "tile": "mlm:input[0].input.shape of model.json", "resolution": "gsd of model.json",
            "classes": "mlm:output[0].classification:classes of model.json",
            "activation": "mlm:output[0].post_processing_function of model.json",
            "overlap": "mlm:hyperparameters.overtile.overlap of model.json",
        ]
        #expect(sources == expected)
        for source in expected.values { #expect(text.contains("(\(source))"), "\(source)") }
    }

    @Test("safetensors say it in their header")
    func safetensors() throws {
        let metadata = [
            "format": "pt", "overtile.bands": #"["B04", "B03", "B02"]"#, "overtile.mean": "[100, 110, 120]",
            "overtile.std": "[50, 60, 70]", "overtile.classes": #"["land", "water"]"#, "overtile.resolution": "20",
        ]
        let folder = bench.folder.url.path
        let described = try ModelFile.paperUNet(in: folder, bands: 3, depth: 2, metadata: metadata)
        let renamed = bench.folder.path("model.safetensors")
        try FileManager.default.moveItem(atPath: described, toPath: renamed)
        let plain = try ModelFile.paperUNet(in: folder, bands: 3, depth: 2)
        // The tile is the planner's.
        let run = try bench.expectSame(described: renamed, plain: plain, flags: Array(Self.itemFlags.dropLast(4)))
        #expect(run.outcome.errors.isEmpty, "\(run.outcome.errors)")
        let (text, sources, _) = try bench.inspect(renamed)
        let expected = [
            "bands": "overtile.bands", "scaling": "overtile.mean, overtile.std", "classes": "overtile.classes",
            "resolution": "overtile.resolution",
        ].mapValues { "\($0) of model.safetensors" }
        #expect(sources == expected)
        for source in expected.values { #expect(text.contains("(\(source))"), "\(source)") }
    }

    @Test("flags win over the file, and the file over the item")
    func order() throws {
        let folder = bench.folder.url.path
        let described = try ONNXModelFile.write(in: folder, isTied: true, metadata: Self.deepness)
        let plain = try ONNXModelFile.write(in: folder, name: "plain.onnx", isTied: true)
        try bench.writeItem(
            Self.item.replacingOccurrences(
                of: "\"overtile.overlap\"", with: "\"overtile.nodata\": 7, \"overtile.overlap\""),
            for: described)
        // The item knows one thing that the file does not.
        let byFile = try bench.segment(described, as: "file")
        let spelled = try bench.segment(plain, as: "spelled", Self.deepnessFlags + ["--nodata", "7"])
        #expect(byFile.outcome.status == 0 && spelled.outcome.status == 0, "\(byFile.outcome.errors)")
        #expect(byFile.mask == spelled.mask && byFile.probabilities == spelled.probabilities)
        let (text, sources, _) = try bench.inspect(described)
        #expect(sources["nodata"] == "mlm:hyperparameters.overtile.nodata of model.json")
        #expect(sources.filter { $0.value.hasSuffix("of model.onnx") }.count == 7 && sources.count == 9)
        // What Deepness calls a segmentation says nothing of logits and probabilities.
        #expect(sources["activation"] == "mlm:output[0].post_processing_function of model.json")
        #expect(text.contains("(class_names of model.onnx)") && text.contains("overtile.nodata of model.json)"))

        let flags = [
            "--bands", "2,3,1", "--scale", "0.5", "--mean", "90", "--std", "30", "--classes", "a,b", "--resolution",
            "native", "--tile", "64", "--margin", "8", "--activation", "logits", "--threshold", "0", "--nodata", "200",
        ]
        let byFlags = try bench.segment(described, as: "flags", flags)
        let same = try bench.segment(plain, as: "same", flags)
        #expect(byFlags.outcome.status == 0 && same.outcome.status == 0, "\(byFlags.outcome.errors)")
        #expect(byFlags.mask == same.mask && byFlags.probabilities == same.probabilities)
        #expect(byFlags.probabilities != byFile.probabilities)
    }

    @Test(
        "an ONNX model of another resolution gives a mask whose corners are the scene's",
        arguments: [
            // a fifth of the scene's pixels, three times as many, no whole number of them
            (centimetres: 5000, grid: PixelSize(width: 30, height: 20)),
            (centimetres: 333, grid: nil), (centimetres: 2700, grid: nil),
        ] as [(Int, PixelSize?)])
    func resolution(centimetres: Int, grid: PixelSize?) throws {
        let model = try ONNXModelFile.write(
            in: bench.folder.url.path,
            metadata: [("model_type", "Segmentor"), ("resolution", "\(centimetres)")])
        let scene = try RasterReader(path: bench.scene)
        let run = try bench.segment(model, as: "mask")
        #expect(run.outcome.status == 0, "\(run.outcome.errors)")
        let mask = try RasterReader(path: run.path)
        #expect(mask.size == scene.size && mask.spatialReference.isEquivalent(to: scene.spatialReference))
        #expect(try Self.corners(mask) == Self.corners(scene))

        // On the model's grid, pixels are the model's, and the last ones reach beyond the scene by less than one.
        let coarse = try bench.segment(model, as: "coarse", ["--grid", "model"])
        #expect(coarse.outcome.status == 0, "\(coarse.outcome.errors)")
        let reader = try RasterReader(path: coarse.path)
        let (corners, wanted, pixel) = (try Self.corners(reader), try Self.corners(scene), Double(centimetres) / 100)
        if let grid { #expect(reader.size == grid) }
        let beyond = grid == nil ? pixel : 0
        #expect(corners[0] == wanted[0])
        for (corner, wanted) in zip(corners, wanted) {
            #expect((wanted[0]...wanted[0] + beyond).contains(corner[0]), "\(corner), \(wanted)")
            #expect((wanted[1] - beyond...wanted[1]).contains(corner[1]), "\(corner), \(wanted)")
        }
    }

    /// x and y of a raster's corners.
    private static func corners(_ raster: RasterReader) throws -> [[Double]] {
        let transform = try #require(raster.spatialReference.geoTransform)
        let (width, height) = (Double(raster.size.width), Double(raster.size.height))
        return [(0, 0), (width, 0), (0, height), (width, height)].map {
            let place = transform.coordinates(column: $0.0, row: $0.1)
            return [place.x, place.y]
        }
    }
}
