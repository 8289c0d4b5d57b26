import FileIO
public import MaskProducts
import Models
import RasterIO
import Segmentation

/// Makes the products of a scene's complete rasters: polygons, statistics, a style, items of a catalogue, a report.
///
/// All of it is made while the rasters are still hidden, and stays hidden itself: where something fails, the scene's work
/// is kept, and no output has its name yet.
final class SceneProducts {
    private let outputs: OutputSet
    private let options: ProductOptions
    private let overwrites: Bool
    private let countsClasses: Bool
    private let scene: RasterReader
    private let task: ModelTask

    /// The statistics of the mask; nil where nobody asked.
    private(set) var statistics: MaskStatistics?
    private(set) var warnings: [SceneWarning] = []
    private var polygons: PolygonOutput?
    private var documents: [StagedDocument] = []
    /// The style that comes with the mask; nil where there is none, or it is an output of its own.
    private var style: StagedDocument?

    /// - Parameter countsClasses: true if the classes are counted, even where the numbers go into no file.
    init(
        _ outputs: OutputSet, options: ProductOptions, overwrites: Bool, countsClasses: Bool, scene: RasterReader,
        task: ModelTask
    ) {
        self.outputs = outputs
        self.options = options
        self.overwrites = overwrites
        self.countsClasses = countsClasses || outputs.statistics != nil
        self.scene = scene
        self.task = task
    }

    deinit { discard() }

    /// Finds out whether the products can be made as asked for, before any work is spent on the scene.
    ///
    /// - Parameter legend: the classes that the mask will have.
    /// - Throws: `RasterError`, `FileError`.
    static func check(_ outputs: OutputSet, options: ProductOptions, legend: [LegendEntry]) throws {
        if outputs.polygons != nil {
            _ = try ClassLegend(legend, of: outputs.mask).values(of: options.polygons.classes)
        }
        try options.zones?.check()
    }

    /// The finished products, in the order in which they get their names.
    var stagedOutputs: [any StagedOutput] {
        documents.reversed() + (polygons.map { [$0.stagedOutput] } ?? [])
    }

    /// Makes all products but the report.
    ///
    /// - Parameter rasters: complete, under names that nobody sees.
    /// - Throws: `RasterError`, `FileError`, `CancellationError`.
    func make(from rasters: StagedRasters, cancellation: Cancellation) throws {
        do {
            let mask = try RasterReader(path: rasters.path(.mask)!)
            if countsClasses {
                var counted = try MaskStatistics(of: mask, zones: try options.zones?.place(on: mask))
                counted.mask = outputs.mask
                counted.warnings = counted.warnings.map { named($0, rasters) }
                statistics = counted
                // That nobody knows the area is no news to those who did not ask for it.
                if let path = outputs.statistics {
                    warnings += counted.warnings.map { SceneWarning(.products, $0) }
                    try stage(counted.text(for: path), as: path)
                }
            }
            if let path = outputs.polygons {
                let polygons = try PolygonOutput(
                    mask: mask, confidence: try rasters.path(.confidence).map { try RasterReader(path: $0) },
                    options: options.polygons(overwrites), path: path)
                self.polygons = polygons
                try polygons.write { _, _ in if cancellation.isCancelled { throw CancellationError() } }
            }
            try makeStyle(of: mask)
            guard outputs.hasItems else { return }
            let time = AcquisitionTime(of: scene)
            for kind in RasterOutput.Kind.allCases {
                guard let name = outputs.rasters[kind], let staged = rasters.path(kind) else { continue }
                let item = try STACItem(of: staged, named: name, time: time)
                // What holds for all items is said once.
                warnings += item.warnings.map { SceneWarning(.products, $0) }.filter { !warnings.contains($0) }
                try stage(item.text, as: STACItem.path(besideRaster: name))
            }
        } catch let error as RasterError {
            // Nobody knows the hidden names.
            throw RasterError(error.code, path: named(error.path, rasters), named(error.message, rasters))
        }
    }

    private func makeStyle(of mask: RasterReader) throws(FileError) {
        guard let path = outputs.stylePath(of: task, scene: scene.files + [scene.path]) else { return }
        let text = QGISStyle(mask.legend(ofBand: 1)).text
        if outputs.style == .always {
            try stage(text, as: path)
            return
        }
        do {
            style = try stage(text, as: path, overwrites: true)
            style?.mayChange = true
        } catch {
            // A mask is worth more than its colours.
            warnings.append(SceneWarning(.products, "the mask has no style beside it: \(error)"))
        }
    }

