import FileIO
import MaskProducts
public import Models
import RasterIO
public import Segmentation

/// One scene, from its file to its outputs: the same for one scene, a batch and a watch.
///
/// Making it opens the scene and checks all that can be checked; running it writes. Later outputs hang on here: they are
/// derived when the mask is complete.
public final class SceneRun {
    /// What is worked out after a run, each of which reads outputs again.
    public struct Extras: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let classShares = Extras(rawValue: 1)
        public static let checksums = Extras(rawValue: 2)
        public static let all: Extras = [.classShares, .checksums]
    }

    public let job: SegmentationJob
    public let outputs: SceneOutputs
    /// The files that the scene is made of, as they were when it was opened.
    public let identity: SceneIdentity
    /// What the user should know before the run.
    public var warnings: [String] { outputs.warnings + job.warnings }

    private let path: String
    private let products: ProductOptions
    private let overwrites: Bool

    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`, `InstructionSetError`, `FileError`; nothing has been
    ///   written then.
    public init(
        scene path: String, model: Model, options: SegmentationOptions, outputs: SceneOutputs,
        products: ProductOptions = ProductOptions()
    ) throws {
        let scene = try options.open(scene: path, for: model)
        identity = SceneIdentity(of: scene)
        try outputs.check(against: scene, model: model.path)
        try SegmentationJob.check(
            mask: outputs.mask, probabilities: outputs.probabilities, confidence: outputs.confidence,
            overwrite: options.overwrites)
        job = try SegmentationJob(
            scene: scene, model: model, options: options, writesProbabilities: outputs.probabilities != nil,
            writesConfidence: outputs.confidence != nil)
        try SceneProducts.check(outputs, options: products, overwrites: options.overwrites, legend: job.legend)
        self.products = products
        overwrites = options.overwrites
        self.path = path
        self.outputs = outputs
    }

    /// Segments the scene and puts the outputs in place.
    ///
    /// - Parameters:
    ///   - warnings: what is said of the scene meanwhile, which it must have been told of.
    ///   - progress: called at the start, and after each written tile, with the number of tiles written and in all.
    /// - Throws: as `SegmentationJob.run`; no output is left behind then.
    public func run(
        extras: Extras = [], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        warnings gathered: SceneWarnings? = nil,
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> SceneOutcome {
        let products = SceneProducts(
            outputs, options: products, overwrites: overwrites, countsClasses: extras.contains(.classShares),
            scene: job.scene)
        let summary = try job.run(
            mask: outputs.mask, probabilities: outputs.probabilities, confidence: outputs.confidence,
            verifiedWindows: verifiedWindows, cancellation: cancellation, progress: progress,
            warn: { gathered?.add($0, about: path) },
            derive: { try products.make(from: $0, cancellation: cancellation) })
        try products.commit()
        products.warnings.forEach { gathered?.add($0, about: path) }
        let files =
            extras.contains(.checksums)
            ? try outputs.files.map { kind, path in
                LedgerOutput(
                    kind: kind.rawValue, path: CanonicalPath.named(path), stamp: FileStamp(path: path),
                    checksum: try SHA256.checksum(ofFile: path, isCancelled: { cancellation.isCancelled }))
            } : []
        return SceneOutcome(
            scene: path, outputs: outputs, summary: summary, classShares: products.statistics?.whole.shares ?? [],
            warnings: warnings + (gathered?.messages(about: path) ?? []),
            files: files, identity: identity)
    }
}
