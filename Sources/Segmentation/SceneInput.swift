import ModelWeights
import RasterIO

/// Which bands of a scene a model is given, and how they are normalised.
struct SceneInput {
    let bands: [Int]
    let normalization: Normalization
    let warnings: [String]

    /// - Throws: `SegmentationError` where scene, model and options do not fit together.
    init(_ scene: RasterReader, model: Model, options: SegmentationOptions) throws {
        bands = try Self.bands(of: scene, model: model, requested: options.bands)
        (normalization, warnings) = try Self.normalization(of: scene, bands: bands, options)
    }

    private static func bands(of scene: RasterReader, model: Model, requested: [Int]?) throws -> [Int] {
        if let requested {
            guard requested.count == model.bands else {
                throw SegmentationError(
                    .usage,
                    "--bands names \(requested.count), and the model takes \(model.bands.counted("band")): name as many, in the model's order"
                )
            }
            if let missing = requested.first(where: { $0 < 1 || $0 > scene.bands.count }) {
                throw SegmentationError(
                    .usage,
                    "--bands: \(scene.path) has no band \(missing), only \(scene.bands.count == 1 ? "band 1" : "bands 1 to \(scene.bands.count)")"
                )
            }
            return requested
        }
        let available = scene.bands.filter { !$0.isAlpha }.map(\.number)
        guard available.count == model.bands else {
            let advice =
                available.count > model.bands
                ? "choose with --bands, for example --bands \((1...model.bands).map(String.init).joined(separator: ","))"
                : "this model needs another scene"
            throw SegmentationError(
                .badData,
                "\(scene.path): \(available.count.counted("band")), and the model takes \(model.bands): \(advice)")
        }
        return available
    }

    private static func normalization(
        of scene: RasterReader, bands: [Int], _ options: SegmentationOptions
    ) throws -> (Normalization, [String]) {
        func perBand(_ values: [Float]?, _ option: String, standard: Float) throws -> [Float] {
            guard let values else { return Array(repeating: standard, count: bands.count) }
            if values.count == 1 { return Array(repeating: values[0], count: bands.count) }
            guard values.count == bands.count else {
                throw SegmentationError(
                    .usage,
                    "\(option) has \(values.count) values: give one, or one for each band, of which there are \(bands.count)"
                )
            }
            return values
        }
        let mean = try perBand(options.mean, "--mean", standard: 0)
        let std = try perBand(options.std, "--std", standard: 1)
        if let wrong = std.first(where: { !($0 > 0 && $0.isFinite) }) {
            throw SegmentationError(.usage, "--std \(wrong) is no standard deviation: give a number greater than 0")
        }
        if let wrong = mean.first(where: { !$0.isFinite }) {
            throw SegmentationError(.usage, "--mean \(wrong) is no mean: give a number")
        }
        if let scale = options.scale, !scale.isFinite || scale == 0 {
            throw SegmentationError(.usage, "--scale \(scale) leaves nothing of the pixels: give another factor")
        }
        if let offset = options.offset, !offset.isFinite {
            throw SegmentationError(.usage, "--offset \(offset) leaves nothing of the pixels: give a number")
        }
        guard options.scale == nil, options.offset == nil, options.mean == nil, options.std == nil else {
            return (Normalization(scale: options.scale ?? 1, offset: options.offset ?? 0, mean: mean, std: std), [])
        }
        let isByte = bands.allSatisfy { scene.bands[$0 - 1].sampleType == .uint8 }
        let normalization = Normalization(scale: isByte ? 1 / 255 : 1, mean: mean, std: std)
        let warning =
            isByte
            ? "pixels are scaled by 1/255, as no scale, offset, mean or std was given"
            : "\(scene.bands[bands[0] - 1].sampleType) pixels are given to the model as they are, as no scale, offset, mean or std was given"
        return (normalization, ["\(scene.path): \(warning)"])
    }
}
