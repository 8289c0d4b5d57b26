import Foundation
import Overtile

/// The paths of one scene's outputs.
struct OutputPaths {
    let scene: String
    let outputs: OutputSet

    /// One scene goes to the paths as given, or into them where they are folders; several go into folders, under their
    /// own names. A report on one scene is one of its outputs.
    ///
    /// - Throws: `OutputError` where outputs would replace each other or an input; `FileError` where a folder is
    ///   missing.
    static func resolve(
        scenes: [String], files: FileOptions, products: SceneProductOptions, others: OtherFiles
    ) throws -> [OutputPaths] {
        let all = try scenes.map { scene in
            func place(_ path: String, _ ending: String = "tif") throws -> String {
                try Self.path(in: path, for: scene, of: scenes.count, ending: ending)
            }
            var outputs = OutputSet(
                mask: try place(files.output), others: try files.others.rasters.mapValues { try place($0) })
            outputs.polygons = try products.polygons.map { try place($0, "gpkg") }
            outputs.statistics = try products.stats.map { try place($0, "stats.json") }
            outputs.style = products.companions.styleChoice
            outputs.hasItems = products.companions.stac
            outputs.report = scenes.count == 1 ? products.report : nil
            return OutputPaths(scene: scene, outputs: outputs)
        }
        var others = others
        if scenes.count > 1 { others.write(products.report, "--report") }
        try OutputSet.refuseClashes(all.map { ($0.scene, $0.outputs) }, model: files.networks.models[0], others: others)
        return all
    }

    /// - Throws: `UsageError` where an output would replace one of the files that it is made from.
    static func require(_ output: String, isNoneOf inputs: [String]) throws {
        for input in inputs where CanonicalPath.leadToOne(input, output) {
            throw UsageError("\(output) is an input and would be overwritten: choose another output")
        }
    }

    private static func path(
        in output: String, for scene: String, of count: Int, ending: String
    ) throws -> String {
        let isMeantAsFolder = count > 1 || output.hasSuffix("/")
        if RemoteFile.isRemote(output) {
            // There are no folders in object storage, but names that look so.
            return isMeantAsFolder ? FileName.joined(output, SceneName.stem(of: scene) + "." + ending) : output
        }
        if isMeantAsFolder { FileCall.makeOutputFolder(output) }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        guard exists && isFolder.boolValue else {
            if !isMeantAsFolder { return output }
            let wanted = count == 1 ? "" : ", and several scenes need one"
            throw FileError(
                .cannotCreate, "write into", path: output,
                (exists ? "it is no folder" : "there is no such folder") + wanted,
                advice: exists ? "name another" : "make it first")
        }
        return FileName.joined(output, SceneName.stem(of: scene) + "." + ending)
    }
}
