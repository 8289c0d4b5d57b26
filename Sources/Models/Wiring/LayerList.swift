import StoredTensors
import WeightFiles

/// The layers of a checkpoint of no known family, in the order in which they were registered, as the shapes of their
/// tensors tell them.
struct LayerList {
    /// A convolution or up-convolution, and what goes with it.
    struct Convolution {
        let name: String
        /// The first two axes of the weights: (out channels, in channels) of a convolution, (in channels, out channels) of
        /// an up-convolution.
        let rows: Int
        let columns: Int
        let kernel: Int
        let hasBias: Bool
        /// True if it may be an up-convolution.
        var mayDouble: Bool
        /// True if it may be a convolution.
        var mayConvolve: Bool
        /// The norm behind it, or in front of it.
        var norm: Norm?
        /// The PReLU behind it, and its number of slopes.
        var slopes: (name: String, count: Int)?
    }

    /// A batch norm.
    struct Norm {
        let name: String
        let channels: Int
        /// True if it stands in front of its convolution.
        var isBefore = false
        /// True if the numbers in the names leave room for an activation between the convolution and the norm; nil if the
        /// names have no numbers.
        var isBehindActivation: Bool?
    }

    private(set) var convolutions: [Convolution] = []
    /// What kept the list from being complete; nil if nothing did.
    private(set) var problem: String?

    /// The most layers of a network that is looked at.
    static let largestCount = 200
    private static let channelCounts = 1...1 << 20
    private static let kernels = 1...31

    init(_ stateDict: StateDict) {
        var groups: [(name: String, parts: [String: [Int]])] = []
        var places: [String: Int] = [:]
        for (name, tensor) in stateDict.tensors {
            let (owner, part) = Self.split(name)
            if let place = places[owner] {
                groups[place].parts[part] = tensor.shape
            } else {
                places[owner] = groups.count
                groups.append((owner, [part: tensor.shape]))
            }
            guard groups.count <= 4 * Self.largestCount else {
                problem = "it has more than \(4 * Self.largestCount) layers"
                return
            }
        }
        var pending: [Norm] = []
        for (name, parts) in groups where problem == nil { read(name, parts, &pending) }
        guard problem == nil else { return }
        if convolutions.isEmpty { problem = "it has no convolutions" }
        if convolutions.count > Self.largestCount { problem = "it has more than \(Self.largestCount) convolutions" }
        if problem == nil { place(pending) }
    }

    private static func split(_ name: String) -> (owner: String, part: String) {
        guard let dot = name.lastIndex(of: ".") else { return ("", name) }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }

    private mutating func read(_ name: String, _ parts: [String: [Int]], _ pending: inout [Norm]) {
        let known: Set<String> = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
        func quoted(_ part: String) -> String { ModelFileError.quoted(name.isEmpty ? part : "\(name).\(part)") }
        if let other = parts.keys.sorted().first(where: { !known.contains($0) }) {
            problem = "\(quoted(other)) is no weight of a convolution or norm"
            return
        }
        if let mean = parts["running_mean"] {
            guard mean.count == 1, Self.channelCounts.contains(mean[0]), parts["running_var"] == mean,
                (parts["weight"] ?? mean) == mean, (parts["bias"] ?? mean) == mean
            else {
                problem = "\(quoted("running_mean")) and the tensors beside it are no batch norm"
                return
            }
            pending.append(Norm(name: name, channels: mean[0]))
            convolutionsBehind.append(convolutions.count)
            return
        }
        guard let weight = parts["weight"] else {
            problem = "\(quoted(parts.keys.sorted().first ?? "")) has no weights beside it"
            return
        }
        switch weight.count {
        case 4:
            let bias = parts["bias"]
            guard weight[2] == weight[3], Self.kernels.contains(weight[2]), Self.channelCounts.contains(weight[0]),
                Self.channelCounts.contains(weight[1]), bias == nil || bias!.count == 1
            else {
                problem = "\(quoted("weight")) is of a shape that no square convolution has"
                return
            }
            let (rows, columns, kernel) = (weight[0], weight[1], weight[2])
            convolutions.append(
                Convolution(
                    name: name, rows: rows, columns: columns, kernel: kernel, hasBias: bias != nil,
                    mayDouble: [2, 4].contains(kernel) && (bias.map { $0[0] == columns } ?? true)
                        || kernel == 3 && rows != columns && bias.map { $0[0] == columns } ?? false,
                    mayConvolve: bias.map { $0[0] == rows } ?? true))
        case 1 where parts["bias"] == nil && !convolutions.isEmpty:
            convolutions[convolutions.count - 1].slopes = (name, weight[0])
        case 1:
            problem = "\(quoted("weight")) belongs to a norm that keeps no statistics (group, layer or instance norm)"
        default:
            problem = "\(quoted("weight")) has \(weight.count) axes, as no layer of a U-Net has"
        }
    }

