import FileIO
public import Foundation
import RasterIO
public import SceneRunner
public import Segmentation

/// Says where the outputs of a batch go: each kind of raster into a folder of its own, everything else beside the masks. All
/// folders may be in object storage; what has to be on this machine then lies in a folder of its own there (`state`).
///
///     let layout = try FolderLayout(
///         folder: "masks", others: [.probabilities: "probabilities"], names: "{stem}-{model}.tif", model: "unet.pth")
///     print(layout.outputs(for: "in/a.tif", date: Date()).mask)  // masks/a-unet.tif
public struct FolderLayout: Sendable {
    /// The folder of each kind of raster, that of the masks among them.
    public let rasters: [RasterOutput.Kind: String]
    /// The files that are written beside the masks.
    public let companions: Companions
    /// The options for polygons and statistics.
    public let products: ProductOptions
    /// The template for the names of a scene's outputs.
    package let naming: OutputNaming
    /// The model's file.
    public let model: String
    /// The folder that has the ledger and the locks: that of the masks, or a local one for outputs in object storage.
    package let state: String

    /// The choice of what is written beside each mask, under its name with another ending.
    public struct Companions: Equatable, Sendable {
        /// The ending of polygons, such as "gpkg"; nil for none.
        public var polygons: String?
        /// The ending of statistics, "json" or "csv", after ".stats."; nil for none.
        public var statistics: String?
        /// Says whether a QGIS style is written.
        public var style = OutputSet.Style.unlessChanged
        /// True if a STAC item is written, beside the other rasters too.
        public var hasItems = false

        /// Makes a choice of nothing.
        public init() {}
    }

    /// Lays out folders that exist.
    ///
    /// - Parameters:
    ///   - folder: the folder of the masks.
    ///   - others: the folders of other rasters.
    ///   - companions: what is written beside the masks.
    ///   - products: how polygons and statistics are made.
    ///   - names: a template for the names of outputs, which ends in .tif. `{stem}` is the scene's name without its
    ///     extension, `{model}` the model's, `{folder}` the name of the folder that the scene lies in, `{date}` the day on
    ///     which it is run (2026-11-21, local time).
    ///   - model: the model's file, whose name may be a part of the outputs' names.
    ///   - scratch: the folder for what has to be on this machine of outputs in object storage; nil for one in the user's cache.
    /// - Throws: `BatchError` where a folder is not there, two rasters share one, or the template cannot name files.
    public init(
        folder: String, others: [RasterOutput.Kind: String] = [:], companions: Companions = Companions(),
        products: ProductOptions = ProductOptions(), names: String = "{stem}.tif", model: String, scratch: String? = nil
    ) throws(BatchError) {
        try self.init(
            folder: folder, others: others, companions: companions, products: products, naming: OutputNaming(names),
            model: model, scratch: scratch)
    }

    /// Lays out folders that exist, for names of a template that was looked at already.
    ///
    /// - Throws: as the other initialiser.
    package init(
        folder: String, others: [RasterOutput.Kind: String] = [:], companions: Companions = Companions(),
        products: ProductOptions = ProductOptions(), naming: OutputNaming, model: String, scratch: String? = nil
    ) throws(BatchError) {
        state = try Self.state(of: folder, scratch: scratch)
        rasters = others.merging([.mask: folder]) { $1 }
        self.companions = companions
        self.products = products
        self.naming = naming
        self.model = model
        try checkFolders()
    }

    /// The folder of the masks.
    public var folder: String { rasters[.mask]! }

    /// All folders that are written to, that of the masks first.
    package var folders: [String] { RasterOutput.Kind.allCases.compactMap { rasters[$0] } }

    /// True for outputs in object storage.
    package var isRemote: Bool { RemoteFile.isRemote(folder) }

    /// The folders of this machine that are written to.
    package var localFolders: [String] { isRemote ? [state] : folders }

    /// Returns the folder that has the ledger of a folder of masks.
    ///
    /// - Parameter scratch: the folder in which one is named for masks in object storage; nil for one in the user's cache.
    /// - Throws: `BatchError` where the user has no cache.
    package static func state(of folder: String, scratch: String?) throws(BatchError) -> String {
        guard RemoteFile.isRemote(folder) else { return folder }
        guard let scratch = scratch ?? UserCache.path("batches") else {
            throw BatchError(.usage, "there is no folder for the ledger of \(folder): name one with --scratch")
        }
        return FileName.joined(scratch, String(SHA256.checksum(of: FileName.joined(folder, "")).prefix(16)))
    }

    /// Opens the ledger that remembers what became of the scenes. For outputs in object storage, it knows what lies there.
    ///
    /// - Throws: `LedgerError`, `FileError`.
    package func openLedger() throws -> Ledger {
        try ledgerCopy?.fetch()
        return try Ledger(folder: state, access: .writing)
    }

    /// The copy of the ledger that lies beside outputs in object storage; nil for local outputs.
    package var ledgerCopy: LedgerCopy? { isRemote ? LedgerCopy(remote: folder, folder: state) : nil }

