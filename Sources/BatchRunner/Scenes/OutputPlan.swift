import FileIO
public import Foundation

/// Where the outputs of a batch's scenes go.
public struct OutputPlan: Sendable {
    /// Of the masks.
    public let folder: String
    /// Of the probabilities; nil for none.
    public let probabilities: String?
    public let besides: Besides
    public let products: ProductOptions
    public let naming: OutputNaming
    /// The model's file.
    public let model: String

    /// What is written beside masks and probabilities.
    public struct Besides: Equatable, Sendable {
        /// A folder of its own; nil for none.
        public var confidence: String?
        /// The ending of files beside the masks, such as "gpkg"; nil for none.
        public var polygons: String?
        /// "json" or "csv", of files beside the masks whose names end in .stats.json; nil for none.
        public var statistics: String?
        public var hasStyle = false
        public var hasItems = false

        public init() {}
    }

    /// - Throws: `BatchError` where a folder is not there, or is the other one.
    public init(
        folder: String, probabilities: String?, besides: Besides = Besides(),
        products: ProductOptions = ProductOptions(), naming: OutputNaming, model: String
    ) throws(BatchError) {
        let rasters = [("masks", folder), ("probabilities", probabilities), ("confidence", besides.confidence)]
            .compactMap { kind, place in place.map { (kind, $0) } }
        for (_, place) in rasters {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
            guard exists, isFolder.boolValue else {
                throw BatchError(
                    .cannotCreate,
                    "cannot write into \(place): "
                        + (exists ? "it is no folder; name another" : "there is no such folder; make it first"))
            }
        }
        for (index, (kind, place)) in rasters.enumerated() {
            for (other, taken) in rasters[..<index] where CanonicalPath.named(taken) == CanonicalPath.named(place) {
                throw BatchError(
                    .usage,
                    "\(other) and \(kind) would both be written to \(place): choose another folder for --\(kind)")
            }
        }
        self.folder = folder
        self.probabilities = probabilities
        self.besides = besides
        self.products = products
        self.naming = naming
        self.model = model
    }

    /// All folders that are written to.
    public var folders: [String] { [folder, probabilities, besides.confidence].compactMap { $0 } }

    public func outputs(for scene: String, date: Date) -> SceneOutputs {
        let name = naming.name(scene: scene, model: model, date: date)
        let mask = FileName.joined(folder, name)
        var outputs = SceneOutputs(
            mask: mask, probabilities: probabilities.map { FileName.joined($0, name) },
            confidence: besides.confidence.map { FileName.joined($0, name) })
        let stem = FileName.withoutExtension(mask)
        outputs.polygons = besides.polygons.map { "\(stem).\($0)" }
        outputs.statistics = besides.statistics.map { "\(stem).stats.\($0)" }
        outputs.hasStyle = besides.hasStyle
        outputs.hasItems = besides.hasItems
        return outputs
    }

    /// Which outputs there are, for the digest of a run's settings.
    var kinds: String {
        "\(probabilities != nil) \(besides.confidence != nil) \(besides.polygons ?? "") \(besides.statistics ?? "") "
            + "\(besides.hasStyle) \(besides.hasItems)"
    }

    /// - Throws: `BatchError` where outputs of these scenes would replace each other, a scene, or the model.
    public func check(_ scenes: [String], date: Date) throws(BatchError) {
        let inputs = Set(scenes.map(CanonicalPath.named) + [CanonicalPath.named(model)])
        let places = [folder, probabilities, besides.confidence].map {
            $0.map { CanonicalPath.named(FileName.joined($0, "x")).dropLast() }
        }
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
