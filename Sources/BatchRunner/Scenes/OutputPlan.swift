public import Foundation

/// Where the outputs of a batch's scenes go.
public struct OutputPlan: Sendable {
    /// Of the masks.
    public let folder: String
    /// Of the probabilities; nil for none.
    public let probabilities: String?
    public let naming: OutputNaming
    /// The model's file.
    public let model: String

    /// - Throws: `BatchError` where a folder is not there, or is the other one.
    public init(folder: String, probabilities: String?, naming: OutputNaming, model: String) throws(BatchError) {
        for place in [folder] + (probabilities.map { [$0] } ?? []) {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
            guard exists, isFolder.boolValue else {
                throw BatchError(
                    .cannotCreate,
                    "cannot write into \(place): "
                        + (exists ? "it is no folder; name another" : "there is no such folder; make it first"))
            }
        }
        if let probabilities, ScenePath.canonical(probabilities) == ScenePath.canonical(folder) {
            throw BatchError(
                .usage,
                "masks and probabilities would both be written to \(folder): choose another folder for --probabilities")
        }
        self.folder = folder
        self.probabilities = probabilities
        self.naming = naming
        self.model = model
    }

    public func outputs(for scene: String, date: Date) -> SceneOutputs {
        let name = naming.name(scene: scene, model: model, date: date)
        return SceneOutputs(
            mask: FileName.joined(folder, name), probabilities: probabilities.map { FileName.joined($0, name) })
    }

    /// - Throws: `BatchError` where outputs of these scenes would replace each other, a scene, or the model.
    public func check(_ scenes: [String], date: Date) throws(BatchError) {
        let inputs = Set(scenes.map(ScenePath.canonical) + [ScenePath.canonical(model)])
        let places = [folder, probabilities].map { $0.map { ScenePath.canonical(FileName.joined($0, "x")).dropLast() } }
        var taken: [String: String] = [:]
        for scene in scenes {
            let name = naming.name(scene: scene, model: model, date: date)
            if let other = taken.updateValue(scene, forKey: name) {
                throw BatchError(
                    .usage,
                    "\(other) and \(scene) would both be written to \(FileName.joined(folder, name)): tell them apart "
                        + "with --name, as {folder}-{stem}.tif, or run them into different folders")
            }
            for place in places {
                guard let place, inputs.contains(place + name) else { continue }
                throw BatchError(
                    .usage,
                    "\(place)\(name), an output, is the model or a scene itself and would be overwritten: choose another "
                        + "folder or --name")
            }
        }
    }
}
