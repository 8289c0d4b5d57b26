import FileIO
import MaskProducts
import RasterIO

extension OutputSet {
    /// Refuses outputs of which two have one name, and those that would replace a scene or the model, before any work is
    /// done.
    ///
    /// - Parameters:
    ///   - runs: all scenes of a command with their outputs.
    ///   - model: the model's file.
    ///   - report: where a report on all scenes goes; nil for none.
    /// - Throws: `OutputError`.
    package static func refuseClashes(
        _ runs: [(scene: String, outputs: OutputSet)], model: String, report: String? = nil
    ) throws(OutputError) {
        let scenes = Set(runs.map { CanonicalPath.destination(of: $0.scene) })
        let modelFile = CanonicalPath.destination(of: model)
        let modelItem = CanonicalPath.destination(of: STACItem.path(besideRaster: model))
        var taken: [String: Int] = [:]
        for (index, run) in runs.enumerated() {
            for (kind, output) in run.outputs.everything {
                let file = CanonicalPath.destination(of: output)
                if let other = taken.updateValue(index, forKey: file) {
                    throw OutputError(clash(run, runs[other], isSameRun: other == index, over: output))
                }
                if scenes.contains(file) {
                    throw OutputError("\(output) is a scene and would be overwritten: choose another output")
                }
                if file == modelFile {
                    throw OutputError("\(output) is the model and would be overwritten: choose another output")
                }
                if kind == .item, file == modelItem {
                    throw OutputError(
                        "\(output) is where the model's own item is looked for: choose another output")
                }
            }
        }
        guard let report else { return }
        let file = CanonicalPath.destination(of: report)
        if let other = taken[file] {
            throw OutputError(
                "the report and an output of \(runs[other].scene) would both be written to \(report): choose another "
                    + "file for --report")
        }
        if scenes.contains(file) || file == modelFile {
            throw OutputError("\(report) is an input and would be overwritten: choose another file for --report")
        }
    }

    private static func clash(
        _ run: (scene: String, outputs: OutputSet), _ other: (scene: String, outputs: OutputSet), isSameRun: Bool,
        over output: String
    ) -> String {
        let here = run.outputs.everything.filter { CanonicalPath.leadToOne($0.path, output) }.map(\.kind)
        if isSameRun, here.count > 1 {
            return "\(here[0]) and \(here[1]) of \(run.scene) would both be written to \(output): "
                + "choose another file or folder for \(here[1].option ?? "one of them")"
        }
        if CanonicalPath.leadToOne(run.scene, other.scene) { return "\(run.scene) is named twice: name it once" }
        return "\(other.scene) and \(run.scene) would both be written to \(output): run them into different folders"
    }

    /// Refuses outputs that clash, and those that would replace a file that the scene is made of, as a mosaic is.
    ///
    /// - Throws: `OutputError`.
    func refuseClashes(with scene: RasterReader, model: String) throws(OutputError) {
        try Self.refuseClashes([(scene.path, self)], model: model)
        let sources = Set(scene.files.map(CanonicalPath.destination))
        for (_, output) in everything where sources.contains(CanonicalPath.destination(of: output)) {
            throw OutputError(
                "\(output) is a part of \(scene.path) and would be overwritten: choose another output")
        }
    }
}
