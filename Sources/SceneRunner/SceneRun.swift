import FileIO
import Foundation
import MaskProducts
public import Models
import RasterIO
public import Segmentation
package import TileGeometry

/// One scene, from its file to all its outputs: the same for a single scene, a batch and a watch.
///
///     let model = try Model(path: "unet.pth")
///     let run = try SceneRun(scene: "scene.tif", model: model, outputs: OutputSet(mask: "mask.tif"))
///     print(run.tiles.count, run.warnings)
///     let outcome = try run.run()
///
/// Making it opens the scene and checks everything that can be checked; running it writes.
public final class SceneRun {
    /// Results that are worked out beside the outputs; each of them reads outputs once more.
    public struct Extras: OptionSet, Sendable {
        /// The set as bits.
        public let rawValue: Int

        /// Makes a set of extras from its bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// The part of the mask that each class covers.
        public static let classShares = Extras(rawValue: 1)
        /// The SHA-256 of each output.
        package static let checksums = Extras(rawValue: 2)
        /// All of them.
        package static let all: Extras = [.classShares, .checksums]
    }

    /// The segmentation: plan, bands, kernels.
    package let job: SegmentationJob
    /// The outputs that the run writes.
    public let outputs: OutputSet
    /// The files that the scene is made of, as they were when it was opened.
    package let identity: SceneIdentity
    /// The warnings before the run, each with its subject.
    package let sceneWarnings: [SceneWarning]
    /// The warnings before the run, a line each.
    public var warnings: [String] { sceneWarnings.map(\.text) }

    /// The tiles that the scene is cut into, and what they take.
    public var tiles: Tiles { Tiles(job.plan.tiling) }

    /// The outputs as the user named them: others where those are in object storage, and made as local files.
    private let asked: OutputSet
    private let division: Division
    private let path: String
    private let products: ProductOptions
    private let overwrites: Bool
    /// A digest of what is asked for.
    let command: String
    private let access: RasterAccess
    private let opened = Date()
    /// True for a scene of several in one command: a hidden record of its outputs stays, by which the same command knows them
    /// as its own where it is killed before it is over. `record` removes it then.
    package var keepsRecord = false
    /// Called with the outcome when all outputs are complete, before any has its name: who has to remember it even if the
    /// process is killed meanwhile does so then. What it throws ends the run.
    package var completed: (SceneOutcome) throws -> Void = { _ in }
    /// Called with each name that an output has been given. Tests stop the process there, or bring trouble.
    var named: (String) -> Void = { _ in }

    /// Opens the scene, plans the run and reserves its outputs.
    ///
    /// - Parameters:
    ///   - path: any raster that GDAL opens.
    ///   - options: what is asked for beside the outputs.
    ///   - outputs: what is written, and where.
    ///   - products: how polygons and statistics are made, if they are among the outputs.
    /// - Throws: `RasterError`, `SegmentationError`, `FileError`, or an error of outputs that clash or of an engine that
    ///   cannot run; nothing has been written then.
    public convenience init(
        scene path: String, model: Model, options: SegmentationOptions = SegmentationOptions(), outputs: OutputSet,
        products: ProductOptions = ProductOptions()
    ) throws {
        try self.init(
            scene: path, model: model, options: options, outputs: outputs, products: products, division: .whole)
    }

    /// What a run does of its scene's work.
    package enum Division {
        /// All of it.
        case whole
        /// The tiles of one part, and none of the outputs (`compute`).
        case part(ScenePart)
        /// The outputs of parts that are there (`run`), which may be of several sets of kernels if that is said.
        case merge(PartMerge, mixesKernels: Bool)
    }