    /// Gives the style up that comes with the mask, where somebody has saved another meanwhile.
    func respectChangedStyle() {
        guard let style, !QGISStyle.mayReplace(style.path) else { return }
        style.remove()
        documents.removeAll { $0 === style }
    }

    /// Makes the report on the scene, where there is to be one.
    ///
    /// - Parameter name: the path that the user gave it, from which it links the outputs.
    /// - Throws: `FileError`, `OutputError`.
    func makeReport(_ report: RunReport, named name: String?, from rasters: StagedRasters) throws {
        guard let path = outputs.report else { return }
        try stage(named(report.text(for: name ?? path), rasters), as: path)
    }

    /// Returns the path at which the finished file of an output lies now, by the name that it will have.
    func stagingPath(of path: String, _ rasters: StagedRasters) -> String? {
        if let raster = outputs.rasters.first(where: { $0.value == path }) { return rasters.path(raster.key) }
        return stagedOutputs.first { $0.path == path }?.stagingPath
    }

    /// Removes what has no name yet.
    func discard() {
        polygons?.discard()
        for document in documents { document.remove() }
    }

    @discardableResult
    private func stage(_ text: String, as path: String, overwrites: Bool? = nil) throws(FileError) -> StagedDocument {
        let document = try StagedDocument(path: path, overwrite: overwrites ?? self.overwrites)
        documents.append(document)
        try document.write(Array(text.utf8))
        try document.finish()
        return document
    }

    /// Puts the names that the rasters will have in the place of their hidden ones.
    private func named(_ text: String, _ rasters: StagedRasters) -> String {
        outputs.rasters.reduce(text) { text, output in
            rasters.path(output.key).map { text.replacing($0, with: output.value) } ?? text
        }
    }
}

/// Says how polygons and statistics are made of masks.
///
///     var products = ProductOptions()
///     products.polygons.minimumArea = 100  // square metres
///     products.zones = MaskStatistics.ZoneLayer(path: "districts.gpkg", field: "district")
public struct ProductOptions: Sendable {
    /// The polygons that are made.
    public var polygons = PolygonOutput.Options()
    /// The polygons for which statistics are counted one by one; nil for the whole mask alone.
    public var zones: MaskStatistics.ZoneLayer?

    /// Makes options for polygons along the pixels' sides, and for statistics without zones.
    public init() {}

    /// The options as text, for the digest of a run's settings. Ledgers remember the digest: the words
    /// stay what they are, whatever types and rooms are called.
    package var text: String {
        func text(_ value: String?) -> String { value.map { "Optional(\($0.debugDescription))" } ?? "nil" }
        let tolerance = polygons.tolerance.map { "Optional(\($0))" } ?? "nil"
        let zones = zones.map { zones in
            "Optional(GISOutputs.ZoneLayer(path: \(zones.path.debugDescription), layer: \(text(zones.layer)), "
                + "field: \(text(zones.field))))"
        }
        return "ProductOptions(polygons: GISOutputs.PolygonOptions(minimumArea: \(polygons.minimumArea), "
            + "tolerance: \(tolerance), classes: \(polygons.classes), "
            + "connectedness: GISOutputs.Connectedness.\(polygons.connectedness), overwrite: \(polygons.overwrite)"
            + (polygons.hasStyle ? "" : ", hasStyle: false") + "), zones: \(zones ?? "nil"))"
    }

    /// The options that are not left at their defaults, for people.
    var facts: [(title: String, text: String)] {
        var facts: [(title: String, text: String)] = []
        var choices: [String] = []
        if let tolerance = polygons.tolerance { choices.append("simplified by \(tolerance) pixels") }
        if polygons.minimumArea > 0 { choices.append("of at least \(polygons.minimumArea) square metres") }
        if !polygons.classes.isEmpty { choices.append("of \(polygons.classes.joined(separator: ", "))") }
        if polygons.connectedness == .eight { choices.append("of pixels that share a side or a corner") }
        if !choices.isEmpty { facts.append(("Polygons", choices.joined(separator: ", "))) }
        if let zones {
            let parts = [zones.layer.map { "layer \($0)" }, zones.field.map { "field \($0)" }].compactMap { $0 }
            facts.append(("Zones", ([zones.path] + parts).joined(separator: ", ")))
        }
        return facts
    }

    /// The options for polygons, with a choice about files of the same name.
    func polygons(_ overwrites: Bool) -> PolygonOutput.Options {
        var result = polygons
        result.overwrite = overwrites
        return result
    }
}
