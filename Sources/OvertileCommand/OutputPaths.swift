import Foundation
import Overtile

/// Where one scene's outputs go.
struct OutputPaths {
    var scene: String
    var outputs: SceneOutputs

    /// One scene goes to the paths as given, or into them where they are folders; several go into folders, under their
    /// own names.
    ///
    /// - Throws: `UsageError` where outputs would replace each other or an input; `FileError` where a folder is
    ///   missing.
    static func resolve(scenes: [String], files: FileOptions, products: SceneProductOptions) throws -> [OutputPaths] {
        let all = try scenes.map { scene in
            func place(_ path: String?, _ ending: String = "tif") throws -> String? {
                try path.map { try Self.path(in: $0, for: scene, of: scenes.count, ending: ending) }
            }
            var outputs = SceneOutputs(
                mask: try path(in: files.output, for: scene, of: scenes.count, ending: "tif"),
                probabilities: try place(files.probabilities), confidence: try place(files.confidence))
            outputs.polygons = try place(products.polygons, "gpkg")
            outputs.statistics = try place(products.stats, "stats.json")
            outputs.hasStyle = products.companions.style
            outputs.hasItems = products.companions.stac
            return OutputPaths(scene: scene, outputs: outputs)
        }
        var taken: [String: OutputPaths] = [:]
        for paths in all {
            for (_, output) in paths.outputs.files {
                let file = CanonicalPath.destination(of: output)
                if let other = taken.updateValue(paths, forKey: file) {
                    throw UsageError(clash(paths, other, over: output))
                }
                if scenes.contains(where: { CanonicalPath.destination(of: $0) == file }) {
                    throw UsageError("\(output) is a scene and would be overwritten: choose another output")
                }
                if CanonicalPath.destination(of: files.model) == file {
                    throw UsageError("\(output) is the model and would be overwritten: choose another output")
                }
            }
        }
        return all
    }

    /// - Throws: `UsageError` where an output would replace one of the files that it is made from.
    static func require(_ output: String, isNoneOf inputs: [String]) throws {
        for input in inputs where CanonicalPath.leadToOne(input, output) {
            throw UsageError("\(output) is an input and would be overwritten: choose another output")
        }
    }

    private static func clash(_ paths: OutputPaths, _ other: OutputPaths, over output: String) -> String {
        let here = paths.outputs.files.filter { CanonicalPath.leadToOne($0.path, output) }.map(\.kind)
        if paths.scene == other.scene, here.count > 1 {
            return "\(here[0]) and \(here[1]) of \(paths.scene) would both be written to \(output): "
                + "choose another file or folder for \(here[1].option ?? "one of them")"
        }
        if CanonicalPath.leadToOne(paths.scene, other.scene) { return "\(paths.scene) is named twice: name it once" }
        return "\(other.scene) and \(paths.scene) would both be written to \(output): run them into different folders"
    }

    private static func path(
        in output: String, for scene: String, of count: Int, ending: String
    ) throws -> String {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        guard exists && isFolder.boolValue else {
            if count == 1 && !output.hasSuffix("/") { return output }
            let wanted = count == 1 ? "" : ", and several scenes need one"
            throw FileError(
                .cannotCreate, "write into", path: output,
                (exists ? "it is no folder" : "there is no such folder") + wanted,
                advice: exists ? "name another" : "make it first")
        }
        let stem = URL(fileURLWithPath: scene).deletingPathExtension().lastPathComponent
        return output + (output.hasSuffix("/") ? "" : "/") + stem + "." + ending
    }
}

extension SceneOutputs.Kind {
    /// The option that says where it goes; nil for what lies beside another output.
    fileprivate var option: String? {
        switch self {
        case .mask: "--output"
        case .probabilities, .confidence, .polygons: "--\(rawValue)"
        case .statistics: "--stats"
        case .style, .item: nil
        }
    }
}
