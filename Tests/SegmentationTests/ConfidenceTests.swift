import Foundation
import Models
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// Confidence and probabilities in steps say what the float32 probabilities say, to within half a step.
@Suite struct ConfidenceTests {
    private let folder: TemporaryFolder
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        // A corner without data.
        try SyntheticScene.write(scene, width: 150, height: 91, nodata: 0) { band, x, y in
            x < 20 && y < 30 ? 0 : max(1, SyntheticScene.wave(band, x, y))
        }
    }

    /// Runs the scene into `NAME.tif`, `NAME-p.tif` and `NAME-c.tif`.
    private func segment(
        _ path: String? = nil, to name: String, classes: Int, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, classes: classes))
        var options = SegmentationOptions()
        options.scale = 1 / 64
        change(&options)
        let job = try SegmentationJob(
            scene: try RasterReader(path: path ?? scene), model: model, options: options,
            kinds: [.probabilities, .confidence])
        _ = try job.run(
            [
                .mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif"),
                .confidence: folder.path("\(name)-c.tif"),
            ])
    }

    private func band(_ name: String, _ number: Int = 1) throws -> [Float] {
        try RasterReader.wholeBand(ofFile: folder.path("\(name).tif"), number)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var classes: Int
        var threshold: Float?
        var testDescription: String { "\(classes) outputs, threshold \(threshold.map { "\($0)" } ?? "none")" }
    }

    static let cases = [
        // A sigmoid, also where a class may win with less than a half; a softmax, also where class 0 takes the undecided.
        Case(classes: 1), Case(classes: 1, threshold: 0.8), Case(classes: 3), Case(classes: 3, threshold: 0.6),
    ]

    @Test("the confidence is the probability of the class in the mask", arguments: cases)
    func confidence(_ test: Case) throws {
        try segment(to: "out", classes: test.classes) { $0.threshold = test.threshold }
        let mask = try band("out")
        let probabilities = try (1...test.classes).map { try band("out-p", $0) }
        let confidence = try band("out-c")
        #expect(Set(mask.filter { !$0.isNaN }).count > 1)
        for index in mask.indices {
            #expect(mask[index].isNaN == confidence[index].isNaN)
            guard !mask[index].isNaN else { continue }
            let winner = Int(mask[index])
            let expected =
                test.classes > 1
                ? probabilities[winner][index] : winner == 1 ? probabilities[0][index] : 1 - probabilities[0][index]
            guard abs(confidence[index] * 0.004 - expected) <= 0.002_001 else {
                Issue.record("pixel \(index): \(confidence[index]) steps, and the probability is \(expected)")
                return
            }
        }
        let reader = try RasterReader(path: folder.path("out-c.tif"))
        #expect(reader.bands[0].sampleType == .uint8)
        #expect(reader.bands[0].scale == 0.004)
        #expect(reader.bands[0].nodata == 255)
        #expect(reader.bands[0].name == "confidence")
    }

    @Test("probabilities in steps are those in full", arguments: [SampleType.uint8, .uint16])
    func steps(_ type: SampleType) throws {
        try segment(to: "full", classes: 3)
        try segment(to: "steps", classes: 3) { $0.probabilityType = type }
        let reader = try RasterReader(path: folder.path("steps-p.tif"))
        let scale = type == .uint8 ? 0.004 : 0.000_02
        #expect(reader.bands.map(\.sampleType) == [type, type, type])
        #expect(reader.bands.map(\.scale) == [scale, scale, scale])
        #expect(reader.bands[0].nodata == (type == .uint8 ? 255 : 65535))
        for number in 1...3 {
            for (full, steps) in zip(try band("full-p", number), try band("steps-p", number)) {
                #expect(full.isNaN == steps.isNaN)
                guard !full.isNaN, abs(Double(steps) * scale - Double(full)) > scale * 0.501 else { continue }
                Issue.record("band \(number): \(steps) steps, and the probability is \(full)")
                return
            }
        }
        // How they are stored changes nothing else.
        #expect(try folder.bytes("full.tif") == folder.bytes("steps.tif"))
        #expect(try folder.bytes("full-c.tif") == folder.bytes("steps-c.tif"))
    }

    @Test(
        "every kind of raster is planned with the bytes that it has", arguments: [1, 3],
        [SampleType.float32, .uint8, .uint16])
    func plannedBytes(_ classes: Int, _ type: SampleType) throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, classes: classes, depth: 1))
        var options = SegmentationOptions()
        (options.scale, options.probabilityType) = (1 / 64, type)
        let reader = try RasterReader(path: scene)
        let (all, alone) = try (
            SegmentationJob(scene: reader, model: model, options: options, kinds: Set(RasterOutput.Kind.allCases)),
            SegmentationJob(scene: reader, model: model, options: options)
        )
        let (allBytes, aloneBytes) = (all.plan.slotLayout.bytesPerPixel, alone.plan.slotLayout.bytesPerPixel)
        for kind in RasterOutput.Kind.allCases {
            let raster = all.options(for: kind)
            #expect(allBytes[kind] == raster.bandCount * raster.sampleType.sampleByteCount, "\(kind)")
            #expect(aloneBytes[kind] == (kind == .mask ? allBytes[kind] : 0), "\(kind)")
            // A raster is classes with a legend, or bands with names.
            #expect(raster.legend.isEmpty == (kind != .mask) && raster.bandNames.isEmpty == (kind == .mask), "\(kind)")
        }
        #expect(allBytes.total == 2 + classes * type.sampleByteCount && aloneBytes.total == 1)
    }

    @Test("values that are no probabilities are kept in bounds, and what is no number is no data")
    func bounds() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { buffer.deallocate() }
        for (value, expected) in [(Float(-3), 0), (0, 0), (1, 250), (7, 250), (.infinity, 250), (.nan, 255)] {
            ProbabilityEncoding(sampleType: .uint8).store(value, at: 3, in: buffer)
            #expect(buffer[3] == expected)
            ProbabilityEncoding(sampleType: .uint16).store(value, at: 1, in: buffer)
            #expect(
                buffer.load(fromByteOffset: 2, as: UInt16.self) == [0: 0, 250: 50000, 255: 65535][expected])
        }
    }

    @Test(
        "every output of any format is the same for any number of workers, and valid", arguments: RasterFormat.allCases)
    func workers(_ format: RasterFormat) throws {
        for workers in [1, 3] {
            try segment(to: "\(workers)", classes: 2) {
                $0.workers = workers
                $0.tile = 60
                $0.format = format
                $0.probabilityType = .uint16
            }
        }
        for name in ["1", "1-p", "1-c"] {
            let other = "3" + name.dropFirst()
            #expect(try folder.bytes("\(name).tif") == folder.bytes("\(other).tif"))
            let check = try GeoTIFFCheck(path: folder.path("\(name).tif"))
            #expect(check.format == format)
            #expect(check.errors == [])
        }
    }

    @Test("an output on another grid has confidence and probabilities where it has a class")
    func otherGrid() throws {
        let placed = try placedScene()
        for type in [SampleType.uint8, .float32] {
            let name = "grid-\(type)"
            try segment(placed, to: name, classes: 2) {
                $0.resolution = .metres(20)
                $0.probabilityType = type
            }
            let mask = try band(name)
            #expect(mask.count == 150 * 91)
            #expect(mask.contains { $0.isNaN } && mask.contains { !$0.isNaN })
            #expect(try band("\(name)-c").map(\.isNaN) == mask.map(\.isNaN))
            #expect(try band("\(name)-p", 2).map(\.isNaN) == mask.map(\.isNaN))
        }
    }

    /// The scene, with pixels of 10 m.
    private func placedScene() throws -> String {
        let source = try RasterReader(path: scene)
        var options = RasterWriter.Options(size: source.size, bandCount: 1, sampleType: .uint8)
        options.nodata = 0
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        let path = folder.path("placed.tif")
        let writer = try RasterWriter(path: path, options: options)
        let pixels = try source.wholeBand().map { $0.isNaN ? 0 : UInt8($0) }
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(source.size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }
}
