package import Models
import NetworkGraph

extension SegmentationOptions {
    /// Makes one model of several, which gives the mean of their probabilities, or of their values for a regression.
    ///
    /// All must have the same bands and classes. Each is fed as its description or these options say.
    ///
    /// - Parameter models: at least one; a single one is returned as it is.
    /// - Throws: `SegmentationError` for models that do not go together.
    package func mean(of models: [Model]) throws -> Model {
        guard models.count > 1 else { return models[0] }
        for model in models.dropFirst() { try check(models[0], with: model) }
        var description = models.dropFirst().reduce(models[0].description) { $0.filled(from: $1.description) }
        description.warnings = []
        description.activation = Sourced(.probabilities, source: "the mean of several models")
        description.refusals[.activation] = nil
        description.scaling = models[0].description.scaling
        let members = try zip(models, inputs(of: models)).map { model, input in
            guard let unfolded = model.unfolded else {
                throw SegmentationError(.usage, "\(model.path) takes tiles that are no squares: run it by itself")
            }
            return EnsembleMember(
                model.network, unfolded: unfolded, input: input, output: try probabilities(of: model))
        }
        let network: TiledNetwork
        do {
            network = try TiledNetwork(meanOf: members)
        } catch let error as NetworkError {
            throw SegmentationError(
                .usage, "\(models.map(\.name).joined(separator: " and ")) cannot be run together: \(error)")
        }
        let unfolded = UnfoldedNetwork(tiledAs: network) { size in
            try Graph(
                meanOf: zip(models, members).map { try ($0.unfolded!.graph(size: size), $1.input, $1.output) },
                size: size)
        }
        return Model(meanOf: models, network: network, unfolded: unfolded, description: description)
    }

    /// - Throws: `SegmentationError` where two models do not take or give the same.
    private func check(_ first: Model, with other: Model) throws {
        func refuse(_ what: String, _ one: String, _ two: String, _ advice: String = "run them one by one") throws {
            throw SegmentationError(
                .usage, "\(first.name) and \(other.name) differ in their \(what), \(one) and \(two): \(advice)")
        }
        func compare<Value: Equatable>(
            _ what: String, _ value: (ModelDescription) -> Sourced<Value>?, option: String,
            _ text: (Value) -> String
        ) throws {
            guard let one = value(first.description), let two = value(other.description), one.value != two.value else {
                return
            }
            try refuse(what, text(one.value), text(two.value), "give \(option), or run them one by one")
        }
        if first.bands != other.bands { try refuse("number of bands", "\(first.bands)", "\(other.bands)") }
        if first.outputChannels != other.outputChannels {
            try refuse("number of outputs", "\(first.outputChannels)", "\(other.outputChannels)")
        }
        if bands == nil {
            try compare("bands", \.bands, option: "--bands") { $0.map(\.text).joined(separator: ",") }
        }
        if classNames.isEmpty, let one = first.description.classNames, let two = other.description.classNames,
            one != two
        {
            try refuse("classes", one.joined(separator: ","), two.joined(separator: ","), "run them one by one")
        }
        if resolution == nil { try compare("resolution", \.resolution, option: "--resolution") { "\($0) m" } }
        if nodata == nil { try compare("value of no data", \.nodata, option: "--nodata") { "\($0)" } }
        if threshold == nil { try compare("threshold", \.threshold, option: "--threshold") { "\($0)" } }
        if task == nil { try compare("task", \.task, option: "--task") { $0.rawValue } }
    }

    /// What makes of the first model's input that of each: nothing where they are fed alike.
    private func inputs(of models: [Model]) throws -> [ChannelAffine?] {
        let scalings = try models.map { try SceneInput.normalization($0, self) }
        let isSaid = models.map { $0.description.scaling != nil }
        return try zip(models, scalings).enumerated().map { index, each in
            let (model, scaling) = each
            let first = scalings[0]
            guard asksForScaling || isSaid[index] == isSaid[0] else {
                throw SegmentationError(
                    .usage,
                    "\(models[0].name) and \(model.name): one of them says how pixels are scaled, and the other does not: "
                        + "give --scale, --offset, --mean or --std for both, or let 'overtile convert' write it into the file"
                )
            }
            if scaling == first { return nil }
            guard (scaling.minimum, scaling.maximum) == (first.minimum, first.maximum) else {
                throw SegmentationError(
                    .usage,
                    "\(models[0].name) and \(model.name) clip pixels to different ranges: run them one by one")
            }
            return scaling.after(undoing: first)
        }
    }

    /// What makes probabilities of a model's output; nil where it gives them, or measures something.
    private func probabilities(of model: Model) throws -> Operation? {
        let task = try OutputEncoding.task(model, self)
        if activation == nil, let refusal = model.description.refusals[.activation] {
            throw SegmentationError(.usage, refusal)
        }
        let given = activation ?? model.description.activation?.value
        if task == .regression || given == .probabilities { return nil }
        return task == .segmentation && model.outputChannels > 1 ? .softmax : .activation(.sigmoid)
    }
}

extension Normalization {
    /// What makes of pixels that another normalisation was applied to what this one makes of them, beside the clipping.
    fileprivate func after(undoing other: Normalization) -> ChannelAffine {
        let factors = mean.indices.map { (scale[$0] / std[$0]) / (other.scale[$0] / other.std[$0]) }
        let summands = mean.indices.map { band in
            (offset[band] - mean[band]) / std[band]
                - factors[band] * (other.offset[band] - other.mean[band]) / other.std[band]
        }
        func tensor(_ values: [Float]) -> ConstantTensor { ConstantTensor(shape: [values.count], elements: values) }
        return ChannelAffine(scale: tensor(factors), shift: tensor(summands))
    }
}
