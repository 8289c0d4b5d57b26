import FileIO
import NetworkGraph
import StoredTensors
import WeightFiles

/// A family of networks that share their code, and therefore the names of their parameters.
///
/// A new family is one file: a type that conforms, and its entry in `ModelFamilies.all`.
protocol ModelFamily: SendableMetatype {
    /// The name of the family for messages: "the paper's U-Net".
    static var title: String { get }
    /// The name of a tensor that other families hardly have by chance: mostly the weights of the convolution that reads
    /// the input.
    static var landmark: String { get }
    /// Returns the number of bands that the network reads.
    static func bands(in parameters: ParameterTable) -> Int
    /// Builds the graph from the names and shapes of the parameters. What does not fit is noted in the builder's table.
    ///
    /// - Parameter options: the user's choices. A family ignores those that do not concern it, and a depth that it does
    ///   not have: `ModelOptions.check` tells the user.
    static func network(from builder: inout NetworkBuilder, options: ModelOptions) -> RecognizedNetwork
}

extension ModelFamily {
    /// Returns the number of input channels of the landmark, which most families have in their first convolution.
    static func bands(in parameters: ParameterTable) -> Int { parameters.channels(landmark, axis: 1, rank: 4) ?? 1 }
}

/// A graph, and what to tell people about it.
struct RecognizedNetwork {
    var graph: Graph
    /// The network in one line: levels, widths, normalisation, upsampling.
    var summary: String
    /// The depths to which the network can be pruned; nil if it cannot.
    var depths: ClosedRange<Int>?
    /// The words after the family's title for a user who asks for a depth although there is none.
    var whyNoDepths = "has no depths to choose"
    /// True if the parameters are the same with and without padding, so that the user has to say.
    var leavesPaddingOpen = false
    /// What else the parameters leave open, and how it was settled.
    var assumptions = SettledAssumptions()
    /// The graph with a head for each depth, and these heads, where training supervises them all; nil where there is one.
    var supervised: (graph: Graph, heads: [Graph.Value])?
    /// True if the graph ends with probabilities and not with logits, because the user said so.
    var givesProbabilities = false

    init(graph: Graph, summary: String) {
        self.graph = graph
        self.summary = summary
    }
}

enum ModelFamilies {
    static let all: [any ModelFamily.Type] = [
        PaperUNetFamily.self, DRIVEUNetFamily.self, PytorchUNetFamily.self, PooledSkipUNetFamily.self,
        NestedUNetFamily.self, SMPUnetFamily.self, SMPUnetPlusPlusFamily.self, SMPLinknetFamily.self, SMPFPNFamily.self,
        SMPDeepLabPlusFamily.self, TorchvisionFCNFamily.self, TorchvisionDeepLabFamily.self,
    ]

    /// The most levels, which no real network reaches. It bounds what a hostile file can ask for; beyond it, the stride
    /// would be larger than any tile.
    static let mostLevels = 12
}

/// The fit of a state dict to a family of networks.
struct FamilyMatch {
    let family: any ModelFamily.Type
    let network: RecognizedNetwork
    /// A sentence for each tensor that is missing, unexpected or of a wrong shape. If there is none, the file is of
    /// this family.
    let problems: [String]
    let hasLandmark: Bool
    /// The similarity of the names, 0 to 1, without regard to the numbers in them.
    let likeness: Double
    /// What the file has before the names of the network's tensors: "network.".
    private(set) var prefix = ""
    /// The tensors of the file that are not the network's.
    private(set) var strays: StrayTensors
    /// The prefixes of other networks in the file, any of which could be meant.
    private(set) var otherPrefixes: [String] = []
    private let tensors: Int

    init(_ family: any ModelFamily.Type, _ stateDict: StateDict, options: ModelOptions) {
        let parameters = ParameterTable(stateDict)
        var builder = NetworkBuilder(parameters, bands: family.bands(in: parameters))
        self.family = family
        builder.assumptions = SettledAssumptions(
            options.assumptions, evidence: ModuleHints(stateDict).forFamilies)
        var network = family.network(from: &builder, options: options)
        network.assumptions = builder.assumptions
        self.network = network
        strays = StrayTensors(among: builder.parameters.unasked, roots: builder.parameters.roots)
        problems = builder.parameters.problems + builder.parameters.unexpected(but: strays.names)
        hasLandmark = parameters.contains(family.landmark)
        likeness = builder.parameters.likeness
        tensors = stateDict.tensors.count
    }

    /// True if the file plainly means to be of this family: it has the landmark, or more tensors fit than do not.
    var isClose: Bool { hasLandmark || 2 * problems.count < tensors }

    /// True if the file is of this family and damaged or changed in places, rather than another network.
    var isNear: Bool { hasLandmark && 4 * problems.count < tensors }

    /// Returns the family that a state dict fits, or else comes closest to: all of it, or the part of it under a prefix.
    ///
    /// - Parameter prefix: the prefix that the user asks for; nil for the first that fits.
    static func closest(to stateDict: StateDict, options: ModelOptions, under prefix: String? = nil) -> FamilyMatch {
        if let prefix { return match(NetworkPart(stateDict, under: prefix), options) }
        let whole = closestFamily(to: stateDict, options: options)
        guard !whole.problems.isEmpty else { return whole }
        let prefixes = NetworkPart.prefixes(in: stateDict, landmarks: ModelFamilies.all.map { $0.landmark })
        let parts = prefixes.map { match(NetworkPart(stateDict, under: $0), options) }
        let fitting = parts.filter(\.problems.isEmpty)
        // Where nothing fits, the part that comes closest tells best what is wrong.
        guard var best = fitting.first ?? ([whole] + parts).min(by: { $0.rank < $1.rank }) else { return whole }
        best.otherPrefixes = fitting.dropFirst().map(\.prefix)
        return best
    }

