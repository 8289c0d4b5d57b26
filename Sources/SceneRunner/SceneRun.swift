import FileIO
import Foundation
import MaskProducts
public import Models
import RasterIO
public import Segmentation

/// One scene, from its file to all its outputs: the same for a single scene, a batch and a watch.
///
///     let model = try Model(path: "unet.pth")
///     let run = try SceneRun(
///         scene: "scene.tif", model: model, options: SegmentationOptions(), outputs: OutputSet(mask: "mask.tif"))
///     let outcome = try run.run()
///
/// Making it opens the scene and checks everything that can be checked; running it writes.
public final class SceneRun {
    /// What is worked out beside the outputs; each of them reads outputs once more.
    public struct Extras: OptionSet, Sendable {
        /// The set as bits.
        public let rawValue: Int

        /// Makes a set of extras from its bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// How much of the mask each class covers.
        public static let classShares = Extras(rawValue: 1)
        /// The SHA-256 of each output.
        public static let checksums = Extras(rawValue: 2)
        /// All of them.
        public static let all: Extras = [.classShares, .checksums]
    }

    /// The segmentation: plan, bands, kernels.
    public let job: SegmentationJob
    /// What is written.
    public let outputs: OutputSet
    /// The files that the scene is made of, as they were when it was opened.
    public let identity: SceneIdentity
    /// What the user should know before the run.
    public let warnings: [SceneWarning]

    private let path: String
    private let products: ProductOptions
    private let overwrites: Bool
    private let opened = Date()
    /// Called with each name that an output has been given. Tests stop the process there, or bring trouble.
    var named: (String) -> Void = { _ in }

    /// Opens the scene, plans the run and reserves its outputs.
    ///
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`, `InstructionSetError`, `FileError`, `OutputError`;
    ///   nothing has been written then.
    public init(
        scene path: String, model: Model, options: SegmentationOptions, outputs: OutputSet,
        products: ProductOptions = ProductOptions()
    ) throws {
        let scene = try options.open(scene: path, for: model)
        identity = SceneIdentity(of: scene)
        try outputs.refuseClashes(with: scene, model: model.path)
        try outputs.reserve(overwrite: options.overwrites)
        job = try SegmentationJob(
            scene: scene, model: model, options: options, writesProbabilities: outputs.rasters[.probabilities] != nil,
            writesConfidence: outputs.rasters[.confidence] != nil)
        try outputs.refuseProducts(of: job.task)
        try SceneProducts.check(outputs, options: products, legend: job.legend)
        warnings =
            outputs.warnings
            + job.planWarnings.map {
                SceneWarning(.plan, $0.description, generality: $0.isGeneral ? .scaling : nil)
            }
        self.products = products
        overwrites = options.overwrites
        self.path = path
        self.outputs = outputs
    }

    /// Segments the scene, makes the products of its mask, and publishes all outputs together.
    ///
    /// - Parameters:
    ///   - extras: what is worked out beside the outputs.
    ///   - verifiedWindows: the number of windows across the borders of tiles that are also run in one piece, and compared.
    ///   - gathered: takes what is said of the scene meanwhile; the scene has begun there (`SceneWarnings.begin`).
    ///   - progress: called at the start, and after each written tile, with the number of tiles written and in all.
    /// - Throws: as `SegmentationJob.run`; no output is left behind then.
    public func run(
        extras: Extras = [], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        warnings gathered: SceneWarnings? = nil,
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> SceneOutcome {
        let rasters = try job.stage(
            outputs.rasters, verifiedWindows: verifiedWindows, cancellation: cancellation, progress: progress,
            warn: { gathered?.add(SceneWarning(.work, $0), about: path) })
        let products = SceneProducts(
            outputs, options: products, overwrites: overwrites,
            countsClasses: (extras.contains(.classShares) || outputs.report != nil) && job.task == .segmentation,
            scene: job.scene)
        let outcome: SceneOutcome
        do {
            try products.make(from: rasters, cancellation: cancellation)
            products.warnings.forEach { gathered?.add($0, about: path) }
            rasters.warnings.forEach { gathered?.add(SceneWarning(.mask, $0), about: path) }
            let files =
                extras.contains(.checksums) ? try records(products, rasters, cancellation: cancellation) : []
            outcome = SceneOutcome(
                scene: path, outputs: outputs, summary: rasters.summary,
                classShares: products.statistics.map { ClassShare.list($0.whole) } ?? [],
                warnings: warnings.map(\.text) + (gathered?.messages(about: path) ?? []), files: files,
                identity: identity, feed: job.feed)
            let report = RunReport(
                [SceneResult(scene: path, ending: .done(outcome))], model: job.model,
                folder: FileName.folder(of: outputs.mask), started: opened, mask: rasters.path(.mask))
            try products.makeReport(report, from: rasters)
        } catch {
            products.discard()
            throw rasters.giveUp(after: error)
        }
        try outputs.publish(rasters, products, cancellation: cancellation, named: named)
        return outcome
    }

    /// The outputs as a ledger remembers them. Size, time and bytes are those of the hidden files: a name changes none.
    private func records(
        _ products: SceneProducts, _ rasters: StagedRasters, cancellation: Cancellation
    ) throws -> [OutputRecord] {
        try outputs.files.map { kind, path in
            let staged = products.stagingPath(of: path, rasters) ?? path
            return OutputRecord(
                kind: kind.name, path: CanonicalPath.named(path), stamp: FileStamp(path: staged),
                checksum: try SHA256.checksum(ofFile: staged, isCancelled: { cancellation.isCancelled }))
        }
    }
}
