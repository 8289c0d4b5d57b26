import FileIO
public import Foundation
import MaskProducts
public import Models
import RasterIO
import Segmentation

/// A report of what a run did, as a file: a page for people, or JSON for programs.
///
///     try RunReport(results, model: model, folder: "masks", started: started).write(to: "report.html")
public struct RunReport: Sendable {
    private let results: [SceneResult]
    private let model: Model
    private let folder: String
    private let started: Date
    private let finished: Date
    private let products: ProductOptions
    /// The path of the only scene's mask while it has no name yet; nil where all masks have theirs.
    private let stagedMask: String?

    private enum Format: String, CaseIterable {
        case html, json
    }

    /// Gathers what there is to tell; the masks are read when the report is written.
    ///
    /// - Parameters:
    ///   - results: what became of each scene.
    ///   - folder: the folder of the outputs; the page shows their paths within it.
    ///   - products: how polygons and statistics were made.
    public init(
        _ results: [SceneResult], model: Model, folder: String, products: ProductOptions = ProductOptions(),
        started: Date, finished: Date = Date()
    ) {
        self.init(
            results, model: model, folder: folder, products: products, started: started, finished: finished, mask: nil)
    }

    /// - Parameter mask: where the mask of the only scene lies while it has no name yet.
    init(
        _ results: [SceneResult], model: Model, folder: String, products: ProductOptions, started: Date,
        finished: Date = Date(), mask: String?
    ) {
        stagedMask = mask
        self.products = products
        self.results = results
        self.model = model
        self.folder = folder
        self.started = started
        self.finished = finished
    }

    /// Returns normally where a report could be written, before any work is done.
    ///
    /// - Throws: `OutputError` where the extension is of no format that reports have; `FileError` where the file cannot be
    ///   made there.
    public static func check(_ path: String, overwrite: Bool = true) throws {
        _ = try format(of: path)
        try StagedDocument.check(path: path, overwrite: overwrite)
    }

    /// Writes the report; it appears under its name when it is complete.
    ///
    /// - Throws: as `check`, and `FileError` where the disk is full or fails.
    public func write(to path: String, overwrite: Bool = true) throws {
        try Self.check(path, overwrite: overwrite)
        try StagedDocument.write(Array(text(for: path).utf8), to: path, overwrite: overwrite)
    }

    /// The whole file, in the format that its name asks for.
    ///
    /// - Throws: `OutputError` where the extension is of no format that reports have.
    func text(for path: String) throws -> String {
        switch try Self.format(of: path) {
        case .html: page(at: path).html()
        case .json:
            try BatchReport(results, model: model.path, folder: folder, started: started, finished: finished).json()
        }
    }

    private static func format(of path: String) throws(OutputError) -> Format {
        guard let format = Format(rawValue: FileName.pathExtension(of: path)) else {
            throw OutputError("the report \(path) has no format that is known: name it .html or .json")
        }
        return format
    }

    private func page(at path: String) -> ReportPage {
        let place = Place(report: FileName.folder(of: path), outputs: folder)
        let unchanged = results.count { if case .unchanged = $0.ending { true } else { false } }
        var page = ReportPage(
            title: results.count == 1 ? FileName.last(of: results[0].scene) : "Segmented scenes",
            scenes: results.compactMap { $0.section(place, stagedMask: stagedMask) })
        page.facts = [
            ReportFact("Model", model.name), ReportFact("Model SHA-256", model.checksum),
            ReportFact("Overtile", OvertileVersion.current), ReportFact("Outputs", folder),
        ]
        page.facts += products.facts.map { ReportFact($0.title, $0.text) }
        if unchanged > 0 { page.facts.append(ReportFact("Scenes that had not changed", "\(unchanged)")) }
        page.date = finished.formatted(.iso8601.dateSeparator(.dash).timeSeparator(.colon))
        return page
    }
}

/// The folders of a page and of the outputs that it tells of.
private struct Place {
    let report: String
    let outputs: String

    /// The line about an output, which links to it. The page names the outputs' folder once.
    func fact(of path: String, kind: String) -> ReportFact {
        let prefix = FileName.joined(outputs, "")
        return ReportFact(
            kind == OutputSet.Kind.item.name ? "STAC item" : kind.capitalized,
            path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path,
            file: FileName.relative(path, from: report))
    }
}

