import Models
import RasterIO

#if canImport(Glibc)
    import Glibc
#endif

/// The encoding of scores as classes and probabilities, and of classes in the mask.
struct OutputEncoding: Sendable {
    /// What the outputs are for.
    let task: ModelTask
    /// The network's output channels: 1 is a sigmoid, more are a softmax, or several sigmoids for a task of several labels.
    let channels: Int
    /// True if the network's own scores are probabilities as they come.
    let networkGivesProbabilities: Bool
    /// True if a pixel's class is found from probabilities: the network's own, or their mean over several runs.
    let areProbabilities: Bool
    /// A sigmoid above this is class 1.
    let threshold: Float
    /// With several channels, a pixel none of whose probabilities reaches this is class 0; nil where the largest wins.
    let smallestProbability: Float?
    /// The rasters that the run makes, the mask among them.
    let kinds: Set<RasterOutput.Kind>
    /// The type that probabilities are stored as.
    let probabilityType: SampleType
    /// True if scores have to become probabilities even where the largest score alone tells the class.
    private let needsProbabilities: Bool
    /// For each class, true if its pixels become pixels without data.
    private var isSkipped: [Bool]
    /// Names and colours of the classes, from class 0 on, or of class 1 alone; empty where nobody says.
    let classes: [ClassDescription]

    /// - Parameter kinds: the rasters that the run makes beside the mask.
    /// - Throws: `SegmentationError` for options that do not fit the model.
    init(_ model: Model, _ options: SegmentationOptions, kinds: Set<RasterOutput.Kind> = []) throws {
        let description = model.description
        if options.activation == nil, let refusal = description.refusals[.activation] {
            throw SegmentationError(.usage, refusal)
        }
        task = try Self.task(model, options)
        channels = model.outputChannels
        // The mean of several models is one of probabilities, whatever each of them gives.
        let activation = model.members.isEmpty ? options.activation : nil
        networkGivesProbabilities = (activation ?? description.activation?.value) == .probabilities
        areProbabilities = networkGivesProbabilities || options.augmentation != nil
        let threshold = options.threshold ?? description.threshold?.value
        self.threshold = threshold ?? 0.5
        smallestProbability = channels > 1 && task == .segmentation ? threshold : nil
        self.kinds = kinds.union([.mask])
        probabilityType = options.probabilityType
        let described = description.classes?.value ?? []
        if options.classNames.isEmpty {
            classes = described
        } else {
            let isAlike = described.count == options.classNames.count
            classes = options.classNames.enumerated().map { index, name in
                ClassDescription(name: name, color: isAlike ? described[index].color : nil)
            }
        }
        isSkipped = Array(repeating: false, count: Self.classCount(channels: channels))
        // What there is beside the mask is made of probabilities.
        needsProbabilities = smallestProbability != nil || self.kinds.count > 1
        try check(options)
        try checkTask(options)
        for name in options.skippedClasses { isSkipped[try number(ofClass: name)] = true }
    }

    /// - Throws: `SegmentationError` for a class that there is not.
    private func number(ofClass name: String) throws -> Int {
        let names = legend.map(\.name)
        if let number = names.firstIndex(of: name) ?? Int(name), names.indices.contains(number) { return number }
        let known = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
        throw SegmentationError(
            .usage, "--skip-classes \(name): there is no such class: the model has \(known), numbered from 0 on")
    }

    /// Returns true if the pixels of a class are left out of the mask.
    func isLeftOut(_ number: Int) -> Bool { isSkipped[number] }

    /// The number of values that the mask may have: two for a sigmoid.
    var classCount: Int { Self.classCount(channels: channels) }
    /// True if the mask needs 16 bits, as the largest value that fits is nodata.
    var usesWideMask: Bool { maskSampleType == .uint16 }
    /// The mask's value of pixels without data.
    var nodata: Int { usesWideMask ? 65535 : 255 }

    /// The rasters of probabilities that the run makes, in a fixed order, and how each is stored.
    var probabilityRasters: [(kind: RasterOutput.Kind, encoding: ProbabilityEncoding, bands: Int)] {
        RasterOutput.Kind.allCases.compactMap { kind in
            guard kinds.contains(kind), case .probabilities(let encoding, let bands) = kind.pixels(self) else {
                return nil
            }
            return (kind, encoding, bands)
        }
    }

    /// The bytes that a pixel takes in each of the outputs.
    var bytesPerPixel: OutputBytes {
        var bytes: [RasterOutput.Kind: Int] = [:]
        for kind in kinds {
            switch kind.pixels(self) {
            case .classes: bytes[kind] = maskBands * maskSampleType.sampleByteCount
            case .probabilities(let encoding, let bands): bytes[kind] = bands * encoding.sampleByteCount
            }
        }
        return OutputBytes(bytes)
    }

    /// Returns the type of the mask's samples for a network's output channels: one value is left for nodata.
    static func maskType(channels: Int) -> SampleType { classCount(channels: channels) < 255 ? .uint8 : .uint16 }

    static func classCount(channels: Int) -> Int { max(2, channels) }

    /// The class that a pixel's scores give. The scores become probabilities, if these are wanted.
    func classify(_ scores: inout [Float]) -> Int {
        if channels == 1 {
            if !areProbabilities { scores[0] = 1 / (1 + exp(-scores[0])) }
            return scores[0] > threshold ? 1 : 0
        }
        var winner = 0
        for channel in 1..<channels where scores[channel] > scores[winner] { winner = channel }
        if !areProbabilities, needsProbabilities {
            Self.softmax(&scores, largest: scores[winner])
        }
        if let smallestProbability, scores[winner] < smallestProbability { return 0 }
        return winner
    }

    /// Makes of the network's scores of a pixel what a mean of several runs is taken of: probabilities, or the values of a
    /// regression as they are.
    func becomeProbabilities(_ scores: inout [Float]) {
        guard task != .regression, !networkGivesProbabilities else { return }
        if channels > 1, task == .segmentation { return Self.softmax(&scores, largest: scores.max()!) }
        for channel in scores.indices { scores[channel] = 1 / (1 + exp(-scores[channel])) }
    }

    private static func softmax(_ scores: inout [Float], largest: Float) {
        var sum = Float(0)
        for channel in scores.indices {
            scores[channel] = exp(scores[channel] - largest)
            sum += scores[channel]
        }
        for channel in scores.indices { scores[channel] /= sum }
    }
}
