import StoredTensors

/// The knowledge about a model beside its weights: how pixels become its input, and what its output means.
///
/// It comes from the model file's own metadata and from a STAC MLM item beside it; the former are trusted more. A value
/// is nil if no source has it.
///
///     let model = try Model(path: "unet.onnx")
///     print(model.description.classNames ?? ["no names"])
///     model.description.warnings.forEach { print($0) }
public struct ModelDescription: Sendable, Equatable {
    /// The bands of a scene that the model takes, in the model's order.
    package var bands: Sourced<[BandSelector]>?
    /// The scaling of pixel values before the network sees them.
    package var scaling: Sourced<PixelScaling>?
    /// The side of a tile in input pixels, for networks that are tied to a size.
    package var tile: Sourced<Int>?
    /// The overlap of neighbouring tiles, in percent of a tile's side.
    package var overlap: Sourced<Double>?
    /// The size of an input pixel on the ground, in metres.
    package var resolution: Sourced<Double>?
    /// The classes in the order of their values in the mask, from 0 on. With one output, a single entry is class 1.
    package var classes: Sourced<[ClassDescription]>?
    /// What the network's outputs are.
    package var activation: Sourced<Activation>?
    /// What the network's outputs are for.
    package var task: Sourced<ModelTask>?
    /// The threshold, 0 to 1. With one output, a pixel is class 1 if its probability is above the threshold. With more
    /// outputs, a pixel is class 0 if none of its probabilities reaches the threshold.
    package var threshold: Sourced<Float>?
    /// The value of pixels without data in the images that the model was trained on.
    package var nodata: Sourced<Double>?
    /// The mean and standard deviation of the scaled pixels that the model was trained on. They tell of a network without
    /// norms whether it is fed as it was.
    package var seen: Sourced<InputStatistics>?

    /// The demands of a source that Overtile cannot follow, by subject, one line each with the source. The model can be
    /// run only if a more trusted source, or the user, overrides them.
    package var refusals: [Aspect: String] = [:]
    /// Lines about errors in the sources, one for each key that is not used.
    public var warnings: [String] = []

    /// Makes a description in which nothing is set.
    package init() {}

    /// The names of the classes from class 0 on, or, for one output, of class 1 alone; nil if no source names them.
    public var classNames: [String]? { classes?.value.map(\.name) }
    /// The size on the ground, in metres, of the pixels that the model was trained on; nil if no source has it.
    public var metresPerPixel: Double? { resolution?.value }

    /// Collects what a model's own metadata and an item say, as far as it agrees with the weights.
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

    /// The subject of a source's demand.
    package enum Aspect: Hashable, Sendable {
        case bands
        case scaling
        case activation
        case task
    }

    /// The meaning of the network's outputs.
    public enum Activation: String, Sendable, CaseIterable {
        /// Unbounded numbers, which a sigmoid, or a softmax over the classes, turns into probabilities.
        case logits
        /// Probabilities, as a sigmoid or softmax gives them.
        case probabilities
    }

    /// Returns these values, filled up with those of a less trusted source.
    package func filled(from other: ModelDescription) -> ModelDescription {
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
        if !settled(.task, task != nil) {
            (result.task, result.refusals[.task]) = (other.task, other.refusals[.task])
        }
        result.tile = tile ?? other.tile
        result.overlap = overlap ?? other.overlap
        result.resolution = resolution ?? other.resolution
        result.classes = classes ?? other.classes
        result.threshold = threshold ?? other.threshold
        result.nodata = nodata ?? other.nodata
        result.seen = seen ?? other.seen
        result.warnings += other.warnings
        return result
    }

    /// The text entries that hold this description in a model file.
    package var metadata: [String: String] { OvertileMetadata.entries(of: self).mapValues(\.json) }

