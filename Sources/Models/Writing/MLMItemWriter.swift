import FileIO
import Glibc
package import StoredTensors
import WeightFiles

extension Model {
    /// Writes a STAC item with the Machine Learning Model extension. It tells other programs, and Overtile itself, what
    /// is known of the model. The file appears under its name only when it is complete.
    ///
    /// - Parameters:
    ///   - path: the path of the item. An item beside the model, under the model's name with the ending `.json`, is
    ///     found by itself.
    ///   - description: what the item says, in place of the model's own description.
    /// - Throws: `ModelFileError`.
    package func writeItem(
        _ path: String, description: ModelDescription? = nil, overwrite: Bool = false
    ) throws(ModelFileError) {
        let writer = MLMItemWriter(model: self, description: description ?? self.description)
        let text = try writer.item(at: path).indentedJSON
        try ModelFileError.ofFile { () throws(FileError) in
            let file = try StagedDocument(path: path, overwrite: overwrite, sidecars: [])
            defer { file.remove() }
            try file.write(Array(text.utf8))
            try file.publish()
        }
    }
}

/// Source: https://github.com/stac-extensions/mlm, v1.5.2, README.md and json-schema/schema.json.
struct MLMItemWriter {
    let model: Model
    let description: ModelDescription

    private typealias Object = [String: MetadataValue]

    /// Returns the item.
    ///
    /// - Parameter path: the path of the item. The model's address is relative to it if both are in one folder.
    func item(at path: String) throws(ModelFileError) -> MetadataValue {
        let file = try MappedFile(ofModel: model.path)
        let names = bandNames
        var extensions = ["mlm/v1.5.2", "file/v2.1.0"]
        if description.classes != nil { extensions.append("classification/v2.0.0") }
        if names.contains(where: { Self.commonName($0) != nil }) { extensions.append("eo/v2.0.0") }
        let stem = FileName.last(of: FileName.withoutExtension(model.path))
        var properties: Object = [
            "datetime": .string(Self.modificationTime(of: model.path)),
            "mlm:name": .string(Self.identifier(stem)),
            "mlm:architecture": .string(model.family),
            "mlm:framework": .string(FileKind(FileSlice(file)).framework),
            "mlm:tasks": .array([.string("semantic-segmentation")]),
            "mlm:total_parameters": .number(Double(model.parameterCount)),
            "mlm:input": .array([.object(input)]),
            "mlm:output": .array([.object(output)]),
        ]
        let entries = OvertileMetadata.entries(of: description)
        if !entries.isEmpty { properties["mlm:hyperparameters"] = .object(entries) }
        var asset = asset(file, itemPath: path)
        if !names.isEmpty {
            // The extension looks for bands in the properties, where STAC allows them only if an asset has some as
            // well.
            let bands = MetadataValue.array(names.map { .object(band($0)) })
            properties["bands"] = bands
            asset["bands"] = bands
        }
        properties["gsd"] = description.resolution.map { .number($0.value) }
        return .object([
            "type": .string("Feature"),
            "stac_version": .string("1.1.0"),
            "stac_extensions": .array(
                extensions.map { .string("https://stac-extensions.github.io/\($0)/schema.json") }),
            "id": .string(stem),
            "geometry": .null,
            "properties": .object(properties),
            "links": .array([]),
            "assets": .object(["model": .object(asset)]),
        ])
    }

    private func asset(_ file: MappedFile, itemPath: String) -> Object {
        let kind = FileKind(FileSlice(file))
        func folder(_ path: String) -> Substring { path.dropLast(FileName.last(of: path).count) }
        let isBeside = folder(itemPath) == folder(model.path)
        return [
            "href": .string(isBeside ? "./\(FileName.last(of: model.path))" : model.path),
            "type": .string("application/octet-stream; application=\(kind.rawValue)"),
            "title": .string(model.family),
            "roles": .array([.string("mlm:model"), .string("mlm:weights")]),
            "mlm:artifact_type": .string(kind.artifactType),
            "file:size": .number(Double(file.count)),
            // A multihash: its kind, its length, itself.
            "file:checksum": .string("1220" + file.withUnsafeBytes { SHA256.checksum(of: $0) }),
        ]
    }

    private var input: Object {
        [
            "name": .string("scene"),
            "bands": .array(bandNames.map { .string($0[0]) }),
            // The schema allows a dimension "bands" only if bands have names.
            "input": structure(channels: model.bands, dimension: bandNames.isEmpty ? "channel" : "bands"),
            "value_scaling": valueScaling,
            "resize_type": .null,
            "pre_processing_function": .null,
        ]
    }

    private var output: Object {
        let classes = description.classes?.value ?? []
        // A single name is that of class 1.
        let first = classes.count == 1 ? 1 : 0
        var function = MetadataValue.null
        if description.activation?.value == .logits {
            let name = model.outputChannels == 1 ? "sigmoid" : "softmax"
            function = .object(["format": .string("python"), "expression": .string("torch.nn.functional.\(name)")])
        }
        return [
            "name": .string("classes"),
            "tasks": .array([.string("semantic-segmentation")]),
            "result": structure(channels: model.outputChannels, dimension: "class"),
            "classification:classes": .array(
                classes.enumerated().map { .object(Self.classification($1, value: first + $0)) }),
            "post_processing_function": function,
        ]
    }

