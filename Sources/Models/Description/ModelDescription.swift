import StoredTensors

/// What is known of a model beside its weights: how pixels become its input, and what its output means.
///
/// It comes from the model file's own metadata and from a STAC MLM item beside it, in this order of trust. A value is
/// nil where nobody says anything.
public struct ModelDescription: Sendable, Equatable {
    /// Which of a scene's bands the model takes, in its order.
    public var bands: Sourced<[BandSelector]>?
    /// What happens to pixel values before the network sees them.
    public var scaling: Sourced<PixelScaling>?
    /// Input pixels of a tile on a side, for networks that are tied to a size.
    public var tile: Sourced<Int>?
    /// How far neighbouring tiles reach into each other, in percent of a tile's side.
    public var overlap: Sourced<Double>?
    /// Metres on the ground of an input pixel.
    public var resolution: Sourced<Double>?
    /// The classes by their value in the mask, from 0 on. With one output, a single entry is class 1.
    public var classes: Sourced<[ClassDescription]>?
    /// What the network's outputs are.
    public var activation: Sourced<Activation>?
    /// With one output, a probability above this is class 1; with more, a pixel none of whose probabilities reaches it is
    /// class 0.
    public var threshold: Sourced<Float>?
    /// The value of pixels without data in the images that the model was trained on.
    public var nodata: Sourced<Double>?

    /// What a source asks for that Overtile cannot do, by what it is about: the model can be run only once a more
    /// trusted source, or the user, says otherwise. One line each, with who says so.
    public var refusals: [Aspect: String] = [:]
    /// What is wrong with the sources, a line for each key that is not used.
    public var warnings: [String] = []

    /// A description that says nothing.
    public init() {}

    /// What a model's own metadata and an item say, as far as it agrees with the weights.
    ///
    /// - Parameters:
    ///   - metadata: the text entries of the model file, safetensors' `__metadata__` or ONNX's `metadata_props`.
    ///   - item: the path of a STAC MLM item; nil for the one beside the model, if there is one.
    /// - Throws: `ModelFileError` for an item that was asked for and cannot be read.
    init(
        metadata: [String: String], ofModel path: String, item: String?, bandCount: Int, outputs: Int
    ) throws(ModelFileError) {
        let file = FileName.last(of: path)
        let sources = [
            OvertileMetadata.description(of: metadata, file: file),
            DeepnessMetadata.description(of: metadata, bandCount: bandCount, file: file),
            try ModelItemFile.description(path: item, ofModel: path, bandCount: bandCount),
        ]
        self = sources.reduce(ModelDescription()) { said, source in
            said.filled(from: source.agreeing(withBands: bandCount, outputs: outputs))
        }
    }

    /// What a source's demand may be about.
    public enum Aspect: Hashable, Sendable {
        case bands
        case scaling
        case activation
    }

    /// What the network's outputs are.
    public enum Activation: String, Sendable, CaseIterable {
        /// Any numbers: a sigmoid, or a softmax over the classes, makes probabilities of them.
        case logits
        /// Already what a sigmoid or softmax gives.
        case probabilities
    }

    /// These values, and where nothing is said those of a source that is trusted less.
    func filled(from other: ModelDescription) -> ModelDescription {
        var result = self
        func settled(_ aspect: Aspect, _ isSaid: Bool) -> Bool { isSaid || refusals[aspect] != nil }
        if !settled(.bands, bands != nil) {
            (result.bands, result.refusals[.bands]) = (other.bands, other.refusals[.bands])
        }
        if !settled(.scaling, scaling != nil) {
            (result.scaling, result.refusals[.scaling]) = (other.scaling, other.refusals[.scaling])
        }
        if !settled(.activation, activation != nil) {
            (result.activation, result.refusals[.activation]) = (other.activation, other.refusals[.activation])
        }
        result.tile = tile ?? other.tile
        result.overlap = overlap ?? other.overlap
        result.resolution = resolution ?? other.resolution
        result.classes = classes ?? other.classes
        result.threshold = threshold ?? other.threshold
        result.nodata = nodata ?? other.nodata
        result.warnings += other.warnings
        return result
    }

    /// The text entries that say the same in a model file.
    var metadata: [String: String] { OvertileMetadata.entries(of: self).mapValues(\.json) }

