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
    public init(_ results: [SceneResult], model: Model, folder: String, started: Date, finished: Date = Date()) {
        self.init(results, model: model, folder: folder, started: started, finished: finished, mask: nil)
    }

    /// - Parameter mask: where the mask of the only scene lies while it has no name yet.
    init(
        _ results: [SceneResult], model: Model, folder: String, started: Date, finished: Date = Date(), mask: String?
    ) {
        stagedMask = mask
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
        case .html: page.html()
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

    private var page: ReportPage {
        let unchanged = results.count { if case .unchanged = $0.ending { true } else { false } }
        var page = ReportPage(
            title: results.count == 1 ? FileName.last(of: results[0].scene) : "Segmented scenes",
            scenes: results.compactMap { $0.section(outputsIn: folder, stagedMask: stagedMask) })
        page.facts = [
            ReportFact("Model", model.name), ReportFact("Model SHA-256", model.checksum),
            ReportFact("Overtile", OvertileVersion.current), ReportFact("Outputs", folder),
        ]
        if unchanged > 0 { page.facts.append(ReportFact("Scenes that had not changed", "\(unchanged)")) }
        page.date = finished.formatted(.iso8601.dateSeparator(.dash).timeSeparator(.colon))
        return page
    }
}

extension SceneResult {
    /// The scene's section of a page; nil for one that was not run.
    fileprivate func section(outputsIn folder: String, stagedMask: String?) -> ReportScene? {
        var section = ReportScene(name: FileName.last(of: scene))
        switch ending {
        case .unchanged:
            guard let earlier else { return nil }
            earlier.describe(scene, in: &section, outputsIn: folder)
        case .outside: return nil
        case .stopped: section.error = "the run was stopped before this scene was done"
        case .failed(let message, _): section.error = message
        case .done(let outcome): outcome.describe(in: &section, outputsIn: folder, mask: stagedMask)
        }
        return section
    }
}

extension SceneOutcome {
    fileprivate func describe(in section: inout ReportScene, outputsIn folder: String, mask stagedMask: String?) {
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
        section.facts = outputs.files.map { ReportFact(file: $1, kind: $0.name, in: folder) }
        section.facts += feed.map { ReportFact($0.title, $0.text) }
        let plan = ["TILE", "MARGIN", "STEP"].compactMap { mask?.metadata["OVERTILE_\($0)"] }
        if plan.count == 3 {
            section.facts.append(
                ReportFact("Tiles", "\(summary.tiles) of \(plan[0]) pixels, margin \(plan[1]), step \(plan[2])"))
        }
    }
}

extension EarlierRun {
    /// Tells of a scene that has not changed what its earlier run has left.
    fileprivate func describe(_ scene: String, in section: inout ReportScene, outputsIn folder: String) {
        let maskFile = files.first { $0.kind == OutputSet.Kind.raster(.mask).name }?.path
        let mask = maskFile.flatMap { try? RasterReader(path: $0) }
        section.scene = scene
        section.access = access
        section.mask = maskFile
        section.size = mask?.size
        section.seconds = seconds
        section.warnings = warnings
        section.show(classShares, of: mask)
        let place = CanonicalPath.existing(folder) ?? folder
        section.facts = files.map { ReportFact(file: $0.path, kind: $0.kind, in: place) }
        if let finished {
            let time = finished.formatted(.iso8601.dateSeparator(.dash).dateTimeSeparator(.space))
            section.facts.append(ReportFact("Unchanged since", time))
        }
    }
}

extension ReportScene {
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

extension ReportFact {
    /// The path of an output. The page names the folder once.
    fileprivate init(file path: String, kind: String, in folder: String) {
        let prefix = FileName.joined(folder, "")
        self.init(
            kind == OutputSet.Kind.item.name ? "STAC item" : kind.capitalized,
            path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path)
    }
}
