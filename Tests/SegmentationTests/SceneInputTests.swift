import Foundation
import Models
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

@testable import Segmentation

/// What scenes say of their bands, and what becomes of it: signs, alpha, names, stored scales.
@Suite struct SceneInputTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func model(bands: Int) throws -> Model {
        try Model(path: ModelFile.paperUNet(in: folder.url.path, bands: bands, classes: 2, depth: 3, base: 4))
    }

    private func job(
        _ scene: String, _ model: Model, _ change: (inout SegmentationOptions) -> Void = { $0.scale = 0.01 }
    ) throws -> SegmentationJob {
        var options = SegmentationOptions()
        options.overwrites = true
        change(&options)
        return try SegmentationJob(
            scene: try options.open(scene: scene, for: model), model: model, options: options, kinds: [.probabilities]
        )
    }

    /// The mask's classes and the probabilities of class 1, NaN without data.
    private func answer(_ job: SegmentationJob) throws -> [[Float]] {
        try job.run([.mask: folder.path("mask.tif"), .probabilities: folder.path("p.tif")])
        return [
            try RasterReader.wholeBand(ofFile: folder.path("mask.tif")),
            try RasterReader.wholeBand(ofFile: folder.path("p.tif"), 2),
        ]
    }

    private func isSame(_ first: [[Float]], _ second: [[Float]]) -> Bool {
        zip(first, second).allSatisfy { zip($0, $1).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) } }
    }

    @Test("int8, as GDAL wrote it before 3.7, is read with its sign, and its nodata value is heeded")
    func signedBytes() throws {
        let model = try model(bands: 1)
        // -128 is nodata: the upper left corner.
        let bytes = folder.path("bytes.tif")
        func stored(_ x: Int, _ y: Int) -> Int { x < 8 && y < 8 ? 128 : (x * 7 + y * 3) % 256 }
        try SyntheticScene.write(bytes, width: 60, height: 40) { Float(stored($1, $2)) }
        let signed = folder.path("signed.tif")
        try SyntheticScene.write(signed, width: 60, height: 40, type: .float32, nodata: -128) { _, x, y in
            Float(Int8(truncatingIfNeeded: stored(x, y)))
        }
        let mark = #"<Metadata domain="IMAGE_STRUCTURE"><MDI key="PIXELTYPE">SIGNEDBYTE</MDI></Metadata>"#
        let scene = try VirtualScene.write(
            to: "int8.vrt", in: folder, width: 60, height: 40,
            [.init(bytes, properties: mark + "<NoDataValue>-128</NoDataValue>")])
        let reader = try RasterReader(path: scene)
        #expect(reader.bands[0].sampleType == .int8)
        #expect(isSame([try reader.wholeBand()], [try RasterReader.wholeBand(ofFile: signed)]))
        let found = try answer(job(scene, model))
        #expect(isSame(found, try answer(job(signed, model))))
        #expect(found[0][0].isNaN && found[0].contains { !$0.isNaN })
    }

    @Test("a band that is given to the model is data, also when a program marked it as alpha")
    func alpha() throws {
        let model = try model(bands: 4)
        let plain = folder.path("plain.tif")
        // Infrared is 0 over water: as alpha, it would hide it.
        try SyntheticScene.write(plain, width: 60, height: 40, bands: 4) { band, x, y in
            band == 3 && x > 30 ? 0 : SyntheticScene.wave(band, x, y)
        }
        let colors = ["Red", "Green", "Blue", "Alpha"]
        let marked = try VirtualScene.write(
            to: "marked.vrt", in: folder, width: 60, height: 40,
            (1...4).map { .init(plain, $0, properties: "<ColorInterp>\(colors[$0 - 1])</ColorInterp>") })
        let expected = try answer(job(plain, model))
        let job = try job(marked, model)
        #expect(job.plan.warnings.contains(.alphaTakenForData(scene: marked, band: 4)))
        #expect(isSame(try answer(job), expected))
        let asked = try self.job(marked, model) {
            $0.scale = 0.01
            $0.bands = [1, 2, 3, 4]
        }
        #expect(asked.warnings.isEmpty)
        #expect(isSame(try answer(asked), expected))
        // Not given, it hides what it hides.
        let three = try self.model(bands: 3)
        #expect(try answer(self.job(marked, three))[0][35].isNaN)
    }

    @Test("the user names bands, by number or by name")
    func bandNames() throws {
        let model = try model(bands: 2)
        let plain = folder.path("plain.tif")
        try SyntheticScene.write(plain, width: 20, height: 20, bands: 3)
        let named = try VirtualScene.write(
            to: "named.vrt", in: folder, width: 20, height: 20,
            [(1, "B02"), (2, "B03"), (3, "B08")].map {
                .init(plain, $0.0, properties: "<Description>\($0.1)</Description>")
            })
        for (bands, numbers) in [(["B08", "b3"], [3, 2]), ([2, 1], [2, 1]), ([1, "nir"], [1, 3])]
            as [([BandSelector], [Int])]
        {
            #expect(try job(named, model) { $0.bands = bands }.plan.bands == numbers)
        }
        for bands in [["B04", "B02"], [0, 1], [4, 1], [1], [1, 2, 3]] as [[BandSelector]] {
            let error = #expect(throws: SegmentationError.self) { try job(named, model) { $0.bands = bands } }
            #expect(error?.code == .usage && error?.description.contains("--bands") == true)
        }
    }

    @Test("the scale and offset that bands carry are applied when asked for, before everything else")
    func storedScale() throws {
        let model = try model(bands: 2)
        // Reflectance as Sentinel-2's baseline 04.00 stores it: v * 0.0001 - 0.1, and 0 for no data.
        func stored(_ band: Int, _ x: Int, _ y: Int) -> Float {
            x < 4 ? 0 : 1000 + 20 * SyntheticScene.wave(band, x, y)
        }
        let numbers = folder.path("numbers.tif")
        try SyntheticScene.write(numbers, width: 60, height: 40, bands: 2, type: .float32, nodata: 0, value: stored)
        let tagged = try VirtualScene.write(
            to: "tagged.vrt", in: folder, width: 60, height: 40,
            (1...2).map {
                .init(
                    numbers, $0, type: "UInt16",
                    properties: "<NoDataValue>0</NoDataValue><Offset>-0.1</Offset><Scale>0.0001</Scale>")
            })
        func isClose(_ first: [[Float]], _ second: [[Float]]) -> Bool {
            zip(first[1], second[1]).allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) < 1e-5 }
        }
        // By hand: (v * 0.0001 - 0.1 - 0.2) / 0.5.
        let byHand = try answer(
            job(numbers, model) { ($0.scale, $0.offset, $0.mean, $0.std) = (0.0001, -0.1, [0.2], [0.5]) })
        let applied = try job(tagged, model) {
            $0.appliesStoredScale = true
            ($0.mean, $0.std) = ([0.2], [0.5])
        }
        #expect(applied.warnings.isEmpty)
        #expect(isClose(try answer(applied), byHand))
        #expect(try answer(applied)[0][0].isNaN, "0 is no data before it is scaled")
        // A scale of the user's own comes after it.
        let scaled = try job(tagged, model) {
            $0.appliesStoredScale = true
            ($0.scale, $0.offset) = (2, -0.4)
        }
        #expect(isClose(try answer(scaled), byHand))

        func warns(_ change: @escaping (inout SegmentationOptions) -> Void) throws -> Bool {
            try job(tagged, model, change).plan.warnings.contains {
                if case .storedScaleUnused = $0 { true } else { false }
            }
        }
        #expect(try warns { _ in })
        #expect(try warns { $0.scale = 0.0001 }, "the offset is left out")
        #expect(try !warns { ($0.scale, $0.offset) = (0.0001, -0.1) })
        #expect(try !warns { $0.appliesStoredScale = false })
        let none = try job(numbers, model) { $0.appliesStoredScale = true }
        #expect(none.plan.warnings.contains(.noStoredScale(scene: numbers)))
    }

    @Test("bands that say that their values mean nothing are refused", arguments: ["0", "nan", "inf"])
    func noScale(_ scale: String) throws {
        let model = try model(bands: 1)
        let numbers = folder.path("numbers.tif")
        try SyntheticScene.write(numbers, width: 20, height: 20)
        let tagged = try VirtualScene.write(
            to: "tagged.vrt", in: folder, width: 20, height: 20,
            [.init(numbers, properties: "<Scale>\(scale)</Scale>")])
        let error = #expect(throws: SegmentationError.self) { try job(tagged, model) { $0.appliesStoredScale = true } }
        #expect(error?.code == .badData && error?.description.contains("--no-apply-scale") == true)
        #expect(try job(tagged, model) { $0.appliesStoredScale = false }.plan.bands == [1])
    }

    @Test("clamps of a model's own hold for what pixels mean")
    func clamp() throws {
        var normalization = Normalization(bands: 1)
        (normalization.minimum, normalization.maximum) = ([0], [1])
        normalization.std = [0.5]
        let bands = try RasterReader(
            path: try VirtualScene.write(
                to: "tagged.vrt", in: folder, width: 20, height: 20,
                [.init(folder.path("n.tif"), properties: "<Offset>1.5</Offset><Scale>-0.01</Scale>")])
        ).bands
        let stored = try #require(try StoredScale(bands, of: "scene"))
        let after = normalization.after(stored).band(0)
        // 200 means -0.5, which is clamped to 0; 20 means 1.3, which is clamped to 1; 100 means 0.5.
        for (value, expected) in [(200, 0), (20, 2), (100, 1)] as [(Float, Float)] {
            #expect(abs(after(value) - expected) < 1e-5)
        }
    }

    @Test("the field's cases", .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
    func field() throws {
        let one = try Model(path: SharedData.field("int8/one.pth"))
        let int8 = try answer(job(SharedData.field("int8/int8.tif"), one))
        #expect(isSame(int8, try answer(job(SharedData.field("int8/int16.tif"), one))))
        let four = try Model(path: SharedData.field("rgbn_marked_alpha/four.pth"))
        let rgbn = try answer(job(SharedData.field("rgbn_marked_alpha/rgbn.tif"), four))
        #expect(isSame(rgbn, try answer(job(SharedData.field("rgbn_marked_alpha/rgbn_minisblack.tif"), four))))
        // A chip of the very size of the tile is seen as a whole, by a network that averages over all it sees.
        let squeezed = try Model(path: SharedData.field("chip_of_one_tile/se.onnx"))
        let chip = try job(SharedData.field("chip_of_one_tile/chip.tif"), squeezed)
        #expect(chip.plan.grid.count == 1 && chip.plan.grid.margin == 0)
    }
}