    /// Opens the scene, plans the run and reserves its outputs, for a run that may be divided among machines.
    ///
    /// - Parameters:
    ///   - division: what the run does of the scene's work.
    ///   - asked: the outputs as the user named them, where they are made as others; the same on every machine.
    ///   - others: as for the public initializer.
    /// - Throws: as the public initializer.
    package init(
        scene path: String, model: Model, options: SegmentationOptions, outputs: OutputSet, products: ProductOptions,
        division: Division, asked: OutputSet? = nil
    ) throws {
        self.division = division
        let scene = try options.open(scene: path, for: model)
        identity = SceneIdentity(of: scene)
        try scene.spatialReference.requireDatabase(path: path)
        var others = OtherFiles()
        others.read(products.zones?.path, "the zones")
        model.paths.dropFirst().forEach { others.read($0, "a model") }
        try outputs.refuseClashes(with: scene, model: model.paths[0], others: others)
        let settings = SettingsDigest(model: model, options: options, others: ["products": products.text])
        self.asked = asked ?? outputs
        let places = self.asked.everything.map { "\($0.kind.name)=\(CanonicalPath.named($0.path))" }
        command = SHA256.checksum(
            of: ([CanonicalPath.named(path), settings.hexadecimal] + places).joined(separator: "\n"))
        var options = options
        let recovery: OutputSet.Recovery =
            switch division {
            case .whole: .all
            // It publishes nothing, so that what killed runs have left is none of its business.
            case .part: .none
            // Whoever has the right to merge has ended what a killed merge had begun.
            case .merge: .hiddenFiles
            }
        options.overwrites = try outputs.reserve(
            overwrite: options.overwrites, command: command, recovery: recovery)
        job = try SegmentationJob(
            scene: scene, model: model, options: options, kinds: Set(outputs.rasters.keys))
        try outputs.refuseProducts(of: job.task)
        try SceneProducts.check(outputs, options: products, legend: job.legend)
        sceneWarnings = job.planWarnings.map {
            SceneWarning(.plan, $0.description, generality: $0.isGeneral ? .scaling : nil)
        }
        self.products = products
        overwrites = options.overwrites
        access = options.access
        self.path = path
        self.outputs = outputs
    }

