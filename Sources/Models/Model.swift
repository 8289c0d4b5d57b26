import FileIO
package import NetworkGraph
import ONNXReader
import StoredTensors
package import WeightFiles

/// A model file whose network was recognised, ready to be tiled.
///
///     let model = try Model(path: "unet.pth")
///     print(model.family, model.bands, model.classCount)  // the paper's U-Net 3 2
public struct Model: Sendable {
    /// The file, as the caller named it.
    public let path: String
    /// The kind of the network: "the paper's U-Net".
    public let family: String
    /// The structure of the network in one line: levels, widths, normalisation, upsampling.
    public let summary: String
    /// The network as it is tiled: seamless, or in tiles of a fixed size.
    package let network: TiledNetwork
    /// The network before its normalisations were folded, whose norms remember their training; nil where the file's only
    /// size of input is no square.
    package let unfolded: UnfoldedNetwork?
    /// The depths to which the network can be pruned (`ModelOptions.depth`); nil where there is no choice.
    public let depths: ClosedRange<Int>?
    /// How a network that was found by the shapes of its tensors is put together, a line for each level; empty for
    /// others.
    package let wiring: [String]
    /// What the tensors leave open, and what was taken for it.
    package let assumptions: [Assumption]
    /// The number of elements of all of the network's tensors.
    public let parameterCount: Int
    /// The network's tensors in the file, where it is a checkpoint.
    package let tensors: NetworkTensors
    /// The description of the model beside its weights, as far as it agrees with them.
    public let description: ModelDescription
    /// The choices that the file leaves to the user.
    public let options: ModelOptions
    /// The models whose mean this one gives (`init(meanOf:)`); empty for a model that is one by itself.
    package let members: [Model]
    /// The files that the model was made from.
    let files: ModelFiles

    /// The number of bands that the network takes.
    public var bands: Int { network.inputChannels }
    /// The number of channels of the output: 1 is a sigmoid, more are a softmax.
    public var outputChannels: Int { network.outputChannels }
    /// The number of values in the mask: a sigmoid tells two classes apart.
    public var classCount: Int { max(2, outputChannels) }

    /// Reads a model file: an ONNX network, or a checkpoint whose network is recognised from the names and shapes of its
    /// tensors.
    ///
    /// - Parameter item: a STAC MLM item that describes the model; nil for the one beside it, if there is one.
    /// - Throws: `ModelFileError` for a file that cannot be read. Other errors say in one line why the network is not known
    ///   or cannot be run (`ArchitectureError`), or which option it does not have (`ModelOptionsError`).
    public init(path: String, options: ModelOptions = ModelOptions(), item: String? = nil) throws {
        self = try ModelFileError.readingWhole {
            if try Self.isONNX(path: path) {
                var model = try ONNXModel(path: path)
                let outputs = [model.graph.outputName] + model.graph.otherOutputs
                try options.checkOutput(among: outputs, path: path)
                if let name = options.outputName { model = try ONNXModel(path: path, output: name) }
                return try Model(model, options: options, item: item)
            }
            let file = try MappedFile(ofModel: path)
            let stateDict = try Checkpoint.read(path: path, key: options.key)
            return try Model(stateDict, path: path, file: file, options: options, item: item)
        }
    }

    /// Makes one model of several, whose network gives the mean of what theirs give.
    ///
    /// - Parameters:
    ///   - members: models of the same bands and output channels, at least one.
    ///   - network: the mean of their networks.
    ///   - unfolded: the same before normalisations were folded.
    ///   - description: what holds for all of them.
    package init(
        meanOf members: [Model], network: TiledNetwork, unfolded: UnfoldedNetwork?, description: ModelDescription
    ) {
        path = members.map(\.path).joined(separator: ", ")
        family = "mean of \(members.count) networks: " + members.map(\.family).joined(separator: ", ")
        summary = members.map(\.summary).joined(separator: "; ")
        self.network = network
        self.unfolded = unfolded
        depths = nil
        wiring = []
        assumptions = members.flatMap(\.assumptions)
        parameterCount = members.reduce(0) { $0 + $1.parameterCount }
        tensors = NetworkTensors()
        self.description = description
        options = members[0].options
        self.members = members
        files = ModelFiles(members.map(\.files))
    }

    /// The files that the model was read from: one, or those of its members.
    package var paths: [String] { members.isEmpty ? [path] : members.map(\.path) }
    /// The assumptions and what a scene showed, as `--assume` takes them. Several models that differ in them have each its own.
    package var assumed: String {
        let texts = members.isEmpty ? [options.settled.text] : members.map(\.options.settled.text)
        return Set(texts).count == 1 ? texts[0] : texts.joined(separator: "; ")
    }
    /// The names of these files without their folders.
    package var name: String { paths.map(FileName.last).joined(separator: ", ") }