    /// Returns the outputs of a scene.
    ///
    /// - Parameter date: the day of the run, which may be a part of their names.
    public func outputs(for scene: String, date: Date) -> OutputSet {
        let name = naming.name(scene: scene, model: model, date: date)
        let mask = FileName.joined(folder, name)
        var outputs = OutputSet(mask: mask, others: rasters.mapValues { FileName.joined($0, name) })
        let stem = FileName.withoutExtension(mask)
        outputs.polygons = companions.polygons.map { "\(stem).\($0)" }
        outputs.statistics = companions.statistics.map { "\(stem).stats.\($0)" }
        outputs.style = companions.style
        outputs.hasItems = companions.hasItems
        return outputs
    }

    /// The outputs that there are, as text for the digest of a run's settings.
    ///
    /// Ledgers remember the digest. The first kinds of rasters always say whether they are there; later ones only where
    /// they are, so that a new kind leaves the text of all others as it is.
    var kinds: String {
        let first: [RasterOutput.Kind] = [.probabilities, .confidence]
        let later = RasterOutput.Kind.allCases.filter { $0 != .mask && !first.contains($0) && rasters[$0] != nil }
        return first.map { "\(rasters[$0] != nil) " }.joined() + "\(companions.polygons ?? "") "
            + "\(companions.statistics ?? "") \(companions.style == .always) \(companions.hasItems)"
            + later.map { " \($0.rawValue)" }.joined()
    }

    /// Refuses outputs that would replace each other, a scene, the model, or another file of the command's.
    ///
    /// - Parameters:
    ///   - scenes: all scenes of the batch.
    ///   - date: the day of the run.
    ///   - others: what else the run reads and writes.
    /// - Throws: `BatchError`; `OutputError` where two outputs of one scene have the same name.
    package func check(_ scenes: [String], date: Date, others: OtherFiles = OtherFiles()) throws {
        var others = others
        others.read(FileName.joined(state, Ledger.fileName), "the ledger")
        others.read(FileName.joined(state, FolderLock.fileName), "the lock of the folder")
        try others.refuseClashes(scenes: scenes, model: model)
        let inputs = Set((scenes + [model] + others.inputs.map(\.path)).map(CanonicalPath.destination))
        let written = Dictionary(
            others.outputs.map { (CanonicalPath.destination(of: $0.path), $0.option) }, uniquingKeysWith: { $1 })
        let places = folders.map { CanonicalPath.named(FileName.joined($0, "x")).dropLast() }
        var taken: [String: String] = [:]
        for scene in scenes {
            let name = naming.name(scene: scene, model: model, date: date)
            if let other = taken.updateValue(scene, forKey: name) {
                throw BatchError(
                    .usage,
                    "\(other) and \(scene) would both be written to \(FileName.joined(folder, name)): tell them apart "
                        + "with --name, as {folder}-{stem}.tif, or run them into different folders")
            }
            for place in places where inputs.contains(CanonicalPath.destination(of: place + name)) {
                throw BatchError(
                    .usage,
                    "\(place)\(name), an output, is the model or a scene itself and would be overwritten: choose another "
                        + "folder or --name")
            }
            for (kind, path) in outputs(for: scene, date: date).files {
                let place = CanonicalPath.destination(of: path)
                if inputs.contains(place) {
                    throw BatchError(
                        .usage,
                        "\(path), the \(kind) of \(scene), is an input and would be overwritten: choose another folder or "
                            + "--name")
                }
                guard let option = written[place] else { continue }
                let what = option == "--report" ? "the report" : "what \(option) names"
                throw BatchError(
                    .usage,
                    "\(what) and the \(kind) of \(scene) would both be written to \(path): choose another file")
            }
        }
        // Names differ from scene to scene: what clashes for one of them clashes for all.
        if let scene = scenes.first {
            try OutputSet.refuseClashes([(scene, outputs(for: scene, date: date))], model: model, others: others)
        }
    }

    private func checkFolders() throws(BatchError) {
        if let other = folders.first(where: { RemoteFile.isRemote($0) != isRemote }) {
            throw BatchError(
                .usage, "\(folder) and \(other) are not both in object storage: put all outputs on one side")
        }
        for place in localFolders {
            if isRemote {
                try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            } else {
                FileCall.makeOutputFolder(place)
            }
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
            guard exists, isFolder.boolValue else {
                throw BatchError(
                    .cannotCreate,
                    "cannot write into \(place): "
                        + (exists ? "it is no folder; name another" : "there is no such folder; make it first"))
            }
        }
        let kinds = RasterOutput.Kind.allCases.filter { rasters[$0] != nil }
        for (index, kind) in kinds.enumerated() {
            for other in kinds[..<index] {
                guard let place = rasters[kind], let taken = rasters[other],
                    CanonicalPath.named(taken) == CanonicalPath.named(place)
                else { continue }
                throw BatchError(
                    .usage,
                    "\(other == .mask ? "masks" : other.rawValue) and \(kind) would both be written to \(place): "
                        + "choose another folder for --\(kind)")
            }
        }
    }
}
