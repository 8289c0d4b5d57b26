public import NetworkGraph
import Tensors

/// A model file understood: its network, ready to be tiled.
public struct Model: Sendable {
    /// The file.
    public let path: String
    /// What kind of network it is: "the paper's U-Net".
    public let family: String
    /// Levels, widths, normalisation, upsampling.
    public let summary: String
    public let network: TiledNetwork
    /// Elements of all tensors in the file.
    public let parameterCount: Int

    public var bands: Int { network.inputChannels }
    /// Channels of the output: 1 is a sigmoid, more are a softmax.
    public var outputChannels: Int { network.outputChannels }
    /// Values of the mask: a sigmoid tells two classes apart.
    public var classCount: Int { max(2, outputChannels) }

    /// Reads a model file and recognises its network from the names and shapes of its tensors.
    ///
    /// - Throws: `WeightsError` for a file that cannot be read; `ArchitectureError` for one whose network is not known
    ///   or cannot be tiled.
    public init(path: String) throws {
        let stateDict = try Checkpoint.read(path: path)
        guard let family = ModelFamilies.all.first(where: { ParameterTable(stateDict).contains($0.landmark) }) else {
            throw ArchitectureError.unknown(path: path, stateDict)
        }
        var parameters = ParameterTable(stateDict)
        let recognized = family.network(from: &parameters)
        let problems = parameters.problems + parameters.unexpected
        guard let recognized, problems.isEmpty else {
            throw ArchitectureError(path: path, closest: family.title, problems: problems)
        }
        self.path = path
        self.family = family.title
        summary = recognized.summary
        parameterCount = stateDict.tensors.map(\.tensor.count).reduce(0, +)
        do {
            network = try TiledNetwork(recognized.graph.foldingNormalizations())
        } catch {
            throw ArchitectureError(path: path, closest: family.title, problems: ["\(error)"])
        }
    }
}

/// A file whose tensors are no network that Overtile knows.
public struct ArchitectureError: Error, CustomStringConvertible, Sendable {
    public let path: String
    /// The family that it is closest to, nil where it is close to none.
    public let closest: String?
    /// What does not fit, a sentence each.
    public let problems: [String]

    init(path: String, closest: String?, problems: [String]) {
        self.path = path
        self.closest = closest
        self.problems = problems
    }

    static func unknown(path: String, _ stateDict: StateDict) -> ArchitectureError {
        let names = stateDict.tensors.prefix(3).map(\.name).joined(separator: ", ")
        let known = ModelFamilies.all.map { "\($0.title) (with \($0.landmark))" }.joined(separator: "; ")
        return ArchitectureError(
            path: path, closest: nil,
            problems: [
                stateDict.tensors.isEmpty
                    ? "it holds no tensors" : "its \(stateDict.tensors.count) tensors start with \(names)",
                "known networks: \(known)",
            ])
    }

    public var description: String {
        let shown = problems.prefix(4).joined(separator: "; ")
        let rest = problems.count > 4 ? "; and \(problems.count - 4) more" : ""
        guard let closest else { return "\(path): not a network that Overtile knows: \(shown)\(rest)" }
        return "\(path): looks like \(closest), but \(shown)\(rest)"
    }
}