    private static func match(_ part: NetworkPart, _ options: ModelOptions) -> FamilyMatch {
        var match = closestFamily(to: part.stateDict, options: options)
        match.prefix = part.prefix
        let inside = match.strays
        match.strays = StrayTensors(beside: part.beside)
        match.strays.add(inside, prefix: part.prefix)
        return match
    }

    /// Returns the family that a state dict fits as it is, or else comes closest to. Candidates are the families whose
    /// landmark it has, or all families if it has none. The one with the fewest problems wins, then the one whose names are
    /// most alike.
    private static func closestFamily(to stateDict: StateDict, options: ModelOptions) -> FamilyMatch {
        let names = Set(stateDict.tensors.map(\.name))
        let marked = ModelFamilies.all.filter { names.contains($0.landmark) }
        let matches = (marked.isEmpty ? ModelFamilies.all : marked).map {
            FamilyMatch($0, stateDict, options: options)
        }
        return matches.min { $0.rank < $1.rank }!
    }

    /// The order of candidates. If a family is not close, its number of problems is ignored, because the smallest
    /// network would have the fewest.
    private var rank: (Int, Double) { (isClose ? problems.count : .max, -likeness) }
}

/// The error that the tensors of a file are not a network that Overtile knows.
package struct ArchitectureError: Error, CustomStringConvertible, Sendable {
    /// The file.
    package let path: String
    /// The family that it is closest to: "the paper's U-Net".
    package let closest: String
    /// The content of the file, if it is not much like any family; nil if it is clearly meant to be of the closest one.
    package let contents: String?
    /// The differences from the closest family, one sentence each.
    package let problems: [String]
    /// The result of wiring the tensors by their shapes; nil if that was not tried.
    package let attempt: String?
    /// Three statements of Python that export the network to ONNX, with the file's number of bands; none where the network is
    /// understood, and could not be run in any form.
    package let export: [String]

    init(path: String, _ match: FamilyMatch, _ stateDict: StateDict, attempt: String? = nil) {
        self.attempt = attempt
        export = Self.export(path: path, stateDict)
        self.path = path
        closest = match.family.title
        problems = match.problems
        contents = match.isClose ? nil : Self.contents(stateDict)
    }

    /// Makes an error about a file whose tensors fit a family, but whose network cannot be run.
    init(path: String, closest: String, problem: any Error) {
        self.path = path
        self.closest = closest
        problems = ["\(problem)"]
        contents = nil
        attempt = nil
        export = []
    }

    /// The bands are those of the first convolution in the file or, where it is sorted by name, the fewest of any that is
    /// not computed channel by channel; what has none gets three.
    private static func export(path: String, _ stateDict: StateDict) -> [String] {
        let weights = stateDict.tensors.filter { $0.tensor.shape.count == 4 && $0.name.hasSuffix("weight") }
        let counts = weights.map { $0.tensor.shape[1] }
        let read = stateDict.isSortedByName ? counts.filter { $0 > 1 }.min() ?? counts.min() : counts.first
        let bands = read.flatMap { (1...4096).contains($0) ? $0 : nil } ?? 3
        let file = ModelFileError.quoted(FileName.last(of: path))
        guard !stateDict.isScript else { return PythonExport.statements(script: file, bands: bands) }
        let key = stateDict.key?.split(separator: ".").map { "[\(ModelFileError.quoted(String($0)))]" }.joined() ?? ""
        let load =
            if path.hasSuffix(".safetensors") {
                "net.load_state_dict(safetensors.torch.load_file(\(file)))"
            } else if stateDict.modules.isEmpty {
                "net.load_state_dict(torch.load(\(file))\(key))"
            } else {
                "net = torch.load(\(file), weights_only=False)\(key)"
            }
        return PythonExport.statements(loading: load, bands: bands)
    }

    private static func contents(_ stateDict: StateDict) -> String {
        guard !stateDict.tensors.isEmpty else { return "it holds no tensors" }
        let names = stateDict.tensors.prefix(3).map { ModelFileError.quoted($0.name) }.joined(separator: ", ")
        return "its \(stateDict.tensors.count) tensors start with \(names)"
    }

    /// One line: the file, what it looks like, and what keeps it from being that.
    package var description: String {
        let shown = problems.prefix(4).joined(separator: "; ")
        let rest = problems.count > 4 ? "; and \(problems.count - 4) more" : ""
        let way = export.isEmpty ? "" : "; export it to ONNX in Python: \(export.joined(separator: "; "))"
        guard let contents else { return "\(path): looks like \(closest), but \(shown)\(rest)\(way)" }
        let known = ModelFamilies.all.map { $0.title }.joined(separator: ", ")
        let tried = attempt.map { "; by its shapes: \($0)" } ?? ""
        return "\(path): not a network that Overtile knows (\(known)): \(contents); closest is \(closest), "
            + "but \(shown)\(rest)\(tried)\(way)"
    }
}
