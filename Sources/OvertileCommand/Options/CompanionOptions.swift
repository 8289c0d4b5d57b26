import ArgumentParser
import Foundation
import Overtile

/// What is written beside the outputs, once these are in place.
struct CompanionOptions: ParsableArguments {
    @Flag(help: "Also write a QGIS style beside the mask, under its name with .qml: QGIS takes it by itself.")
    var style = false

    @Flag(help: "Also write a STAC item beside each output, under its name with .json.")
    var stac = false

    /// Whether all of it could be written, before any work is spent on it.
    ///
    /// - Throws: `RasterError`; `UsageError` where a file would replace an output, or be taken for the model's own item.
    func check(beside paths: OutputPaths, model: String, overwrite: Bool) throws {
        var taken = Set(paths.all)
        var companions: [String] = style ? [QGISStyle.path(besideRaster: paths.mask)] : []
        if stac { companions += paths.all.map(STACItem.path) }
        func standardized(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        for path in companions {
            guard standardized(path) != standardized(STACItem.path(besideRaster: model)) else {
                throw UsageError("\(path) is where the model's own item is looked for: choose another output")
            }
            guard taken.insert(path).inserted else {
                throw UsageError("\(path) would be written twice: give the outputs names that differ before the dot")
            }
            _ = try TextOutput(path: path, overwrite: overwrite)
        }
    }

    /// - Parameter scene: what the outputs were made of.
    /// - Throws: `RasterError`.
    func write(beside paths: OutputPaths, scene: RasterReader, overwrite: Bool, warn: (String) -> Void) throws {
        if style {
            let legend = try RasterReader(path: paths.mask).legend(ofBand: 1)
            try QGISStyle(legend).write(besideRaster: paths.mask, overwrite: overwrite)
        }
        guard stac else { return }
        let time = AcquisitionTime(of: scene)
        for output in paths.all {
            let item = try STACItem(of: output, time: time)
            item.warnings.forEach(warn)
            try item.write(overwrite: overwrite)
        }
    }
}