    /// Without what contradicts the weights: they win, and a warning says so.
    func agreeing(withBands bandCount: Int, outputs: Int) -> ModelDescription {
        var result = self
        func weightsWin(_ source: String, _ said: String, _ real: String) -> String {
            "\(source): \(said), and the weights have \(real): the weights win, and this is not used"
        }
        let realBands = bandCount.counted("band")
        if let bands, bands.value.count != bandCount {
            result.bands = nil
            result.warnings.append(weightsWin(bands.source, "names \(bands.value.count.counted("band"))", realBands))
        }
        if let scaling, let count = scaling.value.bandCounts.first(where: { $0 != 1 && $0 != bandCount }) {
            result.scaling = nil
            result.warnings.append(weightsWin(scaling.source, "has values for \(count.counted("band"))", realBands))
        }
        let classCounts = outputs == 1 ? [1, 2] : [outputs]
        if let classes, !classCounts.contains(classes.value.count) {
            result.classes = nil
            let said = "names \(classes.value.count) class\(classes.value.count == 1 ? "" : "es")"
            result.warnings.append(weightsWin(classes.source, said, outputs.counted("output")))
        }
        return result
    }
}

extension Int {
    /// "1 band", "3 bands"
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

/// A value, and who says so.
public struct Sourced<Value: Sendable & Equatable>: Sendable, Equatable {
    /// What is said.
    public var value: Value
    /// For people: "--mean", or "standardization_mean of model.onnx".
    public var source: String

    /// A value with who says so.
    public init(_ value: Value, source: String) {
        self.value = value
        self.source = source
    }

    func map<Other>(_ transform: (Value) -> Other) -> Sourced<Other> {
        Sourced<Other>(transform(value), source: source)
    }
}

/// One of a scene's bands, as a model asks for it.
public enum BandSelector: Hashable, Sendable {
    /// Counted from 1.
    case number(Int)
    /// Any of these names, the one that the model itself uses first: "B04", "red".
    case name([String])

    /// The band for messages: its number, or its name.
    public var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let names): names[0]
        }
    }
}

/// What happens to a pixel v before the network sees it, as far as a source says:
///
///     (clamp(v) * scale + offset - mean) / std
///
/// Each has one value, or one for each of the model's bands.
public struct PixelScaling: Hashable, Sendable {
    /// The least value: pixels below it are raised to it.
    public var minimum: [Float]?
    /// The greatest value: pixels above it are lowered to it.
    public var maximum: [Float]?
    /// The factor.
    public var scale: [Float]?
    /// The summand.
    public var offset: [Float]?
    /// What is subtracted then.
    public var mean: [Float]?
    /// What is divided by at the end. None is 0.
    public var std: [Float]?

    /// A scaling that says nothing.
    public init() {}

    var parts: [(name: String, values: [Float])] {
        [
            ("minimum", minimum), ("maximum", maximum), ("scale", scale), ("offset", offset), ("mean", mean),
            ("std", std),
        ].compactMap { name, values in values.map { (name, $0) } }
    }

    var bandCounts: [Int] { parts.map(\.values.count) }

    /// For people: "scale 0.5, mean 1, 2".
    public var text: String {
        parts.map { name, values in "\(name) " + values.map { "\($0)" }.joined(separator: ", ") }
            .joined(separator: "; ")
    }
}

/// One class of a model's: what to call it, and how to paint it.
public struct ClassDescription: Hashable, Sendable {
    /// A colour of 8 bits a channel.
    public struct Color: Hashable, Sendable {
        /// 0 to 255.
        public var red: UInt8
        /// 0 to 255.
        public var green: UInt8
        /// 0 to 255.
        public var blue: UInt8

        /// A colour by its three channels.
        public init(red: UInt8, green: UInt8, blue: UInt8) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        /// The colour as six hexadecimal digits: "FF0000".
        public var hexadecimal: String {
            [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        }
    }

    /// The class's name, for legends and reports.
    public var name: String
    /// The colour that the class is painted in; nil where nobody says.
    public var color: Color?

    /// A class by its name and, if there is one, its colour.
    public init(name: String, color: Color? = nil) {
        self.name = name
        self.color = color
    }
}
