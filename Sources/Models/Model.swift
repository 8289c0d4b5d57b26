import FileIO
public import NetworkGraph
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
    public let network: TiledNetwork
    /// The depths to which the network can be pruned (`ModelOptions.depth`); nil where there is no choice.
    public let depths: ClosedRange<Int>?
    /// How a network that was found by the shapes of its tensors is put together, a line for each level; empty for
    /// others.
    package let wiring: [String]
    /// What the tensors leave open, and what was taken for it.
    package let assumptions: [Assumption]
    /// The number of elements of all tensors in the file.
    public let parameterCount: Int
    /// What is known about the model beside its weights, as far as it agrees with them.
    public let description: ModelDescription
    /// The choices that the file leaves to the user.
    public let options: ModelOptions
    /// What the model was made from.
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
    /// - Throws: `ModelFileError` for a file that cannot be read; `ArchitectureError` for one whose network is not known
    ///   or cannot be run; `WiringError` for one of several that its tensors fit; `ModelOptionsError` for options that the network does not have.
    public init(path: String, options: ModelOptions = ModelOptions(), item: String? = nil) throws {
        if try Self.isONNX(path: path) {
            try self.init(try ONNXModel(path: path), options: options, item: item)
        } else {
            let file = try MappedFile(ofModel: path)
            try self.init(try Checkpoint.read(path: path), path: path, file: file, options: options, item: item)
        }
    }

    /// - Throws: `ModelFileError` for a network that cannot be run, or for the item; `ModelOptionsError` for options, of which
    ///   it has none.
    init(_ model: ONNXModel, options: ModelOptions, item: String?) throws {
        path = model.path
        self.options = options
        files = ModelFiles(
            model: model.file, external: model.externalFiles, item: try ModelItemFile.file(item, ofModel: model.path))
        family = model.producer.isEmpty ? "ONNX network" : "ONNX network (\(ModelFileError.plain(model.producer)))"
        try options.checkThatNoneIsSet(for: "an ONNX network", path: path)
        summary = model.summary
        depths = nil
        wiring = []
        assumptions = []
        parameterCount = model.graph.parameterCount
        let output: TranslatedNetwork.OutputActivation?
        do {
            (network, output) = try model.graph.tiled()
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
        }
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
        let recognition = try Recognition(stateDict, path: path, options: options)
        try options.check(against: recognition.network, title: recognition.title, path: path)
        self.path = path
        self.options = options
        let itemFile = try ModelItemFile.file(item, ofModel: path)
        files =
            file.map { ModelFiles(model: $0, external: [], item: itemFile) }
            ?? ModelFiles(stateDict, item: itemFile)
        family = recognition.title
        summary = recognition.network.summary
        wiring = recognition.wiring
        depths = recognition.network.depths
        assumptions = recognition.network.assumptions.settled
        parameterCount = stateDict.tensors.map(\.tensor.count).reduce(0, +)
        do {
            network = try TiledNetwork(recognition.network.graph.foldingNormalizations())
        } catch {
            throw ArchitectureError(path: path, closest: family, problem: error)
        }
        var description = try ModelDescription(
            metadata: stateDict.metadata, ofModel: path, item: item, bandCount: network.inputChannels,
            outputs: network.outputChannels)
        if recognition.network.givesProbabilities {
            description.activation = Sourced(.probabilities, source: "the assumption about the head")
            description.refusals[.activation] = nil
        }
        self.description = description
    }
}

extension ModelDescription.Activation {
    fileprivate init(_ output: TranslatedNetwork.OutputActivation) {
        switch output {
        case .logits: self = .logits
        case .probabilities: self = .probabilities
        }
    }
}