    /// Returns the description without values that contradict the weights. The weights win, and a warning says so.
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
        if let seen, seen.value.mean.count != bandCount {
            result.seen = nil
            result.warnings.append(
                weightsWin(seen.source, "has values for \(seen.value.mean.count.counted("band"))", realBands))
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

/// A value with its source.
package struct Sourced<Value: Sendable & Equatable>: Sendable, Equatable {
    /// The value.
    package var value: Value
    /// The source, for people: "--mean", or "standardization_mean of model.onnx".
    package var source: String

    /// Makes a value with its source.
    package init(_ value: Value, source: String) {
        self.value = value
        self.source = source
    }

    func map<Other>(_ transform: (Value) -> Other) -> Sourced<Other> {
        Sourced<Other>(transform(value), source: source)
    }
}

extension ModelDescription {
    /// One of a scene's bands, as a model or a user asks for it.
    ///
    ///     var options = SegmentationOptions()
    ///     options.bands = [4, 3, 2]
    ///     options.bands = ["B04", "B03", "B02"]
    public enum BandSelector: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
        /// A band by its number, counted from 1.
        case number(Int)
        /// A band by any of these names, such as "B04" or "red". The first is the one that the model itself uses.
        case name([String])

        /// Selects a band by its number, counted from 1.
        public init(integerLiteral number: Int) { self = .number(number) }

        /// Selects a band by its name.
        public init(stringLiteral name: String) { self = .name([name]) }

        /// The band for messages: its number, or its name.
        package var text: String {
            switch self {
            case .number(let number): "\(number)"
            case .name(let names): names[0]
            }
        }
    }
}

/// The scaling of a pixel v before the network sees it, as far as a source has it:
///
///     (clamp(v) * scale + offset - mean) / std
///
/// Each part has one value, or one for each of the model's bands.
package struct PixelScaling: Hashable, Sendable {
    /// The least value: pixels below it are raised to it.
    package var minimum: [Float]?
    /// The greatest value: pixels above it are lowered to it.
    package var maximum: [Float]?
    /// The factor, which is applied first.
    package var scale: [Float]?
    /// The summand, which is added to the product.
    package var offset: [Float]?
    /// The mean, which is subtracted next.
    package var mean: [Float]?
    /// The standard deviation, by which the difference is divided. It is never 0.
    package var std: [Float]?

    /// Makes a scaling in which nothing is set.
    package init() {}

    var parts: [(name: String, values: [Float])] {
        [
            ("minimum", minimum), ("maximum", maximum), ("scale", scale), ("offset", offset), ("mean", mean),
            ("std", std),
        ].compactMap { name, values in values.map { (name, $0) } }
    }

    var bandCounts: [Int] { parts.map(\.values.count) }

    /// The scaling as text for people: "scale 0.5, mean 1, 2".
    package var text: String {
        parts.map { name, values in "\(name) " + values.map { "\($0)" }.joined(separator: ", ") }
            .joined(separator: "; ")
    }
}

/// The name and colour of one of a model's classes.
package struct ClassDescription: Hashable, Sendable {
    /// A colour of 8 bits a channel.
    package struct Color: Hashable, Sendable {
        /// 0 to 255.
        package var red: UInt8
        /// 0 to 255.
        package var green: UInt8
        /// 0 to 255.
        package var blue: UInt8

        /// Makes a colour of its three channels.
        package init(red: UInt8, green: UInt8, blue: UInt8) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        /// Reads a colour such as "FF0000", "#ff0000" or "f00"; a seventh and eighth digit, the opacity, are left out.
        package init?(hexadecimal text: String) {
            var digits = text.filter { $0 != "#" }
            if digits.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
            guard digits.count == 6 || digits.count == 8, let number = UInt32(digits.prefix(6), radix: 16) else {
                return nil
            }
            self.init(red: UInt8(number >> 16), green: UInt8(number >> 8 & 255), blue: UInt8(number & 255))
        }

        /// The colour as six hexadecimal digits: "FF0000".
        package var hexadecimal: String {
            [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        }
    }

    /// The class's name, for legends and reports.
    package var name: String
    /// The colour of the class on maps; nil if no source has one.
    package var color: Color?

    /// Makes a class of a name and an optional colour.
    package init(name: String, color: Color? = nil) {
        self.name = name
        self.color = color
    }
}
