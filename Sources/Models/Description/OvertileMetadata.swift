/// Overtile's own keys: in a safetensors file's `__metadata__`, where each value is JSON, and in the
/// `mlm:hyperparameters` of a STAC item. They can say everything that a description holds.
enum OvertileMetadata {
    static let prefix = "overtile."

    private static let keys = [
        "bands", "minimum", "maximum", "scale", "offset", "mean", "std", "tile", "overlap", "resolution", "classes",
        "activation", "task", "threshold", "nodata", "seen_mean", "seen_std",
    ]

    /// Reads the entries of a safetensors file.
    ///
    /// - Parameter file: the name of the file in messages.
    static func description(of texts: [String: String], file: String) -> ModelDescription {
        description(MetadataFields(texts: texts, keys: keys.map { prefix + $0 }, file: file))
    }

    /// Reads fields.
    ///
    /// - Parameter fields: the values whose keys start with the prefix.
    static func description(_ fields: MetadataFields) -> ModelDescription {
        var fields = fields
        var result = ModelDescription()
        result.bands = fields.value("overtile.bands", "a list of band numbers and names", bands)
        result.tile = fields.value("overtile.tile", "a number of pixels") { $0.count.flatMap { $0 > 0 ? $0 : nil } }
        result.overlap = fields.value("overtile.overlap", "a percentage below 100") {
            $0.number.flatMap { $0 >= 0 && $0 < 100 ? $0 : nil }
        }
        result.resolution = fields.value("overtile.resolution", "a number of metres", \.positive)
        result.classes = fields.value("overtile.classes", "a list of classes", ClassNames.listed)
        result.activation = fields.value("overtile.activation", "logits or probabilities") {
            $0.text.flatMap(ModelDescription.Activation.init(rawValue:))
        }
        result.task = fields.value("overtile.task", "segmentation, multilabel or regression") {
            $0.text.flatMap(ModelTask.init(rawValue:))
        }
        result.threshold = fields.value("overtile.threshold", "a number from 0 to 1", \.share)
        result.nodata = fields.value("overtile.nodata", "a number", nodata)
        result.scaling = scaling(&fields)
        result.seen = seen(&fields)
        result.warnings = fields.warnings
        return result
    }

    private static func scaling(_ fields: inout MetadataFields) -> Sourced<PixelScaling>? {
        var scaling = PixelScaling()
        var sources: [String] = []
        let parts: [(String, WritableKeyPath<PixelScaling, [Float]?>)] = [
            ("minimum", \.minimum), ("maximum", \.maximum), ("scale", \.scale), ("offset", \.offset), ("mean", \.mean),
            ("std", \.std),
        ]
        for (name, part) in parts {
            let mayBeZero = name != "std" && name != "scale"
            let wanted = mayBeZero ? "a list of numbers" : "a list of numbers other than 0"
            let found = fields.value(prefix + name, wanted) { value in
                value.numbers.flatMap { mayBeZero || !$0.contains(0) ? $0 : nil }
            }
            guard let found else { continue }
            scaling[keyPath: part] = found.value
            sources.append(prefix + name)
        }
        return sources.isEmpty
            ? nil : Sourced(scaling, source: "\(sources.joined(separator: ", ")) of \(fields.file)")
    }

    private static func seen(_ fields: inout MetadataFields) -> Sourced<InputStatistics>? {
        let mean = fields.value("overtile.seen_mean", "a list of numbers", \.numbers)
        let std = fields.value("overtile.seen_std", "a list of numbers greater than 0") { value in
            value.numbers.flatMap { $0.allSatisfy { $0 > 0 } ? $0 : nil }
        }
        guard let mean, let std else { return nil }
        guard mean.value.count == std.value.count else {
            fields.warn("overtile.seen_std", "it has not as many numbers as overtile.seen_mean")
            return nil
        }
        return Sourced(
            InputStatistics(mean: mean.value, std: std.value),
            source: "overtile.seen_mean and seen_std of \(fields.file)")
    }

    /// Reads bands: numbers, names, and lists of names that mean the same band.
    private static func bands(_ value: MetadataValue) -> [ModelDescription.BandSelector]? {
        guard let elements = value.elements, !elements.isEmpty else { return nil }
        let bands = elements.compactMap { element -> ModelDescription.BandSelector? in
            switch element {
            case .number: element.count.flatMap { $0 > 0 ? .number($0) : nil }
            case .string: element.text.map { .name([$0]) }
            case .array(let names):
                names.isEmpty || names.contains { $0.text == nil } ? nil : .name(names.compactMap(\.text))
            default: nil
            }
        }
        return bands.count == elements.count ? bands : nil
    }

    /// Reads a nodata value. NaN is text, because JSON has no number for it.
    static func nodata(_ value: MetadataValue) -> Double? {
        if case .number(let number) = value, number.isNaN { return number }
        return value.text?.lowercased() == "nan" ? .nan : value.number
    }

    /// Returns the entries that hold a description.
    static func entries(of description: ModelDescription) -> [String: MetadataValue] {
        var entries: [String: MetadataValue] = [:]
        entries["bands"] = description.bands.map { bands in
            .array(
                bands.value.map { band in
                    switch band {
                    case .number(let number): .number(Double(number))
                    case .name(let names):
                        names.count == 1 ? .string(names[0]) : .array(names.map { .string($0) })
                    }
                })
        }
        for (name, values) in description.scaling?.value.parts ?? [] {
            entries[name] = .array(values.map { .number(decimal($0)) })
        }
        entries["tile"] = description.tile.map { .number(Double($0.value)) }
        entries["overlap"] = description.overlap.map { .number($0.value) }
        entries["resolution"] = description.resolution.map { .number($0.value) }
        entries["activation"] = description.activation.map { .string($0.value.rawValue) }
        entries["task"] = description.task.map { .string($0.value.rawValue) }
        entries["threshold"] = description.threshold.map { .number(decimal($0.value)) }
        entries["nodata"] = description.nodata.map { $0.value.isNaN ? .string("nan") : .number($0.value) }
        if let seen = description.seen?.value {
            entries["seen_mean"] = .array(seen.mean.map { .number(decimal($0)) })
            entries["seen_std"] = .array(seen.std.map { .number(decimal($0)) })
        }
        entries["classes"] = description.classes.map { classes in
            .array(
                classes.value.map { entry in
                    guard let color = entry.color else { return .string(entry.name) }
                    return .object(["name": .string(entry.name), "color": .string(color.hexadecimal)])
                })
        }
        return Dictionary(uniqueKeysWithValues: entries.map { (prefix + $0, $1) })
    }

    /// Returns the number as which a float32 is printed: 0.1, and not 0.10000000149011612.
    static func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}
