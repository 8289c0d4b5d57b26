import StoredTensors

/// Reads from a STAC item with the Machine Learning Model extension what a run needs.
///
/// Published items, even the extension's own examples, often break its rules. So everything that can be understood is
/// taken, and the weights have the last word. Source: https://github.com/stac-extensions/mlm, v1.5.2.
struct MLMItem {
    private let file: String
    private let properties: [String: MetadataValue]
    /// The asset that is the model; empty if no asset has that role.
    private let asset: [String: MetadataValue]
    private let bandCount: Int

    /// Returns the description in an item. If the JSON is no such item, the description is empty but for a warning.
    static func description(of item: MetadataValue, bandCount: Int, file: String) -> ModelDescription {
        guard let item = MLMItem(item, bandCount: bandCount, file: file) else {
            var result = ModelDescription()
            result.warnings = ["\(file): it has no mlm:input and no mlm:output, as a STAC MLM item has: it is not used"]
            return result
        }
        return item.hyperparameters.filled(from: item.description)
    }

    private init?(_ item: MetadataValue, bandCount: Int, file: String) {
        guard let members = item.members else { return nil }
        let properties = members["properties"]?.members ?? members
        guard properties["mlm:input"] != nil || properties["mlm:output"] != nil else { return nil }
        let assets = members["assets"]?.members?.sorted { $0.key < $1.key }.compactMap(\.value.members) ?? []
        self.properties = properties
        self.file = file
        self.bandCount = bandCount
        asset = assets.first { $0["roles"]?.elements?.contains(.string("mlm:model")) == true } ?? [:]
    }

    /// The values under Overtile's own keys, for which the extension has no place.
    private var hyperparameters: ModelDescription {
        var values: [String: MetadataValue] = [:]
        // The extension's schema allows no colon in a key, but it is used all the same.
        for (key, value) in properties["mlm:hyperparameters"]?.members ?? [:] {
            for prefix in [OvertileMetadata.prefix, "overtile:"] where key.hasPrefix(prefix) {
                values[OvertileMetadata.prefix + key.dropFirst(prefix.count)] = value
            }
        }
        return OvertileMetadata.description(MetadataFields(values, file: file, prefix: "mlm:hyperparameters."))
    }

    private var description: ModelDescription {
        var result = ModelDescription()
        if let input = first("mlm:input", &result) { read(input: input, &result) }
        if let output = first("mlm:output", &result) { read(output: output, &result) }
        let tasks = properties["mlm:tasks"]?.elements?.compactMap(\.text) ?? []
        if !tasks.isEmpty, !tasks.contains("semantic-segmentation"), !tasks.contains("segmentation") {
            let said = "mlm:tasks of \(file)"
            if tasks.contains("regression") {
                result.task = Sourced(.regression, source: said)
            } else {
                let names = tasks.prefix(4).map(ModelFileError.plain).joined(separator: ", ")
                result.warnings.append("\(said): \(names): Overtile only segments")
                result.refusals[.task] =
                    "\(said): \(names): Overtile only segments: give --task segmentation to run it all the same"
            }
        }
        return result
    }

    /// Returns the first object of a list, or the object that stands in place of the list.
    private func first(_ key: String, _ result: inout ModelDescription) -> MetadataFields? {
        guard let value = properties[key], value.isSaid else { return nil }
        guard let object = (value.elements?.first ?? value).members else {
            result.warnings.append("\(key) of \(file): \(value.summary) is not a list of objects: it is not used")
            return nil
        }
        return MetadataFields(object, file: file, prefix: "\(key)[0].")
    }

    // MARK: Input

    private func read(input: MetadataFields, _ result: inout ModelDescription) {
        var input = input
        readBands(&input, &result)
        readScaling(&input, &result)
        if let resize = input.values["resize_type"]?.text, !["crop", "pad"].contains(resize) {
            input.warn("resize_type", "pixels are not resized by \(resize) to the size of a tile, but by --resolution")
        }
        if let shape = input.values["input"]?.members { readShape(shape, &input, &result) }
        result.warnings += input.warnings
    }

    private func readBands(_ input: inout MetadataFields, _ result: inout ModelDescription) {
        let objects = bandObjects
        var used: [[String: MetadataValue]] = []
        if input.values["bands"]?.isSaid == true {
            let names = input.value("bands", "a list of band names") { value in
                value.elements.flatMap { elements -> [(name: String, isComputed: Bool)]? in
                    let names = elements.compactMap { element in
                        (element.text ?? element.members?["name"]?.text).map {
                            (name: $0, isComputed: element.members?["expression"]?.isSaid == true)
                        }
                    }
                    return names.count == elements.count ? names : nil
                }.map(Names.init)
            }
            if let computed = names?.value.list.first(where: \.isComputed) {
                result.refusals[.bands] =
                    "\(input.source("bands")): \(ModelFileError.quoted(computed.name)) is computed from other bands, which "
                    + "Overtile does not do: make a scene that has it, and name its bands with --bands"
            } else if let names {
                result.bands = names.map { names in
                    names.list.map { .name(Self.names($0.name, objects[$0.name])) }
                }
            }
            used = names?.value.list.compactMap { objects[$0.name] } ?? []
        }
        let described = used.isEmpty ? objects.sorted { $0.key < $1.key }.map(\.value) : used
        readGround(described, &result)
    }

    /// A list of tuples that `Sourced` can hold.
    private struct Names: Equatable, Sendable {
        let list: [(name: String, isComputed: Bool)]

        static func == (one: Names, other: Names) -> Bool { one.list.elementsEqual(other.list, by: ==) }
    }