extension SceneResult {
    /// The scene's section of a page; nil for one that was not run.
    fileprivate func section(_ place: Place, stagedMask: String?) -> ReportScene? {
        var section = ReportScene(name: FileName.last(of: scene))
        switch ending {
        case .unchanged:
            guard let earlier else { return nil }
            earlier.describe(scene, in: &section, place)
        case .outside: return nil
        case .stopped: section.error = "the run was stopped before this scene was done"
        case .failed(let message, _): section.error = message
        case .done(let outcome): outcome.describe(in: &section, place, mask: stagedMask)
        }
        return section
    }
}

extension SceneOutcome {
    fileprivate func describe(in section: inout ReportScene, _ place: Place, mask stagedMask: String?) {
        let maskFile = stagedMask ?? outputs.mask
        section.scene = scene
        section.access = access
        section.mask = maskFile
        section.size = summary.scene
        section.seconds = summary.seconds
        section.warnings = warnings
        let (stages, mask) = (summary.stages, try? RasterReader(path: maskFile))
        section.stages = [
            .init(name: "reading", busySeconds: stages.reading, threads: summary.readers),
            .init(name: "computing", busySeconds: stages.computing, threads: summary.workers),
            .init(name: "writing", busySeconds: stages.writing),
        ]
        section.show(classShares, of: mask)
        section.facts = outputs.files.map { place.fact(of: $1, kind: $0.name) }
        section.facts += feed.map { ReportFact($0.title, $0.text) }
        section.facts.append(ReportFact("Tiles", "\(summary.tiles)"))
        section.show(placeAndOptionsOf: mask)
    }
}

extension EarlierRun {
    /// Tells of a scene that has not changed what its earlier run has left.
    fileprivate func describe(_ scene: String, in section: inout ReportScene, _ place: Place) {
        let maskFile = files.first { $0.kind == OutputSet.Kind.raster(.mask).name }?.path
        let mask = maskFile.flatMap { try? RasterReader(path: $0) }
        section.scene = scene
        section.access = access
        section.mask = maskFile
        section.size = mask?.size
        section.seconds = seconds
        section.warnings = warnings
        section.show(classShares, of: mask)
        // A ledger has the outputs' whole paths.
        let place = Place(report: place.report, outputs: CanonicalPath.existing(place.outputs) ?? place.outputs)
        section.facts = files.map { place.fact(of: $0.path, kind: $0.kind) }
        if let finished {
            let time = finished.formatted(.iso8601.dateSeparator(.dash).dateTimeSeparator(.space))
            section.facts.append(ReportFact("Unchanged since", time))
        }
        section.show(placeAndOptionsOf: mask)
    }
}

extension ReportScene {
    /// Tells where the mask lies, and what was asked of the run that made it, as the mask itself has it.
    fileprivate mutating func show(placeAndOptionsOf mask: RasterReader?) {
        guard let mask else { return }
        facts.append(ReportFact("Coordinate system", mask.spatialReference.system?.name ?? "none"))
        if let pixel = GroundPixelSize(of: mask.spatialReference, size: mask.size) {
            facts.append(ReportFact("Size of pixels", Resampling.text(pixel)))
        }
        let prefix = "OVERTILE_"
        for (key, value) in mask.metadata.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            // The page tells these once, or elsewhere.
            if ["SCENE", "MODEL", "MODEL_SHA256", "VERSION"].contains(key.dropFirst(prefix.count)) { continue }
            let name = key.dropFirst(prefix.count).lowercased().replacing("_", with: " ")
            facts.append(ReportFact(name.prefix(1).uppercased() + name.dropFirst(), value))
        }
    }

    fileprivate mutating func show(_ shares: [SceneRunner.ClassShare], of mask: RasterReader?) {
        let legend = mask.map { ClassLegend(of: $0) }
        classes = shares.compactMap { share in
            share.value.map {
                .init(
                    name: share.name, color: legend?.color(of: $0) ?? .distinct($0), pixels: share.pixels,
                    hectares: share.hectares)
            }
        }
    }
}
