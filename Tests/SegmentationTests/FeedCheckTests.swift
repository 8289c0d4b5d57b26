import Foundation
import Models
import RasterIO
import TestData
import TestNetworks
import Testing
import TileGeometry

@testable import Segmentation

/// Networks that were trained on waves of 0 to 255, once divided by 255 and once standardised as well, are given waves in other
/// numbers, and scenes that are no waves.
@Suite struct FeedCheckTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// How pixels are stored.
    enum Storage: Sendable {
        /// 0 to 255 in bytes.
        case bytes
        /// 0 to 10,000, as reflectance is stored.
        case tenThousandths
        /// 0 to 1, as reflectance is.
        case reflectance

        var factor: Float { self == .bytes ? 1 : self == .tenThousandths ? 10_000 / 255 : 1 / 255 }
    }

    /// What a scene shows.
    enum View: String, CaseIterable, Sendable {
        case waves, dark, bright, sea, halfWithoutData

        /// 0 to 255, by band, column and row.
        func value(_ band: Int, _ x: Int, _ y: Int) -> Float {
            let wave = SyntheticScene.wave(band, x, y)
            switch self {
            case .waves: return wave
            case .dark: return (wave * 0.4).rounded()
            case .bright: return (190 + wave * 0.25).rounded()
            case .sea: return (Float(12 + 20 * band) + wave / 40).rounded()
            // Above the diagonal.
            case .halfWithoutData: return x > y ? 0 : max(1, wave)
            }
        }
    }

    private func scene(_ view: View, _ storage: Storage) throws -> String {
        let path = folder.path("\(view.rawValue).tif")
        try SyntheticScene.write(
            path, width: 400, height: 400, bands: 3, type: storage == .bytes ? .uint8 : .float32,
            nodata: view == .halfWithoutData ? 0 : nil
        ) { view.value($0, $1, $2) * storage.factor }
        return path
    }

    private func report(
        _ model: TrainedModel, _ view: View, _ storage: Storage, complete: Bool = false,
        _ change: (inout SegmentationOptions) -> Void
    ) throws -> FeedReport {
        var options = SegmentationOptions()
        change(&options)
        let model = try Model(path: model.path)
        return try Planner(
            scene: try options.open(scene: try scene(view, storage), for: model), model: model, options: options
        ).feedReport(isComplete: complete)
    }

    // MARK: Rightly fed

    struct Feeding: Sendable {
        var model: TrainedModel
        var storage: Storage
        var scale: Float?
        var offset: Float?
        var mean: [Float]?
        var std: [Float]?

        func apply(to options: inout SegmentationOptions) {
            (options.scale, options.offset, options.mean, options.std) = (scale, offset, mean, std)
        }
    }

    static let right = [
        Feeding(model: .plain, storage: .bytes),
        Feeding(model: .plain, storage: .bytes, std: [255]),
        Feeding(model: .plain, storage: .tenThousandths, std: [10_000]),
        Feeding(model: .plain, storage: .reflectance, scale: 1),
        Feeding(
            model: .standardised, storage: .bytes, scale: 1 / 255, mean: TrainedModel.mean, std: TrainedModel.std),
        Feeding(
            model: .standardised, storage: .tenThousandths, scale: 1 / 10_000, mean: TrainedModel.mean,
            std: TrainedModel.std),
    ]

    @Test(arguments: right)
    func waves_RightlyFed_FitTheMemory(feeding: Feeding) throws {
        let report = try report(feeding.model, .waves, feeding.storage, feeding.apply)
        #expect(report.rows.count == 1 && report.rows[0].score < FeedRule.fits)
        #expect(report.warnings(about: "s", adopts: false).isEmpty)
    }

    /// None of these looks as the waves do, and none is fed wrongly.
    @Test(arguments: right, [View.dark, .bright, .sea, .halfWithoutData])
    func otherScenes_RightlyFed_AreNoReasonToWarn(feeding: Feeding, view: View) throws {
        let report = try report(feeding.model, view, feeding.storage, feeding.apply)
        #expect(report.warnings(about: "s", adopts: false).isEmpty, "\(report.summary)")
    }

    // MARK: Wrongly fed

    /// What is done wrong, and what has to be among the suggestions.
    static let wrong: [(Feeding, suggested: String)] = [
        // Numbers as they are stored.
        (Feeding(model: .plain, storage: .bytes, scale: 1), "--std 255"),
        (Feeding(model: .plain, storage: .tenThousandths), "--std 10000"),
        (Feeding(model: .standardised, storage: .bytes, scale: 1), "--scale 1 --mean"),
        // Divided by what belongs to other pixels.
        (Feeding(model: .plain, storage: .bytes, std: [10_000]), "--std 255"),
        (Feeding(model: .plain, storage: .tenThousandths, std: [255]), "--std 10000"),
        (Feeding(model: .plain, storage: .reflectance, scale: 0.0001), "--scale 1"),
        // In another interval, and with the statistics of other images.
        (Feeding(model: .plain, storage: .bytes, scale: 1 / 128, offset: -1), "--std 255"),
        (
            Feeding(
                model: .plain, storage: .bytes, scale: 1 / 255, mean: FeedScaling.imageNetMean,
                std: FeedScaling.imageNetStd), "--std 255"
        ),
        // Without the statistics of its own.
        (Feeding(model: .standardised, storage: .bytes), "--scale 1 --mean"),
        // Ten times as much, and a tenth.
        (Feeding(model: .plain, storage: .bytes, scale: 10 / 255), "--std 255"),
        (Feeding(model: .plain, storage: .bytes, scale: 0.1 / 255), "--std 255"),
        (
            Feeding(
                model: .standardised, storage: .tenThousandths, scale: 1, mean: TrainedModel.mean,
                std: TrainedModel.std), "--scale 0.0001 --mean 0.4956"
        ),
    ]

    @Test(arguments: wrong)
    func waves_WronglyFed_AreWarnedOfWithWhatToType(feeding: Feeding, suggested: String) throws {
        let report = try report(feeding.model, .waves, feeding.storage, feeding.apply)
        let warnings = report.warnings(about: "s.tif", adopts: false)
        guard case .scalingUnlikely("s.tif", let divergence, let suggestions)? = warnings.first, warnings.count == 1
        else {
            Issue.record("no warning: \(report.summary)")
            return
        }
        #expect(divergence > FeedRule.fits)
        #expect(suggestions.contains { $0.flags.hasPrefix(suggested) }, "\(suggestions)")
        #expect(warnings[0].description.contains(suggested))
    }

    /// Factors that no scene explains.
    @Test(arguments: [View.dark, .bright, .halfWithoutData, .sea], [Float(255), 10])
    func otherScenes_FedByFactorsTooMuch_AreWarnedOf(view: View, factor: Float) throws {
        let report = try report(.plain, view, .bytes) { $0.scale = factor / 255 }
        #expect(report.best != nil, "\(report.summary)")
    }

    // MARK: What is done about it

    @Test func autoScaling_TakesWhatFits_AndIsInTheOutputsMetadata() throws {
        func mask(_ scene: String, _ name: String, _ change: (inout SegmentationOptions) -> Void) throws -> RasterReader
        {
            var options = SegmentationOptions()
            change(&options)
            let model = try Model(path: TrainedModel.plain.path)
            let job = try SegmentationJob(
                scene: try options.open(scene: scene, for: model), model: model, options: options)
            #expect(!job.warnings.contains { $0.contains("memory") })
            let path = folder.path(name)
            try job.run([.mask: path])
            return try RasterReader(path: path)
        }
        let scene = try scene(.waves, .tenThousandths)
        let right = try mask(scene, "right.tif") { $0.scale = 1 / 10_000 }
        let auto = try mask(scene, "auto.tif") { $0.scaling = .auto }
        #expect(try auto.wholeBand() == right.wholeBand())
        #expect(auto.metadata["OVERTILE_SCALING"] == "auto: 1/10000")
        #expect(auto.metadata["OVERTILE_SCALE"] == right.metadata["OVERTILE_SCALE"])
        #expect(right.metadata["OVERTILE_SCALING"] == nil)
    }

    @Test func outputs_WithoutTheCheck_HaveTheSameBytes() throws {
        let scene = try scene(.waves, .bytes)
        let model = try Model(path: TrainedModel.plain.path)
        let bytes = try [true, false].map { checks in
            var options = SegmentationOptions()
            options.checksFeed = checks
            // Wrongly, so that there is something to find.
            options.scale = 1
            let job = try SegmentationJob(
                scene: try options.open(scene: scene, for: model), model: model, options: options,
                kinds: [.probabilities])
            #expect(job.feedWarnings.isEmpty != checks)
            let paths = [folder.path("m\(checks).tif"), folder.path("p\(checks).tif")]
            try job.run([.mask: paths[0], .probabilities: paths[1]])
            return try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        }
        #expect(bytes[0] == bytes[1])
    }

    // MARK: Nothing to compare with

    /// A network without norms is judged by its values alone.
    @Test(
        arguments: [
            (Storage.bytes, Float(1) / 255, nil), (.bytes, 1, nil),
            (.tenThousandths, 1, "--std 255, 1000, 3000, 10000"),
            (.reflectance, 0.0001, "--scale 1"), (.bytes, 1e-6, "--scale 1"), (.tenThousandths, 0.0001, nil),
        ] as [(Storage, Float, String?)])
    func networks_WithoutNorms_AreJudgedByTheirValues(storage: Storage, scale: Float, warned: String?) throws {
        var options = SegmentationOptions()
        options.scale = scale
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, bands: 3))
        let report = try Planner(
            scene: try RasterReader(path: try scene(.waves, storage)), model: model, options: options
        ).feedReport()
        guard case .noMemory(.noNorms) = report.verdict else { throw CancellationError() }
        let warnings = report.warnings(about: "s.tif", adopts: false)
        #expect(warnings.count == (warned == nil ? 0 : 1))
        if let warned { #expect(warnings.first?.description.contains(warned) == true) }
    }

    /// What a description says of the pixels of the training stands in for norms.
    @Test func networks_WithoutNorms_ThatSayWhatTheySaw_AreComparedWithThat() throws {
        let path = try ModelFile.paperUNet(
            in: folder.url.path, bands: 3,
            metadata: ["overtile.seen_mean": "[0.4956,0.4994,0.4981]", "overtile.seen_std": "[0.218,0.2183,0.2185]"])
        let scene = try scene(.waves, .bytes)
        func report(_ scale: Float) throws -> FeedReport {
            var options = SegmentationOptions()
            options.scale = scale
            return try Planner(
                scene: try RasterReader(path: scene), model: Model(path: path), options: options
            ).feedReport()
        }
        #expect(try report(1 / 255).rows[0].score < 0.05)
        #expect(try report(1).best?.flags == "--std 255")
    }
}
