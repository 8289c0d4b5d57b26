import FileIO
import MaskProducts
import RasterIO

extension OutputSet {
    /// Refuses outputs of which two have one name, and those that would replace a scene, the model or another file that
    /// the command reads or writes, before any work is done. Links are followed, and what lies beside an output, such as
    /// a raster's `.aux.xml`, is a part of it.
    ///
    /// - Parameters:
    ///   - runs: all scenes of a command with their outputs.
    ///   - model: the model's file.
    ///   - others: what else the command reads and writes.
    /// - Throws: `OutputError`.
    package static func refuseClashes(
        _ runs: [(scene: String, outputs: OutputSet)], model: String, others: OtherFiles = OtherFiles()
    ) throws(OutputError) {
        try others.refuseClashes(scenes: runs.map(\.scene), model: model)
        let scenes = Set(runs.map { CanonicalPath.destination(of: $0.scene) })
        let modelFile = CanonicalPath.destination(of: model)
        let modelItem = CanonicalPath.destination(of: STACItem.path(besideRaster: model))
        let inputs = Dictionary(
            others.inputs.map { (CanonicalPath.destination(of: $0.path), $0.what) }, uniquingKeysWith: { $1 })
        var taken: [String: Int] = [:]
        var beside: [String: (output: String, index: Int)] = [:]
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
                if let what = inputs[file] {
                    throw OutputError("\(output) is \(what) and would be overwritten: choose another output")
                }
                if kind == .item, file == modelItem {
                    throw OutputError(
                        "\(output) is where the model's own item is looked for: choose another output")
                }
                for name in run.outputs.companions(of: kind, output) {
                    beside[CanonicalPath.destination(of: name)] = (output, index)
                }
            }
        }
        for (file, index) in taken {
            guard let other = beside[file] else { continue }
            let output = runs[index].outputs.everything.first { CanonicalPath.destination(of: $0.path) == file }
            throw OutputError(
                "\(output?.path ?? file) is a name for a part of \(other.output), which lies beside it: choose another "
                    + "output")
        }
        for (file, what) in inputs {
            guard let other = beside[file] else { continue }
            throw OutputError("\(file) is \(what), and a name for a part of \(other.output): choose another output")
        }
        for (option, path) in others.outputs {
            let file = CanonicalPath.destination(of: path)
            guard let index = taken[file] ?? beside[file]?.index else { continue }
            let what = option == "--report" ? "the report" : "what \(option) names"
            throw OutputError(
                "\(what) and an output of \(runs[index].scene) would both be written to \(path): choose another file "
                    + "for \(option)")
        }
    }

    /// The names beside an output that are a part of it.
    private func companions(of kind: Kind, _ path: String) -> [String] {
        switch kind {
        case .raster: [path + ".aux.xml"]
        case .polygons where FileName.pathExtension(of: path) == "shp":
            ["shx", "dbf", "prj", "cpg"].map { FileName.replacingExtension(of: path, by: $0) }
        default: []
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
    func refuseClashes(
        with scene: RasterReader, model: String, others: OtherFiles = OtherFiles()
    ) throws(OutputError) {
        try Self.refuseClashes([(scene.path, self)], model: model, others: others)
        let sources = Set(scene.files.map(CanonicalPath.destination))
        for (_, output) in everything where sources.contains(CanonicalPath.destination(of: output)) {
            throw OutputError(
                "\(output) is a part of \(scene.path) and would be overwritten: choose another output")
        }
    }
}
