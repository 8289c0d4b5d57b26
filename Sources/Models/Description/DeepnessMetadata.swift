import StoredTensors

/// The metadata of the QGIS plugin Deepness, which models for it carry in ONNX's `metadata_props`; each value is JSON.
///
/// Source: https://github.com/PUTvision/qgis-plugin-deepness, creators_add_metadata_to_model.rst and the reader in
/// processing/models/model_base.py, which differ: both are understood.
enum DeepnessMetadata {
    /// The keys that no other convention has. A model that has one was made for Deepness, and runs here as it does
    /// there.
    private static let ownKeys = [
        "model_type", "standardization_mean", "standardization_std", "tiles_size", "tile_size", "tiles_overlap",
        "seg_thresh", "seg_small_segment", "reg_output_scaling", "det_conf", "det_iou_thresh", "det_type",
    ]
    /// The keys that other conventions use as well.
    private static let sharedKeys = ["class_names", "names", "resolution"]

    /// - Parameters:
    ///   - bandCount: the number of bands that the network takes.
    ///   - file: the name of the file in messages.
    static func description(of texts: [String: String], bandCount: Int, file: String) -> ModelDescription {
        var fields = MetadataFields(texts: texts, keys: ownKeys + sharedKeys, file: file)
        var result = ModelDescription()
        result.classes =
            fields.value("class_names", "names for the classes 0, 1, 2 …", ClassNames.numbered)
            ?? fields.value("names", "names for the classes 0, 1, 2 …", ClassNames.numbered)
        // Deepness has centimetres.
        result.resolution = fields.value("resolution", "a number of centimetres") { $0.positive.map { $0 / 100 } }
        // The plugin's script writes one key, and its reader looks for the other.
        result.tile =
            fields.value("tile_size", "a number of pixels") { $0.count.flatMap { $0 > 0 ? $0 : nil } }
            ?? fields.value("tiles_size", "a number of pixels") { $0.count.flatMap { $0 > 0 ? $0 : nil } }
        result.overlap = fields.value("tiles_overlap", "a percentage below 100") {
            $0.number.flatMap { $0 >= 0 && $0 < 100 ? $0 : nil }
        }
        result.threshold = fields.value("seg_thresh", "a number from 0 to 1", \.share)
        // A file of Overtile's has these keys for others, and says itself what is known.
        if texts["overtile.family"] == nil, let marker = ownKeys.first(where: { texts[$0] != nil }) {
            runAsDeepness(&result, &fields, marker: marker, bandCount: bandCount)
        }
        result.warnings = fields.warnings
        return result
    }

    /// Does what the plugin does with every model: it takes the scene's first bands, divides them by 255 and
    /// standardises them. What the plugin takes for probabilities may be something else: the graph's end says that.
    private static func runAsDeepness(
        _ result: inout ModelDescription, _ fields: inout MetadataFields, marker: String, bandCount: Int
    ) {
        let convention = "Deepness, by \(fields.source(marker))"
        if let type = fields.value("model_type", "a word", \.text) {
            switch type.value.lowercased() {
            case "segmentor": break
            case "regressor": result.task = Sourced(.regression, source: type.source)
            default:
                let name = ModelFileError.plain(type.value)
                fields.warn("model_type", "\(name) is not Segmentor or Regressor, the kinds that Overtile runs")
                result.refusals[.task] =
                    "\(type.source): \(name) is neither Segmentor nor Regressor: give --task segmentation to run it all the same"
            }
        }
        result.bands = Sourced((1...bandCount).map { .number($0) }, source: convention)
        var scaling = PixelScaling()
        scaling.scale = [1 / 255]
        var source = convention
        let mean = fields.value("standardization_mean", "a list of numbers", \.numbers)
        let std = fields.value("standardization_std", "a list of numbers other than 0") { value in
            value.numbers.flatMap { $0.contains(0) ? nil : $0 }
        }
        switch (mean, std) {
        case (let mean?, let std?):
            (scaling.mean, scaling.std) = (mean.value, std.value)
            source = "standardization_mean and _std of \(fields.file)"
        case (_?, nil): fields.warn("standardization_mean", "there is no standardization_std to go with it")
        case (nil, _?): fields.warn("standardization_std", "there is no standardization_mean to go with it")
        case (nil, nil): break
        }
        result.scaling = Sourced(scaling, source: source)
    }

