import FileIO
package import Models
import RasterIO

/// The settings that the results of a run depend on beside the scene: the model, and every option that changes a result.
///
/// Keys and texts are spelt out here and are never made from the names of properties, types or rooms, so that a name can
/// change and the digest stays. Ledgers and work in progress remember digests: a text that changes makes every one of
/// their scenes run again.
package struct SettingsDigest: Codable, Hashable, Sendable {
    /// The version of the keys and texts. Raise it only if one of them has to change.
    package static let version = 1

    /// The model: `Model.checksum`, and what was chosen where the file leaves it open.
    package let model: String
    /// The text of each option by its key.
    package let options: [String: String]

    /// Takes the settings of a run.
    ///
    /// - Parameter others: settings of the caller's own that change its outputs, such as which outputs it makes.
    package init(model: Model, options: SegmentationOptions, others: [String: String] = [:]) {
        let (padded, depth) = (model.options.padded, model.options.depth)
        // Runs from before there were any choices say nothing of them.
        let chosen =
            (model.assumed.isEmpty ? "" : ", assume \(model.assumed)")
            + (model.options.key.map { ", key \($0)" } ?? "")
            + (model.options.outputName.map { ", output \($0)" } ?? "")
        self.init(
            model: "\(model.checksum) padded \(padded), depth \(depth.map { "\($0)" } ?? "all")\(chosen)",
            options: options, others: others)
    }

    init(model: String, options: SegmentationOptions, others: [String: String] = [:]) {
        self.model = model
        let texts = Self.entries.compactMap { entry in entry.text(options).map { (entry.key, $0) } }
        self.options = Dictionary(uniqueKeysWithValues: texts).merging(others) { $1 }
    }

    /// The SHA-256 of all settings in hexadecimal digits, the same on every machine.
    package var hexadecimal: String {
        let lines = options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        // The first version did not say that it was one.
        let version = Self.version > 1 ? ["version \(Self.version)"] : []
        return SHA256.checksum(of: (version + [model] + lines).joined(separator: "\n"))
    }

    // MARK: Keys and texts

    /// One option that changes a result.
    struct Entry: Sendable {
        /// The property of `SegmentationOptions` that holds it, by which a test finds an option that was forgotten.
        let property: String
        /// The key, which stays whatever becomes of the property's name.
        let key: String
        /// The option as text. An option that came after the first ledgers has none where it is left at its default, so
        /// that their digests stay.
        let text: @Sendable (SegmentationOptions) -> String?

        init(_ property: String, key: String? = nil, _ text: @escaping @Sendable (SegmentationOptions) -> String?) {
            self.property = property
            self.key = key ?? property
            self.text = text
        }
    }

    static let entries = [
        Entry("bands") { optional($0.bands, bands) },
        Entry("scale") { optional($0.scale) { "\($0)" } },
        Entry("offset") { optional($0.offset) { "\($0)" } },
        Entry("mean") { optional($0.mean) { "\($0)" } },
        Entry("std") { optional($0.std) { "\($0)" } },
        Entry("nodata") { optional($0.nodata) { "\($0)" } },
        Entry("resolution") { optional($0.resolution, resolution) },
        Entry("outputPixelGrid", key: "outputGrid") { $0.outputPixelGrid == .scene ? "scene" : "model" },
        Entry("tile") { optional($0.tile) { "\($0)" } },
        Entry("margin") { optional($0.margin) { "\($0)" } },
        Entry("classNames") { "\($0.classNames)" },
        Entry("threshold") { optional($0.threshold) { "\($0)" } },
        Entry("activation") { optional($0.activation, activation) },
        Entry("probabilityType") { $0.probabilityType.rawValue },
        Entry("sieve") { optional($0.sieve) { "\($0)" } },
        Entry("format") { $0.format == .geoTIFF ? "geoTIFF" : "cloudOptimized" },
        Entry("creationOptions") { "\($0.creationOptions)" },
        Entry("area") { $0.area?.identity },
        Entry("stackResolution") { $0.stackResolution == .first ? nil : "\($0.stackResolution)" },
        Entry("scaling") { $0.scaling == .asSaid ? nil : "auto" },
        Entry("task") { $0.task?.rawValue },
        Entry("skippedClasses") { $0.skippedClasses.isEmpty ? nil : "\($0.skippedClasses)" },
        Entry("augmentation") { $0.augmentation?.rawValue },
        Entry("appliesStoredScale") { $0.appliesStoredScale.map { "\($0)" } },
    ]

    /// The properties of `SegmentationOptions` that change no result: how many workers run, how much memory they may use,
    /// whether many pixels are meant, whether outputs are replaced, which scenes are opened at all, and whether what the
    /// network is given is looked at.
    static let excluded: Set = ["workers", "memory", "allowsManyPixels", "overwrites", "access", "checksFeed"]

    private static func optional<Value>(_ value: Value?, _ text: (Value) -> String) -> String {
        value.map { "Optional(\(text($0)))" } ?? "nil"
    }

    private static func bands(_ bands: [ModelDescription.BandSelector]) -> String {
        let texts = bands.map { band in
            switch band {
            case .number(let number): "\(number)"
            case .name(let names): names.map { "\"\($0)\"" }.joined(separator: "|")
            }
        }
        return "[\(texts.joined(separator: ", "))]"
    }

    private static func resolution(_ choice: SegmentationOptions.Resolution) -> String {
        switch choice {
        case .native: "Segmentation.ResolutionChoice.native"
        case .model: "Segmentation.ResolutionChoice.model"
        case .metres(let metres): "Segmentation.ResolutionChoice.metres(\(metres))"
        }
    }

    /// The room was called so when the first ledgers were kept.
    private static func activation(_ activation: ModelDescription.Activation) -> String {
        switch activation {
        case .logits: "ModelWeights.ModelDescription.Activation.logits"
        case .probabilities: "ModelWeights.ModelDescription.Activation.probabilities"
        }
    }
}
