import FileIO
import Foundation
import Models
import RasterIO
import TestData
import Testing
import TestNetworks

@testable import Segmentation

/// What tells whether a scene, a model or an option changed since an earlier run.
@Suite struct IdentityTests {
    private let folder: TemporaryFolder
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 20, height: 10)
    }

    private func identity(_ path: String) throws -> SceneIdentity { SceneIdentity(of: try RasterReader(path: path)) }

    private func setTime(of path: String, _ nanoseconds: Int) {
        let time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
    }

    @Test func aSceneIsItselfUnderAnyOfItsNames() throws {
        let first = try identity(scene)
        #expect(try first == identity(folder.path("../\(folder.url.lastPathComponent)/scene.tif")))
        try FileManager.default.createSymbolicLink(atPath: folder.path("link.tif"), withDestinationPath: scene)
        #expect(try first == identity(folder.path("link.tif")))
        let read = try JSONDecoder().decode(SceneIdentity.self, from: JSONEncoder().encode(first))
        #expect(read == first && first.isUnchanged)
    }

    @Test func aSceneWithOtherPixelsIsAnother() throws {
        let first = try identity(scene)
        try SyntheticScene.write(folder.path("new.tif"), width: 20, height: 10) { _, x, _ in Float(x) }
        #expect(rename(folder.path("new.tif"), scene) == 0)
        #expect(try !first.isUnchanged && first != identity(scene))
    }

    @Test func aNanosecondIsEnough() throws {
        let first = try identity(scene)
        setTime(of: scene, first.files[0].stamp.modified + 1)
        #expect(!first.isUnchanged)
    }

    @Test func aMosaicChangesWithItsSources() throws {
        let mosaic = folder.path("mosaic.vrt")
        try """
        <VRTDataset rasterXSize="20" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
        <SourceFilename relativeToVRT="1">scene.tif</SourceFilename><SourceBand>1</SourceBand>
        </SimpleSource></VRTRasterBand></VRTDataset>
        """.write(toFile: mosaic, atomically: true, encoding: .utf8)
        let first = try identity(mosaic)
        #expect(first.files.map { URL(fileURLWithPath: $0.path).lastPathComponent } == ["mosaic.vrt", "scene.tif"])
        try SyntheticScene.write(folder.path("new.tif"), width: 20, height: 10) { _, x, _ in Float(x) }
        #expect(rename(folder.path("new.tif"), scene) == 0)
        #expect(!first.isUnchanged)
    }

    @Test func aSceneInAnArchiveChangesWithTheArchive() throws {
        func archive() throws {
            let gzip = Process()
            gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
            gzip.arguments = ["-kf", scene]
            try gzip.run()
            gzip.waitUntilExit()
        }
        try archive()
        let path = "/vsigzip/\(scene).gz"
        let first = try identity(path)
        #expect(first.isUnchanged && first.width == 20)
        setTime(of: scene + ".gz", 1_000_000_000_000_000_000)
        #expect(!first.isUnchanged)
    }

    @Test func theModelsChecksumIsThatOfItsFile() throws {
        let path = try ModelFile.paperUNet(in: folder.url.path)
        let sum = try Model(path: path).checksum
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [path]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text.hasPrefix(sum))
        // An item beside it is part of what the model is.
        try "{}".write(toFile: path.replacing(".safetensors", with: ".json"), atomically: true, encoding: .utf8)
        #expect(try Model(path: path).checksum != sum)
    }

    @Test func everyOptionThatChangesResultsChangesTheDigest() throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path))
        func digest(_ change: (inout SegmentationOptions) -> Void = { _ in }) -> String {
            var options = SegmentationOptions()
            change(&options)
            return SettingsDigest(model: model, options: options).hexadecimal
        }
        let plain = digest()
        #expect(plain == digest() && plain.count == 64)
        let same = [digest { $0.workers = 3 }, digest { $0.memory = 1 << 30 }, digest { $0.overwrites = true }]
        #expect(same.allSatisfy { $0 == plain })
        let others = [
            digest { $0.bands = [1] }, digest { $0.scale = 0.1 }, digest { $0.scale = Float(0.1).nextUp },
            digest { $0.tile = 60 },
            digest { $0.threshold = 0.5 }, digest { $0.classNames = ["a", "b"] }, digest { $0.nodata = 0 },
            digest { $0.mean = [1, 2] }, digest { $0.outputPixelGrid = .model }, digest { $0.resolution = .metres(3) },
            SettingsDigest(model: model, options: SegmentationOptions(), others: ["sieve": "3"]).hexadecimal,
            SettingsDigest(
                model: try Model(path: ModelFile.paperUNet(in: folder.url.path, seed: 2)),
                options: SegmentationOptions()
            ).hexadecimal,
        ]
        #expect(Set(others + [plain]).count == others.count + 1)
    }

    /// Ledgers hold digests of runs from before the type's room was renamed.
    @Test func theDigestKeepsTheNamesThatTypesHad() throws {
        var options = SegmentationOptions()
        options.activation = .logits
        let digest = SettingsDigest(model: try Model(path: ModelFile.paperUNet(in: folder.url.path)), options: options)
        #expect(digest.options["activation"] == "Optional(ModelWeights.ModelDescription.Activation.logits)")
    }

    /// An option that is neither in the digest nor excluded from it would let a ledger take an old result for a new one.
    @Test func everyOptionHasAKeyOrIsExcluded() {
        let properties = Mirror(reflecting: SegmentationOptions()).children.compactMap(\.label)
        let known = SettingsDigest.entries.map(\.property) + SettingsDigest.excluded
        #expect(properties.sorted() == known.sorted())
        #expect(Set(SettingsDigest.entries.map(\.key)).count == SettingsDigest.entries.count)
    }

    /// Ledgers hold these digests: where one of them changes, every scene of every ledger is run again.
    @Test func knownSettingsHaveTheDigestsThatTheyAlwaysHad() {
        func digest(_ options: SegmentationOptions, _ others: [String: String] = [:]) -> SettingsDigest {
            SettingsDigest(model: "0123 padded false, depth all", options: options, others: others)
        }
        let plain = digest(SegmentationOptions())
        #expect(
            plain.options == [
                "bands": "nil", "scale": "nil", "offset": "nil", "mean": "nil", "std": "nil", "nodata": "nil",
                "resolution": "nil", "outputGrid": "scene", "tile": "nil", "margin": "nil", "classNames": "[]",
                "threshold": "nil", "activation": "nil", "probabilityType": "Float32", "sieve": "nil",
                "format": "geoTIFF", "creationOptions": "[]",
            ])
        #expect(plain.hexadecimal == "0dddded74965177baa8dcd510211aae9030f9092f617f92556b3accc074b948a")
        var options = SegmentationOptions()
        (options.bands, options.scale, options.offset) = ([3, 1], 0.1, -2)
        (options.mean, options.std, options.nodata) = ([1, 2.5], [1e-7], -9999)
        (options.resolution, options.outputPixelGrid) = (.metres(2.5), .model)
        (options.tile, options.margin, options.threshold) = (572, 96, 0.25)
        (options.classNames, options.creationOptions) = (["land", "the \"sea\""], ["COMPRESS=ZSTD"])
        (options.activation, options.probabilityType, options.sieve) = (.probabilities, .uint16, 12)
        options.format = .cloudOptimized
        let full = digest(options, ["outputs": "true false"])
        #expect(
            full.options == [
                "bands": "Optional([3, 1])", "scale": "Optional(0.1)", "offset": "Optional(-2.0)",
                "mean": "Optional([1.0, 2.5])", "std": "Optional([1e-07])", "nodata": "Optional(-9999.0)",
                "resolution": "Optional(Segmentation.ResolutionChoice.metres(2.5))", "outputGrid": "model",
                "tile": "Optional(572)", "margin": "Optional(96)", "classNames": #"["land", "the \"sea\""]"#,
                "threshold": "Optional(0.25)",
                "activation": "Optional(ModelWeights.ModelDescription.Activation.probabilities)",
                "probabilityType": "UInt16", "sieve": "Optional(12)", "format": "cloudOptimized",
                "creationOptions": #"["COMPRESS=ZSTD"]"#, "outputs": "true false",
            ])
        #expect(full.hexadecimal == "cd13425acf9d767392b3ce50adcacb5fd42e4db90491af522e384d94f8b43aaf")
        for (choice, text) in [(SegmentationOptions.Resolution.native, "native"), (.model, "model")] {
            options.resolution = choice
            #expect(digest(options).options["resolution"] == "Optional(Segmentation.ResolutionChoice.\(text))")
        }
    }
}