    /// For each norm, how many convolutions were registered before it.
    private var convolutionsBehind: [Int] = []

    /// Gives each norm to a convolution: the i-th of a module to its i-th convolution where it has as many of both, else
    /// to the last convolution before it, or to the one behind it, whose channels fit.
    private mutating func place(_ norms: [Norm]) {
        let byModule = Dictionary(grouping: norms.indices) { Self.split(norms[$0].name).owner }
        let convolutionsByModule = Dictionary(grouping: convolutions.indices) {
            Self.split(convolutions[$0].name).owner
        }
        var left: [Int] = []
        for (module, own) in byModule.sorted(by: { $0.value[0] < $1.value[0] }) {
            let beside = convolutionsByModule[module] ?? []
            let follows = zip(own, beside).allSatisfy { fits(norms[$0], behind: $1) }
            let precedes = zip(own, beside).allSatisfy { fits(norms[$0], before: $1) }
            let startsWithNorm = own.first.map { convolutionsBehind[$0] <= (beside.first ?? .max) } ?? false
            guard own.count == beside.count, follows || precedes else {
                left += own
                continue
            }
            for (norm, convolution) in zip(own, beside) {
                give(norms[norm], to: convolution, isBefore: precedes && (startsWithNorm || !follows))
            }
        }
        for index in left.sorted() {
            let behind = convolutionsBehind[index]
            if let owner = (0..<behind).last(where: { convolutions[$0].norm == nil && fits(norms[index], behind: $0) }),
                behind - owner <= 2
            {
                give(norms[index], to: owner, isBefore: false)
            } else if behind < convolutions.count, convolutions[behind].norm == nil, fits(norms[index], before: behind)
            {
                give(norms[index], to: behind, isBefore: true)
            } else {
                problem =
                    "\(ModelFileError.quoted(norms[index].name)) norms \(norms[index].channels) channels, which "
                    + "no convolution beside it gives or takes"
                return
            }
        }
    }

    private func fits(_ norm: Norm, behind index: Int) -> Bool {
        let convolution = convolutions[index]
        return convolution.mayConvolve && convolution.rows == norm.channels
            || convolution.mayDouble && convolution.columns == norm.channels
    }

    private func fits(_ norm: Norm, before index: Int) -> Bool {
        let convolution = convolutions[index]
        return convolution.mayConvolve && convolution.columns == norm.channels
            || convolution.mayDouble && convolution.rows == norm.channels
    }

    private mutating func give(_ norm: Norm, to index: Int, isBefore: Bool) {
        var norm = norm
        norm.isBefore = isBefore
        let (own, other) = (Self.split(norm.name), Self.split(convolutions[index].name))
        if !isBefore, own.owner == other.owner, let place = Int(own.part), let before = Int(other.part) {
            norm.isBehindActivation = place > before + 1
        }
        convolutions[index].norm = norm
        // A norm of other channels tells a convolution from an up-convolution.
        if !isBefore, convolutions[index].rows != convolutions[index].columns {
            if norm.channels == convolutions[index].rows { convolutions[index].mayDouble = false }
            if norm.channels == convolutions[index].columns { convolutions[index].mayConvolve = false }
        }
    }
}