    private static func names(_ name: String, _ object: [String: MetadataValue]?) -> [String] {
        let common = ["eo:common_name", "common_name"].lazy.compactMap { object?[$0]?.text }.first
        return [name] + (common.map { $0 == name ? [] : [$0] } ?? [])
    }

    /// The objects that describe bands, by name. They come from STAC 1.1 and from the raster and eo extensions; those
    /// of the model's asset go before those of the item.
    private var bandObjects: [String: [String: MetadataValue]] {
        var objects: [String: [String: MetadataValue]] = [:]
        for place in [asset, properties] {
            for key in ["bands", "raster:bands", "eo:bands"] {
                for object in place[key]?.elements?.compactMap(\.members) ?? [] {
                    guard let name = object["name"]?.text else { continue }
                    objects[name] = object.merging(objects[name] ?? [:]) { _, first in first }
                }
            }
        }
        return objects
    }

    /// Reads resolution and nodata, if all bands agree.
    private func readGround(_ bands: [[String: MetadataValue]], _ result: inout ModelDescription) {
        let keys = ["spatial_resolution", "raster:spatial_resolution", "gsd"]
        let sizes = bands.flatMap { band in keys.compactMap { band[$0]?.positive } }
        if let size = properties["gsd"]?.positive {
            result.resolution = Sourced(size, source: "gsd of \(file)")
        } else if let finest = sizes.min() {
            result.resolution = Sourced(finest, source: "spatial_resolution of \(file)'s bands")
            if sizes.contains(where: { $0 != finest }) {
                result.warnings.append("spatial_resolution of \(file)'s bands: they differ: the finest is used")
            }
        }
        let nodata = bands.compactMap { $0["nodata"].flatMap(OvertileMetadata.nodata) }
        guard let value = nodata.first, nodata.allSatisfy({ $0 == value || ($0.isNaN && value.isNaN) }) else { return }
        result.nodata = Sourced(value, source: "nodata of \(file)'s bands")
    }

    private func readShape(
        _ input: [String: MetadataValue], _ fields: inout MetadataFields, _ result: inout ModelDescription
    ) {
        let sizes = input["shape"]?.elements?.map(\.number) ?? []
        let order = input["dim_order"]?.elements?.compactMap(\.text) ?? []
        guard sizes.count == order.count else { return }
        func size(_ names: String...) -> Int? {
            order.firstIndex { names.contains($0) }.flatMap { sizes[$0] }.flatMap { Int(exactly: $0) }
        }
        if let bands = size("bands", "band", "channel", "channels"), bands > 0, bands != bandCount {
            fields.warn(
                "input.shape", "it has \(bands.counted("band")), and the weights have \(bandCount): the weights win")
        }
        if let height = size("height", "y"), height == size("width", "x"), (2...1 << 20).contains(height) {
            result.tile = Sourced(height, source: fields.source("input.shape"))
        }
        // If the model takes stored values, these are not scaled.
        if let type = input["data_type"]?.text, type.hasPrefix("uint") || type.hasPrefix("int"), result.scaling == nil,
            result.refusals[.scaling] == nil
        {
            var scaling = PixelScaling()
            scaling.scale = [1]
            result.scaling = Sourced(scaling, source: fields.source("input.data_type"))
        }
    }

    private func readScaling(_ input: inout MetadataFields, _ result: inout ModelDescription) {
        func refuse(_ key: String, _ what: String) {
            result.refusals[.scaling] =
                "\(input.source(key)): \(what): say with --scale, --offset, --mean or --std what the model is to be given"
        }
        if let function = input.values["pre_processing_function"], function.isSaid {
            return refuse("pre_processing_function", "\(function.summary) is not known")
        }
        guard let value = input.values["value_scaling"], value.isSaid else { return }
        do throws(MLMValueScaling.Failure) {
            if let scaling = try MLMValueScaling.scaling(value) {
                result.scaling = Sourced(scaling, source: input.source("value_scaling"))
            }
        } catch {
            switch error {
            case .malformed(let problem): input.warn("value_scaling", problem)
            case .unknown(let what): refuse("value_scaling", what)
            }
        }
    }

    // MARK: Output

    private func read(output: MetadataFields, _ result: inout ModelDescription) {
        var output = output
        let keys = ["classification:classes", "classification_classes", "classes"]
        if let key = keys.first(where: { output.values[$0]?.isSaid == true }) {
            result.classes = output.value(key, "a list of classes", ClassNames.classified)
        }
        if let function = output.values["post_processing_function"], function.isSaid {
            let source = output.source("post_processing_function")
            if Self.isActivation(function) {
                result.activation = Sourced(.logits, source: source)
            } else {
                result.refusals[.activation] =
                    "\(source): \(function.summary) is not known: say with --activation what the model's outputs are"
            }
        }
        result.warnings += output.warnings
    }

    /// Returns true if a function only does what happens to logits anyway: a softmax or a sigmoid, and an argmax after
    /// it.
    private static func isActivation(_ function: MetadataValue) -> Bool {
        let known: Set = [
            "torch", "nn", "functional", "f", "tf", "np", "numpy", "scipy", "special", "expit", "softmax", "sigmoid",
            "argmax", "dim", "axis", "0", "1", "x", "output", "outputs", "logits", "keepdim", "keepdims", "true",
        ]
        let objects = function.elements ?? [function]
        return objects.allSatisfy { object in
            let expression = object.text ?? object.members?["expression"]?.text ?? ""
            let words = expression.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
            return words.contains { ["softmax", "sigmoid", "expit", "argmax"].contains($0) }
                && words.allSatisfy(known.contains)
        }
    }
}
