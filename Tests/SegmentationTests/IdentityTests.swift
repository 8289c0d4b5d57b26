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
            digest { $0.mean = [1, 2] }, digest { $0.outputGrid = .model }, digest { $0.resolution = .metres(3) },
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
}
