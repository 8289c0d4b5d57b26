import Foundation
import Overtile

/// Where one scene's outputs go.
struct OutputPaths {
    var scene: String
    var mask: String
    var probabilities: String?
    var confidence: String?

    /// The mask and, where they are asked for, probabilities and confidence.
    var all: [String] { [mask, probabilities, confidence].compactMap { $0 } }

    /// One scene goes to the paths as given, or into them where they are folders; several go into folders, under their
    /// own names.
    ///
    /// - Throws: `UsageError` where outputs would replace each other or an input; `RasterError` where a folder is
    ///   missing.
    static func resolve(
        scenes: [String], model: String, mask: String, probabilities: String?, confidence: String? = nil
    ) throws -> [OutputPaths] {
        let outputs = try scenes.map { scene in
            OutputPaths(
                scene: scene, mask: try path(in: mask, for: scene, of: scenes.count),
                probabilities: try probabilities.map { try path(in: $0, for: scene, of: scenes.count) },
                confidence: try confidence.map { try path(in: $0, for: scene, of: scenes.count) })
        }
        var taken: [String: OutputPaths] = [:]
        for paths in outputs {
            for output in paths.all {
                let file = canonical(output)
                if let other = taken.updateValue(paths, forKey: file) {
                    throw UsageError(clash(paths, other, over: output))
                }
                if scenes.contains(where: { canonical($0) == file }) {
                    throw UsageError("\(output) is a scene and would be overwritten: choose another output")
                }
                if canonical(model) == file {
                    throw UsageError("\(output) is the model and would be overwritten: choose another output")
                }
            }
        }
        return outputs
    }

    var outputs: SceneOutputs { SceneOutputs(mask: mask, probabilities: probabilities, confidence: confidence) }

    /// - Throws: `UsageError` where an output would replace one of the files that it is made from.
    static func require(_ output: String, isNoneOf inputs: [String]) throws {
        for input in inputs where canonical(input) == canonical(output) {
            throw UsageError("\(output) is an input and would be overwritten: choose another output")
        }
    }

    private static func clash(
        _ paths: OutputPaths, _ other: OutputPaths, over output: String
    ) -> String {
        let file = canonical(output)
        let here = [
            ("mask", paths.mask), ("probabilities", paths.probabilities), ("confidence", paths.confidence),
        ].filter { $0.1.map(canonical) == file }.map(\.0)
        if paths.scene == other.scene, here.count > 1 {
            return "\(here[0]) and \(here[1]) of \(paths.scene) would both be written to \(output): "
                + "choose another file or folder for --\(here[1])"
        }
        if canonical(paths.scene) == canonical(other.scene) { return "\(paths.scene) is named twice: name it once" }
        return "\(other.scene) and \(paths.scene) would both be written to \(output): run them into different folders"
    }

    private static func path(in output: String, for scene: String, of count: Int) throws -> String {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        guard exists && isFolder.boolValue else {
            if count == 1 && !output.hasSuffix("/") { return output }
            let wanted = count == 1 ? "" : ", and several scenes need one"
            throw RasterError(
                .cannotCreate, path: output,
                "cannot write into \(output): \(exists ? "it is no folder" : "there is no such folder")\(wanted); "
                    + (exists ? "name another" : "make it first"))
        }
        let stem = URL(fileURLWithPath: scene).deletingPathExtension().lastPathComponent
        return output + (output.hasSuffix("/") ? "" : "/") + stem + ".tif"
    }

    private static func canonical(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
