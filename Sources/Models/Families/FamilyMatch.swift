import WeightFiles

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

    /// Whether the file plainly means to be of this family: it has the landmark, or more tensors fit than do not.
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
