import Models
import RasterIO

#if canImport(Glibc)
    import Glibc
#endif

/// How scores become classes and probabilities, and how classes are stored.
struct OutputEncoding: Sendable {
    /// What the outputs are for.
    let task: ModelTask
    /// The network's output channels: 1 is a sigmoid, more are a softmax, or several sigmoids for a task of several labels.
    let channels: Int
    /// True if the scores are probabilities as they come.
    let areProbabilities: Bool
    /// A sigmoid above this is class 1.
    let threshold: Float
    /// With several channels, a pixel none of whose probabilities reaches this is class 0; nil where the largest wins.
    let smallestProbability: Float?
    let writesProbabilities: Bool
    let writesConfidence: Bool
    let probabilityEncoding: ProbabilityEncoding
    /// Names and colours of the classes, from class 0 on, or of class 1 alone; empty where nobody says.
    let classes: [ClassDescription]

    /// - Throws: `SegmentationError` for options that do not fit the model.
    init(
        _ model: Model, _ options: SegmentationOptions, writesProbabilities: Bool, writesConfidence: Bool = false
    ) throws {
        let description = model.description
        if options.activation == nil, let refusal = description.refusals[.activation] {
            throw SegmentationError(.usage, refusal)
        }
        task = try Self.task(model, options)
        channels = model.outputChannels
        areProbabilities = (options.activation ?? description.activation?.value) == .probabilities
        let threshold = options.threshold ?? description.threshold?.value
        self.threshold = threshold ?? 0.5
        smallestProbability = channels > 1 && task == .segmentation ? threshold : nil
        self.writesProbabilities = writesProbabilities
        self.writesConfidence = writesConfidence
        probabilityEncoding = ProbabilityEncoding(sampleType: options.probabilityType)
        let described = description.classes?.value ?? []
        if options.classNames.isEmpty {
            classes = described
        } else {
            let isAlike = described.count == options.classNames.count
            classes = options.classNames.enumerated().map { index, name in
                ClassDescription(name: name, color: isAlike ? described[index].color : nil)
            }
        }
        try check(options)
        try checkTask(options)
    }

    /// The number of values that the mask may have: two for a sigmoid.
    var classCount: Int { Self.classCount(channels: channels) }
    /// True if the mask needs 16 bits, as the largest value that fits is nodata.
    var usesWideMask: Bool { maskSampleType == .uint16 }
    var nodata: Int { usesWideMask ? 65535 : 255 }
    var probabilityBands: Int { writesProbabilities ? channels : 0 }
    /// How the confidence is stored: one byte is enough for steps of 0.004.
    static let confidenceEncoding = ProbabilityEncoding(sampleType: .uint8)

    /// The bytes that a pixel takes in each of the outputs.
    var bytesPerPixel: OutputBytes {
        OutputBytes(
            task: task, channels: channels, probabilities: writesProbabilities ? probabilityEncoding : nil,
            confidence: writesConfidence ? Self.confidenceEncoding : nil)
    }

    static func classCount(channels: Int) -> Int { max(2, channels) }

    /// The probability of the class that a pixel has in the mask, given its probabilities: what the model makes of its own
    /// choice. Less than a half is possible where a threshold decides, and with more than two classes.
    func confidence(of winner: Int, _ probabilities: [Float]) -> Float {
        channels > 1 ? probabilities[winner] : winner == 1 ? probabilities[0] : 1 - probabilities[0]
    }

    /// The class that a pixel's scores give. The scores become probabilities, if these are wanted.
    func classify(_ scores: inout [Float]) -> Int {
        if channels == 1 {
            if !areProbabilities { scores[0] = 1 / (1 + exp(-scores[0])) }
            return scores[0] > threshold ? 1 : 0
        }
        var winner = 0
        for channel in 1..<channels where scores[channel] > scores[winner] { winner = channel }
        if !areProbabilities, writesProbabilities || writesConfidence || smallestProbability != nil {
            Self.softmax(&scores, largest: scores[winner])
        }
        if let smallestProbability, scores[winner] < smallestProbability { return 0 }
        return winner
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

/// The bytes that a pixel takes in each of the outputs, all bands together; 0 for an output that nobody asked for.
struct OutputBytes: Hashable, Sendable {
    var mask = 1
    var probabilities = 0
    var confidence = 0

    /// All outputs together.
    var total: Int { mask + probabilities + confidence }
}

extension OutputBytes {
    /// Counts the bytes for a network's output channels.
    ///
    /// - Parameters:
    ///   - probabilities: how probabilities are stored; nil where nobody asked for them.
    ///   - confidence: how the confidence is stored; nil where nobody asked for it.
    init(
        task: ModelTask = .segmentation, channels: Int, probabilities: ProbabilityEncoding? = nil,
        confidence: ProbabilityEncoding? = nil
    ) {
        switch task {
        // One value is left for nodata.
        case .segmentation: mask = OutputEncoding.classCount(channels: channels) < 255 ? 1 : 2
        case .multilabel: mask = channels
        case .regression: mask = channels * MemoryLayout<Float>.stride
        }
        self.probabilities = channels * (probabilities?.sampleByteCount ?? 0)
        self.confidence = confidence?.sampleByteCount ?? 0
    }
}
