import NetworkGraph
import StoredTensors
import WeightFiles

/// A family of networks that share their code and so the names of their parameters.
///
/// A new family is one file: a type that conforms, and its entry in `ModelFamilies.all`.
protocol ModelFamily: SendableMetatype {
    /// What people call it, for messages: "the paper's U-Net".
    static var title: String { get }
    /// Weights of the convolution that reads the input, under a name that other families hardly have by chance.
    static var landmark: String { get }
    /// Builds the graph from the parameters' names and shapes; what does not fit is noted in the builder's table.
    ///
    /// - Parameter options: those that the family knows nothing of are to be passed over, as is a depth that it does
    ///   not have: `ModelOptions.check` tells the user.
    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork
}

/// A graph and what to say about it.
struct RecognizedNetwork {
    var graph: Graph
    /// One line: levels, widths, normalisation, upsampling.
    var summary: String
    /// Depths to which the network can be pruned.
    var depths: ClosedRange<Int>?
    /// What to say after the family's title to someone who asks for a depth where there is none.
    var whyNoDepths = "has no depths to choose"
    /// True if the parameters are the same with and without padding, so that the user has to say.
    var leavesPaddingOpen = false

    init(graph: Graph, summary: String) {
        self.graph = graph
        self.summary = summary
    }
}

enum ModelFamilies {
    static let all: [any ModelFamily.Type] = [
        PaperUNetFamily.self, DRIVEUNetFamily.self, PytorchUNetFamily.self, PooledSkipUNetFamily.self,
        NestedUNetFamily.self,
    ]

    /// More levels than any network has. It bounds what a hostile file can ask for: beyond it, the stride would be
    /// larger than any tile.
    static let mostLevels = 12
}

/// How well a state dict fits a family of networks.
struct FamilyMatch {
    let family: any ModelFamily.Type
    let network: RecognizedNetwork
    /// A sentence for each tensor that is missing, too many or of another shape. Empty: the file is of this family.
    let problems: [String]
    let hasLandmark: Bool
    /// How much the names have in common, 0 to 1, whatever numbers are in them.
    let likeness: Double
    private let tensors: Int

    init(_ family: any ModelFamily.Type, _ stateDict: StateDict, options: ModelOptions) {
        let parameters = ParameterTable(stateDict)
        var builder = NetworkBuilder(parameters, landmark: family.landmark)
        self.family = family
        network = family.network(from: &builder, options: options)
        problems = builder.parameters.problems + builder.parameters.unexpected
        hasLandmark = parameters.contains(family.landmark)
        likeness = builder.parameters.likeness
        tensors = stateDict.tensors.count
    }

    /// True if the file plainly means to be of this family: it has the landmark, or more tensors fit than do not.
    var isClose: Bool { hasLandmark || 2 * problems.count < tensors }

    /// The family that a state dict fits, or else comes closest to: of those whose landmark it has, or of all where it
    /// has none, the one with the fewest problems, then the one whose names are most alike.
    static func closest(to stateDict: StateDict, options: ModelOptions) -> FamilyMatch {
        let names = Set(stateDict.tensors.map(\.name))
        let marked = ModelFamilies.all.filter { names.contains($0.landmark) }
        let matches = (marked.isEmpty ? ModelFamilies.all : marked).map {
            FamilyMatch($0, stateDict, options: options)
        }
        return matches.min { $0.rank < $1.rank }!
    }

    /// Where nothing is close, the problems count for nothing: the smallest network would have the fewest.
    private var rank: (Int, Double) { (isClose ? problems.count : .max, -likeness) }
}

/// A file whose tensors are no network that Overtile knows.
public struct ArchitectureError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: String
    /// The family that it is closest to: "the paper's U-Net".
    public let closest: String
    /// What the file holds, where that is not much like any family; nil where it plainly means to be of the closest.
    public let contents: String?
    /// What keeps it from being of the closest family, a sentence each.
    public let problems: [String]

    init(path: String, _ match: FamilyMatch, _ stateDict: StateDict) {
        self.path = path
        closest = match.family.title
        problems = match.problems
        contents = match.isClose ? nil : Self.contents(stateDict)
    }

    /// A file whose tensors fit, and whose network can still not be run.
    init(path: String, closest: String, problem: any Error) {
        self.path = path
        self.closest = closest
        problems = ["\(problem)"]
        contents = nil
    }

    private static func contents(_ stateDict: StateDict) -> String {
        guard !stateDict.tensors.isEmpty else { return "it holds no tensors" }
        let names = stateDict.tensors.prefix(3).map { ModelFileError.quoted($0.name) }.joined(separator: ", ")
        return "its \(stateDict.tensors.count) tensors start with \(names)"
    }

    /// One line: the file, what it looks like, and what keeps it from being that.
    public var description: String {
        let shown = problems.prefix(4).joined(separator: "; ")
        let rest = problems.count > 4 ? "; and \(problems.count - 4) more" : ""
        guard let contents else { return "\(path): looks like \(closest), but \(shown)\(rest)" }
        let known = ModelFamilies.all.map { $0.title }.joined(separator: ", ")
        return "\(path): not a network that Overtile knows (\(known)): \(contents); closest is \(closest), "
            + "but \(shown)\(rest)"
    }
}