    private func structure(channels: Int, dimension: String) -> MetadataValue {
        let side = description.tile.map { Double($0.value) } ?? -1
        return .object([
            "shape": .array([.number(-1), .number(Double(channels)), .number(side), .number(side)]),
            "dim_order": .array(["batch", dimension, "height", "width"].map { .string($0) }),
            "data_type": .string("float32"),
        ])
    }

    /// The names of the bands. The extension knows only names, so bands by number are among the hyperparameters.
    private var bandNames: [[String]] {
        let names = description.bands?.value.compactMap { band in
            if case .name(let names) = band { names } else { nil }
        }
        return names?.count == model.bands ? names ?? [] : []
    }

    private func band(_ names: [String]) -> Object {
        var object: Object = ["name": .string(names[0])]
        object["eo:common_name"] = Self.commonName(names).map { .string($0) }
        object["nodata"] = description.nodata.map { $0.value.isNaN ? .string("nan") : .number($0.value) }
        return object
    }

    /// The names that the eo extension knows. All others are only among the hyperparameters.
    private static let commonNames: Set = [
        "pan", "coastal", "blue", "green", "green05", "yellow", "red", "rededge", "rededge071", "rededge075",
        "rededge078", "nir", "nir08", "nir09", "cirrus", "swir16", "swir22", "lwir", "lwir11", "lwir12",
    ]

    private static func commonName(_ names: [String]) -> String? {
        names.dropFirst().first(where: commonNames.contains)
    }

    /// The value scaling, one step for each band: (v * scale + offset - mean) / std is written as (v - shift) /
    /// divisor.
    private var valueScaling: MetadataValue {
        guard let scaling = description.scaling?.value else { return .null }
        let count = scaling.bandCounts.max() ?? 1
        func value(_ values: [Float]?, _ band: Int, _ standard: Float) -> Float {
            values.map { $0.count == 1 ? $0[0] : $0[band] } ?? standard
        }
        return .array(
            (0..<count).map { band in
                let scale = value(scaling.scale, band, 1)
                let shift = (value(scaling.mean, band, 0) - value(scaling.offset, band, 0)) / scale
                let divisor = value(scaling.std, band, 1) / scale
                let minimum = value(scaling.minimum, band, -.infinity)
                let maximum = value(scaling.maximum, band, .infinity)
                func number(_ value: Float) -> MetadataValue { .number(OvertileMetadata.decimal(value)) }
                let bounds = [("minimum", minimum), ("maximum", maximum)].filter {
                    abs($0.1) < .greatestFiniteMagnitude
                }
                guard !bounds.isEmpty else {
                    return .object(["type": .string("z-score"), "mean": number(shift), "stddev": number(divisor)])
                }
                if shift == 0 && divisor == 1 {
                    let type = bounds.count == 2 ? "clip" : bounds[0].0 == "minimum" ? "clip-min" : "clip-max"
                    return .object(
                        Object(uniqueKeysWithValues: bounds.map { ($0.0, number($0.1)) })
                            .merging(["type": .string(type)]) { first, _ in first })
                }
                // Two steps on one band have no other form.
                let limits = [minimum, maximum].map { abs($0) < .greatestFiniteMagnitude ? "\($0)" : "None" }
                    .joined(separator: ", ")
                let expression = "(numpy.clip(x, \(limits)) - (\(shift))) / (\(divisor))"
                return .object([
                    "type": .string("processing"), "format": .string("python"), "expression": .string(expression),
                ])
            })
    }

    private static func classification(_ entry: ClassDescription, value: Int) -> Object {
        let words = entry.name.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) && $0 != "_" && $0 != "-" }
        var object: Object = [
            "value": .number(Double(value)),
            "name": .string(words.isEmpty ? "class_\(value)" : words.joined(separator: "_")),
            // Version 1 of the classification extension requires a description, and programs made for it know no title.
            "description": .string(entry.name),
        ]
        object["color_hint"] = entry.color.map { .string($0.hexadecimal) }
        return object
    }

    /// Returns an identifier that starts with a letter, ends with a letter or digit, and has at least three characters.
    private static func identifier(_ text: String) -> String {
        let name = text.unicodeScalars.map { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "._-".unicodeScalars.contains(scalar))
                ? Character(scalar) : "_"
        }
        let start = name.first.map { $0.isLetter } == true && name.count > 2 ? "" : "model-"
        let end = name.last.map { $0.isLetter || $0.isNumber } == true ? "" : "0"
        return start + String(name) + end
    }

    /// Returns the time in RFC 3339, as STAC asks for.
    private static func modificationTime(of path: String) -> String {
        var status = stat()
        var parts = tm()
        var seconds = stat(path, &status) == 0 ? status.st_mtim.tv_sec : 0
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The kind of a model file, as the extension and other programs know it.
private enum FileKind: String {
    case safetensors
    case pytorch
    case onnx

    init(_ file: FileSlice) {
        switch Checkpoint.Container(file) {
        case .safetensors?: self = .safetensors
        case .torchZip?, .torchLegacy?: self = .pytorch
        case nil: self = .onnx
        }
    }

    var framework: String { self == .onnx ? "ONNX" : "PyTorch" }

    /// The artifact type. The extension lists none for ONNX, and allows any.
    var artifactType: String {
        switch self {
        case .safetensors: "safetensors.torch.save_file"
        case .pytorch: "torch.save"
        case .onnx: "onnx"
        }
    }
}
