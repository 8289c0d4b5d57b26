import FileIO
import MaskProducts
import RasterIO
import Segmentation

/// What is derived from a scene's finished mask: statistics, polygons, a style, items of a catalogue.
///
/// What takes long is made while the mask is still hidden: where it fails, the scene's work is kept, and going on
/// ends with all outputs or none.
final class SceneProducts {
    let outputs: SceneOutputs
    private let options: ProductOptions
    private let overwrites: Bool
    private let countsClasses: Bool
    private let scene: RasterReader

    private(set) var statistics: MaskStatistics?
    private(set) var warnings: [String] = []
    private var polygons: PolygonOutput?

    /// - Parameter countsClasses: whether statistics are wanted, be it without a file of them.
    init(
        _ outputs: SceneOutputs, options: ProductOptions, overwrites: Bool, countsClasses: Bool, scene: RasterReader
    ) {
        self.outputs = outputs
        self.options = options
        self.overwrites = overwrites
        self.countsClasses = countsClasses || outputs.statistics != nil
        self.scene = scene
    }

    deinit { discard() }

    /// Whether all of it can be made, before any work is spent on the scene.
    ///
    /// - Parameter legend: the classes that the mask will have.
    /// - Throws: `RasterError`, `FileError`.
    static func check(
        _ outputs: SceneOutputs, options: ProductOptions, overwrites: Bool, legend: [LegendEntry]
    ) throws {
        if let path = outputs.polygons {
            try PolygonOutput.check(path: path, options: options.polygons(overwrites))
            _ = try ClassLegend(legend, of: outputs.mask).values(of: options.polygons.classes)
        }
        try options.zones?.check()
        let documents = outputs.files.filter { ![.mask, .probabilities, .confidence, .polygons].contains($0.kind) }
        for (_, path) in documents { try StagedDocument.check(path: path, overwrite: overwrites) }
    }

    /// - Parameter rasters: finished, under names that nobody sees.
    /// - Throws: `RasterError`, `CancellationError`.
    func make(from rasters: StagedRasters, cancellation: Cancellation) throws {
        do {
            let mask = try RasterReader(path: rasters.mask)
            if countsClasses {
                var counted = try MaskStatistics(of: mask, zones: try options.zones?.place(on: mask))
                counted.mask = outputs.mask
                counted.warnings = counted.warnings.map { $0.replacing(rasters.mask, with: outputs.mask) }
                statistics = counted
                // That nobody knows the area is no news to who did not ask for it.
                if outputs.statistics != nil { warnings += counted.warnings }
            }
            guard let path = outputs.polygons else { return }
            let polygons = try PolygonOutput(
                mask: mask, confidence: try rasters.confidence.map { try RasterReader(path: $0) },
                options: options.polygons(overwrites), path: path)
            self.polygons = polygons
            try polygons.write { _, _ in if cancellation.isCancelled { throw CancellationError() } }
        } catch let error as RasterError {
            // Nobody knows the hidden name.
            var named = error
            named.message = error.message.replacing(rasters.mask, with: outputs.mask)
            throw named
        }
    }

    /// Puts all in place beside the rasters, which have their names by now.
    ///
    /// - Throws: `RasterError`, `FileError`.
    func commit() throws {
        try polygons?.commit()
        if let path = outputs.statistics { try statistics?.write(to: path, overwrite: overwrites) }
        if outputs.hasStyle {
            let legend = try RasterReader(path: outputs.mask).legend(ofBand: 1)
            try QGISStyle(legend).write(besideRaster: outputs.mask, overwrite: overwrites)
        }
        guard outputs.hasItems else { return }
        let time = AcquisitionTime(of: scene)
        for (_, raster) in outputs.rasters {
            let item = try STACItem(of: raster, time: time)
            warnings += item.warnings
            try item.write(overwrite: overwrites)
        }
    }

    /// Gives up what has no name yet.
    func discard() { polygons?.discard() }
}

extension ProductOptions {
    fileprivate func polygons(_ overwrites: Bool) -> PolygonOptions {
        var result = polygons
        result.overwrite = overwrites
        return result
    }
}