    /// - Throws: `ModelFileError` for a network that cannot be run, or for the item; `ModelOptionsError` for options, of which
    ///   it has none.
    init(_ model: ONNXModel, options: ModelOptions, item: String?) throws {
        path = model.path
        self.options = options
        members = []
        files = ModelFiles(
            model: model.file, external: model.externalFiles, item: try ModelItemFile.file(item, ofModel: model.path))
        family = model.producer.isEmpty ? "ONNX network" : "ONNX network (\(ModelFileError.plain(model.producer)))"
        try options.checkThatNoneIsSet(for: "an ONNX network", path: path)
        summary = model.summary
        depths = nil
        wiring = []
        assumptions = []
        parameterCount = model.graph.parameterCount
        tensors = NetworkTensors()
        let output: TranslatedNetwork.OutputActivation?
        do {
            (network, output) = try model.graph.tiled()
            unfolded = try model.graph.unfolded(tiledAs: network)
        } catch let error as ModelFileError {
            throw error
        } catch {
            throw ModelFileError(.unsupportedNetwork, path: path, "cannot be run: \(error)")
        }
        var description = try ModelDescription(
            metadata: model.metadata, ofModel: path, item: item, bandCount: network.inputChannels,
            outputs: network.outputChannels)
        if let output {
            description.activation = Sourced(
                ModelDescription.Activation(output), source: "the last operation of \(FileName.last(of: path))")
            description.refusals[.activation] = nil
            if output == .sigmoids, network.outputChannels > 1, description.task == nil {
                description.task = Sourced(.multilabel, source: "the sigmoids at the end of \(FileName.last(of: path))")
            }
        }
        description.add(model.graph, options, file: FileName.last(of: path))
        self.description = description
    }

    /// Recognises the network whose tensors these are.
    ///
    /// - Parameters:
    ///   - path: where they come from.
    ///   - item: as for `init(path:)`.
    /// - Throws: `ArchitectureError`, `WiringError` and `ModelOptionsError`; `ModelFileError` for the item.
    package init(
        _ stateDict: StateDict, path: String, options: ModelOptions = ModelOptions(), item: String? = nil
    ) throws {
        try self.init(stateDict, path: path, file: nil, options: options, item: item)
    }

    private init(
        _ stateDict: StateDict, path: String, file: MappedFile?, options: ModelOptions, item: String?
    ) throws {
        let options = options.completed(from: stateDict.metadata)
        let prefix = try options.prefix(in: stateDict, path: path)
        let recognition = try Recognition(stateDict, under: prefix, path: path, options: options)
        try options.check(against: recognition.network, title: recognition.title, path: path)
        self.path = path
        self.options = options
        members = []
        let itemFile = try ModelItemFile.file(item, ofModel: path)
        files =
            file.map { ModelFiles(model: $0, external: [], item: itemFile) }
            ?? ModelFiles(stateDict, item: itemFile)
        family = recognition.title
        summary = recognition.network.summary
        wiring = recognition.wiring
        depths = recognition.network.depths
        assumptions = recognition.network.assumptions.settled
        tensors = recognition.tensors
        parameterCount = tensors.of(stateDict).tensors.map(\.tensor.count).reduce(0, +)
        do {
            network = try TiledNetwork(recognition.network.graph.foldingNormalizations())
            unfolded = UnfoldedNetwork(recognition.network.graph, tiledAs: network)
        } catch {
            throw ArchitectureError(path: path, closest: family, problem: error)
        }
        var description = try ModelDescription(
            metadata: stateDict.metadata, ofModel: path, item: item, bandCount: network.inputChannels,
            outputs: network.outputChannels)
        description.warnings += tensors.warnings(
            about: stateDict, file: FileName.last(of: path), bands: network.inputChannels,
            isScaled: description.scaling != nil)
        if recognition.network.givesProbabilities {
            description.activation = Sourced(.probabilities, source: "the assumption about the head")
            description.refusals[.activation] = nil
        }
        self.description = description
    }
}

extension ModelDescription {
    /// Adds what an ONNX graph itself tells: the type of its pixels, and outputs that are not used.
    fileprivate mutating func add(_ graph: ONNXGraph, _ options: ModelOptions, file: String) {
        if let type = graph.input.integerType, scaling == nil, refusals[.scaling] == nil {
            var asTheyAre = PixelScaling()
            asTheyAre.scale = [1]
            scaling = Sourced(asTheyAre, source: "the type of the input of \(file), \(type)")
        }
        guard options.outputName == nil, !graph.otherOutputs.isEmpty else { return }
        let others = graph.otherOutputs.prefix(4).map(ModelFileError.quoted).joined(separator: ", ")
        warnings.append(
            "\(file): of its \(graph.otherOutputs.count + 1) outputs \(ModelFileError.quoted(graph.outputName)) is used: "
                + "--output-name chooses another (\(others)\(graph.otherOutputs.count > 4 ? ", ..." : ""))")
    }
}

extension ModelDescription.Activation {
    fileprivate init(_ output: TranslatedNetwork.OutputActivation) {
        switch output {
        case .logits: self = .logits
        case .probabilities, .sigmoids: self = .probabilities
        }
    }
}