    /// Segments the scene, makes the products of its mask, and publishes all outputs together.
    ///
    /// - Parameters:
    ///   - extras: what is worked out beside the outputs.
    ///   - verifiedWindows: the number of windows across the borders of tiles that are also run in one piece, and compared.
    ///   - cancellation: ends the run early when somebody cancels it.
    ///   - progress: called at the start, and after each written tile, with the number of tiles written and in all.
    /// - Returns: what the run gave; its `warnings` have those of the run too.
    /// - Throws: `RasterError`, `FileError`, `SegmentationError` (`.locked`), `CancellationError`, or an error of the engine;
    ///   no output is left behind then.
    public func run(
        extras: Extras = [], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> SceneOutcome {
        let gathered = SceneWarnings { _ in }
        gathered.begin(path)
        return try run(
            extras: extras, verifiedWindows: verifiedWindows, cancellation: cancellation, warnings: gathered,
            progress: progress)
    }

    /// Segments the scene for a caller that gathers what is said of several scenes.
    ///
    /// - Parameter gathered: takes what is said of the scene meanwhile; the scene has begun there (`SceneWarnings.begin`).
    /// - Throws: as the other `run`.
    package func run(
        extras: Extras = [], verifiedWindows: Int = 0, cancellation: Cancellation = Cancellation(),
        warnings gathered: SceneWarnings, progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> SceneOutcome {
        let rasters: StagedRasters
        if case .merge(let merge, let mixesKernels) = division {
            rasters = try job.stage(
                merging: merge, mixesKernels: mixesKernels, outputs.rasters, verifiedWindows: verifiedWindows,
                cancellation: cancellation, progress: progress)
        } else {
            rasters = try job.stage(
                outputs.rasters, verifiedWindows: verifiedWindows, cancellation: cancellation, progress: progress,
                warn: { gathered.add(SceneWarning(.work, $0), about: path) })
        }
        let products = SceneProducts(
            outputs, options: products, overwrites: overwrites,
            countsClasses: (extras.contains(.classShares) || outputs.report != nil) && job.task == .segmentation,
            scene: job.scene, task: job.task)
        let outcome: SceneOutcome
        do {
            try products.make(from: rasters, cancellation: cancellation)
            products.warnings.forEach { gathered.add($0, about: path) }
            rasters.warnings.forEach { gathered.add(SceneWarning(.mask, $0), about: path) }
            let files =
                extras.contains(.checksums) ? try records(products, rasters, cancellation: cancellation) : []
            outcome = SceneOutcome(
                scene: path, outputs: outputs, summary: rasters.summary,
                classShares: products.statistics.map { ClassShare.list($0.whole) } ?? [],
                warnings: warnings + gathered.messages(about: path), files: files,
                identity: identity, access: access,
                feed: job.feed?.lines.map { OutcomeFacts.Line(title: $0.title, text: $0.text) } ?? [])
            var told = outcome
            told.outputs = asked
            let report = RunReport(
                [SceneResult(scene: path, ending: .done(told))], model: job.model,
                folder: FileName.folder(of: asked.mask),
                products: self.products, started: opened, mask: rasters.path(.mask))
            try products.makeReport(report, named: asked.report, from: rasters)
            // The state that is remembered was looked up before the job's.
            try identity.requireUnchanged(path)
            try completed(outcome)
        } catch {
            products.discard()
            throw rasters.giveUp(after: error)
        }
        try outputs.publish(
            rasters, products, command: command, keepsRecord: keepsRecord, cancellation: cancellation, named: named)
        return outcome
    }

    /// Computes the tiles of the run's part, and keeps them beside the mask until the parts are merged.
    ///
    /// - Parameters:
    ///   - folder: the folder in which the command was given.
    ///   - arguments: its arguments behind `overtile segment` or `batch`, without the part: the merge goes on with them.
    ///   - batch: the parts of the batch that has cut the scene; nil for a scene of its own.
    ///   - verifiedWindows: as for `run`: the merge verifies them.
    ///   - warnings: takes what is said of the scene meanwhile; the scene has begun there (`SceneWarnings.begin`).
    ///   - progress: called at the start, and after each written tile, with the number of the part's tiles written and in all.
    /// - Throws: as `run`; `FileError` (`.locked`) where another process makes the part.
    /// - Precondition: the run was made for a part.
    package func compute(
        folder: String, arguments: [String], batch: PartRequest.BatchParts? = nil, verifiedWindows: Int = 0,
        cancellation: Cancellation = Cancellation(), warnings gathered: SceneWarnings,
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws -> PartSummary {
        guard case .part(let part) = division else { preconditionFailure("a run of all parts has `run`") }
        return try job.compute(
            part, of: outputs.rasters,
            request: PartRequest(folder: folder, arguments: arguments, command: command, batch: batch),
            verifiedWindows: verifiedWindows, cancellation: cancellation, progress: progress,
            warn: { gathered.add(SceneWarning(.work, $0), about: path) })
    }

    /// The record that is kept of a scene's outputs.
    package struct Record: Sendable {
        fileprivate let mask: String
        fileprivate let command: String

        /// Removes the record: the command is over.
        package func remove() { SegmentationJob.forgetRecord(mask: mask, command: command) }
    }

    /// The record of the outputs, where it is kept (`keepsRecord`).
    package var record: Record { Record(mask: outputs.mask, command: command) }

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

extension SceneRun {
    /// The tiles that a scene is cut into, and the workers and memory for them.
    public struct Tiles: Equatable, Sendable {
        /// The number of tiles.
        public let count: Int
        /// The side of a tile in pixels of the network's input.
        public let side: Int
        /// The pixels on each side of a tile that overlap its neighbours.
        public let margin: Int
        /// The side of the part of a tile that is kept, in pixels.
        public let step: Int
        /// The number of tiles that are computed at the same time.
        public let workers: Int
        /// The bytes of memory that the run is expected to need at most.
        public let memoryBytes: Int

        init(_ tiling: Tiling) {
            count = tiling.grid.count
            side = tiling.grid.tile
            margin = tiling.grid.margin
            step = tiling.grid.step
            workers = tiling.workers
            memoryBytes = tiling.memoryBytes
        }
    }
}
