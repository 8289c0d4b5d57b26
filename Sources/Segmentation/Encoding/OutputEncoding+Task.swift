import Models
import RasterIO

#if canImport(Glibc)
    import Glibc
#endif

extension OutputEncoding {
    /// What the outputs are for, as the options say, and else the model.
    ///
    /// - Throws: `SegmentationError` for a model that says it is for something else than segmentation, unless the options
    ///   say what is to be made of it.
    static func task(_ model: Model, _ options: SegmentationOptions) throws -> ModelTask {
        if let task = options.task {
            guard task != .multilabel || model.outputChannels > 1 else {
                throw SegmentationError(
                    .usage, "--task multilabel: the model has one output, which is one label: leave the option out")
            }
            return task
        }
        if let refusal = model.description.refusals[.task] { throw SegmentationError(.badData, refusal) }
        guard let said = model.description.task else { return .segmentation }
        guard said.value != .regression else {
            throw SegmentationError(
                .badData,
                "\(model.path) says that its outputs are measurements and no classes (\(said.source)): give --task "
                    + "regression to have these, or --task segmentation")
        }
        return said.value
    }

    /// The bands of the mask: one of classes, or one for each label or measurement.
    var maskBands: Int { task == .segmentation ? 1 : channels }

    /// The type of the mask's samples: bytes as long as all classes and the value of no data fit.
    var maskSampleType: SampleType {
        switch task {
        case .segmentation: Self.maskType(channels: channels)
        case .multilabel: .uint8
        case .regression: .float32
        }
    }

    /// The names of the mask's bands where there are several: the classes', as far as they have names.
    var maskBandNames: [String] {
        let noun = task == .regression ? "value" : "class"
        return (0..<channels).map { $0 < classes.count ? classes[$0].name : "\(noun) \($0)" }
    }

    /// - Throws: `SegmentationError` for outputs that make no sense for the task.
    func checkTask(_ options: SegmentationOptions) throws {
        guard task != .segmentation else { return }
        func refuse(_ option: String, _ why: String) throws {
            throw SegmentationError(.usage, "\(option) goes with a mask of classes, and \(why): leave it out")
        }
        let why =
            task == .regression
            ? "--task regression gives values" : "with several labels a pixel has no class of its own"
        if options.sieve != nil { try refuse("--sieve", why) }
        if !options.skippedClasses.isEmpty { try refuse("--skip-classes", why) }
        if kinds.contains(.confidence) { try refuse("--confidence", why) }
        if task == .regression {
            if kinds.contains(.probabilities) { try refuse("--probabilities", why) }
            if options.threshold != nil { try refuse("--threshold", why) }
        }
    }

    /// The labels that a pixel's scores give. The scores become probabilities.
    func label(_ scores: inout [Float], _ store: (_ channel: Int, _ isThere: Bool) -> Void) {
        for channel in scores.indices {
            if !areProbabilities { scores[channel] = 1 / (1 + exp(-scores[channel])) }
            store(channel, scores[channel] > threshold)
        }
    }

    /// Looks whether the network's outputs are what they are called.
    ///
    /// - Parameter map: a tile's output, all channels.
    /// - Throws: `SegmentationError` where values beyond 0 to 1 are called probabilities.
    func check(_ map: UnsafeBufferPointer<Float>) throws {
        guard networkGivesProbabilities, task != .regression else { return }
        var (lowest, highest) = (Float.infinity, -Float.infinity)
        for value in map where value.isFinite { (lowest, highest) = (min(lowest, value), max(highest, value)) }
        // Interpolated, or computed in half precision, they may be off by their last digits.
        guard lowest < -0.01 || highest > 1.01 else { return }
        throw SegmentationError(
            .badData,
            "the model's outputs are called probabilities (--activation, or its description), and go from \(lowest) to "
                + "\(highest): give --activation logits, or --task regression if they are measurements")
    }
}