    // MARK: - Writing

    /// Returns the entries that tell Deepness, as far as it can be told, what a description says.
    ///
    /// - Parameters:
    ///   - bands: the bands that the network takes.
    ///   - outputs: the channels of the network's output.
    ///   - tile: the size of tiles, in input pixels on a side.
    ///   - overlap: how much of a tile's side neighbours share, in percent.
    static func entries(
        of description: ModelDescription, bands: Int, outputs: Int, tile: Int, overlap: Int
    ) -> [String: String] {
        var entries: [String: MetadataValue] = [
            "model_type": .string(description.task?.value == .regression ? "Regressor" : "Segmentor"),
            "tile_size": .number(Double(tile)), "tiles_size": .number(Double(tile)),
            "tiles_overlap": .number(description.overlap.map { $0.value.rounded(.up) } ?? Double(overlap)),
        ]
        if let classes = description.classes?.value {
            // A single name is that of class 1.
            let names = (classes.count == 1 && outputs == 1 ? ["background"] : []) + classes.map(\.name)
            entries["class_names"] = .object(
                Dictionary(uniqueKeysWithValues: names.enumerated().map { ("\($0)", .string($1)) }))
        }
        if let metres = description.resolution?.value { entries["resolution"] = .number(metres * 100) }
        // Without a threshold, Deepness takes every pixel for class 1.
        let threshold = description.threshold?.value ?? (outputs == 1 ? 0.5 : nil)
        entries["seg_thresh"] = threshold.map { .number(OvertileMetadata.decimal($0)) }
        if let standardization = standardization(description.scaling?.value, bands: bands) {
            entries["standardization_mean"] = .array(standardization.map { .number($0.mean) })
            entries["standardization_std"] = .array(standardization.map { .number($0.std) })
        }
        return entries.mapValues(\.json)
    }

    /// Mean and standard deviation as Deepness uses them, on pixels that it has divided by 255:
    /// `(v * scale + offset - mean) / std` is `(v / 255 - (mean - offset) / scale / 255) / (std / scale / 255)`.
    private static func standardization(_ scaling: PixelScaling?, bands: Int) -> [(mean: Double, std: Double)]? {
        guard let scaling else { return nil }
        func value(_ values: [Float]?, _ band: Int, _ standard: Double) -> Double {
            values.map { OvertileMetadata.decimal($0.count == 1 ? $0[0] : $0[band]) } ?? standard
        }
        return (0..<bands).map { band in
            let scale = value(scaling.scale, band, 1)
            let shift = (value(scaling.mean, band, 0) - value(scaling.offset, band, 0)) / scale
            return (shift / 255, value(scaling.std, band, 1) / scale / 255)
        }
    }

    /// Lines about what Deepness will do otherwise than a description says.
    static func losses(of description: ModelDescription) -> [String] {
        var losses: [String] = []
        if description.scaling == nil {
            losses.append(
                "nobody says how pixels are scaled: Deepness will divide them by 255; say it with --scale, --mean and --std"
            )
        }
        if description.scaling?.value.minimum != nil || description.scaling?.value.maximum != nil {
            losses.append(
                "Deepness does not clip pixels to a least and a greatest value, as the model's description asks")
        }
        let numbers = description.bands?.value.enumerated().map { index, band in
            if case .number(index + 1) = band { true } else { false }
        }
        if let numbers, numbers.contains(false) {
            losses.append(
                "Deepness takes the first bands of a scene where its window does not say otherwise, and the model takes "
                    + (description.bands?.value.map(\.text).joined(separator: ", ") ?? ""))
        }
        return losses
    }
}
