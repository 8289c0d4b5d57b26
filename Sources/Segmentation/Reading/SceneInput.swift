import Models
import RasterIO

/// The bands of a scene that a model is given, and their normalisation: as the user says, else as the model's
/// description says.
struct SceneInput {
    let bands: [Int]
    let normalization: Normalization
    /// Who says how pixels are scaled.
    let scalingSource: String
    let warnings: [PlanWarning]

    /// - Throws: `SegmentationError` where scene, model and options do not fit together.
    init(_ scene: RasterReader, model: Model, options: SegmentationOptions) throws {
        let (bands, bandWarnings) = try Self.bands(of: scene, model: model, requested: options.bands)
        let (normalization, warnings) = try Self.normalization(of: scene, bands: bands, model, options)
        self.bands = bands
        self.normalization = normalization
        self.warnings = bandWarnings + warnings
        scalingSource =
            options.scalingFlags ?? model.description.scaling?.source
            ?? (warnings.isEmpty ? "nobody" : "nobody: the default for such pixels")
    }

    private static func bands(
        of scene: RasterReader, model: Model, requested: [ModelDescription.BandSelector]?
    ) throws -> (bands: [Int], warnings: [PlanWarning]) {
        if let requested {
            guard requested.count == model.bands else {
                throw SegmentationError(
                    .usage,
                    "--bands names \(requested.count), and the model takes \(model.bands.counted("band")): name as many, in the model's order"
                )
            }
            return try BandSearch(scene).bands(Sourced(requested, source: "--bands"))
        }
        if let refusal = model.description.refusals[.bands] { throw SegmentationError(.usage, refusal) }
        if let wanted = model.description.bands { return try BandSearch(scene).bands(wanted) }
        let available = scene.bands.filter { !$0.isAlpha }.map(\.number)
        if available.count < model.bands, scene.bands.count == model.bands,
            let alpha = scene.bands.first(where: \.isAlpha)
        {
            return (scene.bands.map(\.number), [.alphaTakenForData(scene: scene.path, band: alpha.number)])
        }
        guard available.count == model.bands else {
            let advice =
                available.count > model.bands
                ? "choose with --bands, for example --bands \((1...model.bands).map(String.init).joined(separator: ","))"
                : "this model needs another scene"
            throw SegmentationError(
                .badData,
                "\(scene.path): \(available.count.counted("band")), and the model takes \(model.bands): \(advice)")
        }
        return (available, [])
    }

    private static func normalization(
        of scene: RasterReader, bands: [Int], _ model: Model, _ options: SegmentationOptions
    ) throws -> (Normalization, [PlanWarning]) {
        var result = try normalization(model, options)
        var warnings: [PlanWarning] = []
        if options.appliesStoredScale != false {
            let stored = try StoredScale(bands.map { scene.bands[$0 - 1] }, of: scene.path)
            if options.appliesStoredScale == true {
                if let stored { return (result.after(stored), []) }
                warnings.append(.noStoredScale(scene: scene.path))
            } else if let stored, options.leavesOut(stored) {
                warnings.append(.storedScaleUnused(scene: scene.path, scale: stored))
            }
        }
        guard !options.asksForScaling, model.description.scaling == nil else { return (result, warnings) }
        let isByte = bands.allSatisfy { scene.bands[$0 - 1].sampleType == .uint8 }
        if isByte { result.scale = Array(repeating: 1 / 255, count: bands.count) }
        let warning =
            isByte
            ? PlanWarning.bytesScaled(scene: scene.path)
            : .pixelsUnscaled(scene: scene.path, type: scene.bands[bands[0] - 1].sampleType)
        return (result, warnings + [warning])
    }

    /// As the options say, and else the model's description.
    ///
    /// - Throws: `SegmentationError` for options that cannot be, and for a description that cannot be followed.
    static func normalization(_ model: Model, _ options: SegmentationOptions) throws -> Normalization {
        try check(options)
        if !options.asksForScaling, let refusal = model.description.refusals[.scaling] {
            throw SegmentationError(.usage, refusal)
        }
        func perBand(_ asked: [Float]?, _ option: String, _ described: [Float]?, _ standard: [Float]) throws -> [Float]
        {
            guard let values = asked ?? described else { return standard }
            if values.count == 1 { return Array(repeating: values[0], count: model.bands) }
            guard values.count == model.bands else {
                throw SegmentationError(
                    .usage,
                    "\(option) has \(values.count) values: give one, or one for each band, of which there are \(model.bands)"
                )
            }
            return values
        }
        let said = model.description.scaling?.value ?? PixelScaling()
        var result = Normalization(bands: model.bands)
        result.minimum = try perBand(nil, "", said.minimum, result.minimum)
        result.maximum = try perBand(nil, "", said.maximum, result.maximum)
        result.scale = try perBand(options.scale.map { [$0] }, "--scale", said.scale, result.scale)
        result.offset = try perBand(options.offset.map { [$0] }, "--offset", said.offset, result.offset)
        result.mean = try perBand(options.mean, "--mean", said.mean, result.mean)
        result.std = try perBand(options.std, "--std", said.std, result.std)
        return result
    }

    private static func check(_ options: SegmentationOptions) throws {
        if let wrong = options.std?.first(where: { !($0 > 0 && $0.isFinite) }) {
            throw SegmentationError(.usage, "--std \(wrong) is no standard deviation: give a number greater than 0")
        }
        if let wrong = options.mean?.first(where: { !$0.isFinite }) {
            throw SegmentationError(.usage, "--mean \(wrong) is no mean: give a number")
        }
        if let scale = options.scale, !scale.isFinite || scale == 0 {
            throw SegmentationError(.usage, "--scale \(scale) leaves nothing of the pixels: give another factor")
        }
        if let offset = options.offset, !offset.isFinite {
            throw SegmentationError(.usage, "--offset \(offset) leaves nothing of the pixels: give a number")
        }
    }
}

extension SegmentationOptions {
    /// True if the user says what happens to pixels.
    var asksForScaling: Bool { scalingFlags != nil }

    /// The options by which the user says what happens to pixels: "--scale, --mean"; nil where there are none.
    fileprivate var scalingFlags: String? {
        let given = [
            ("--scale", scale != nil), ("--offset", offset != nil), ("--mean", mean != nil), ("--std", std != nil),
        ]
        let flags = given.filter(\.1).map(\.0)
        return flags.isEmpty ? nil : flags.joined(separator: ", ")
    }

    /// True if a part of the scale that bands carry is neither 1 or 0 nor replaced by the user's own.
    fileprivate func leavesOut(_ stored: StoredScale) -> Bool {
        (scale == nil && stored.scale.contains { $0 != 1 }) || (offset == nil && stored.offset.contains { $0 != 0 })
    }
}
