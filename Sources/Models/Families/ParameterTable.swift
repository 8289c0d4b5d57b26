import NetworkGraph
import StoredTensors
import WeightFiles

/// A state dict that remembers which tensors were asked for, so that all problems can be reported at once.
struct ParameterTable {
    private let tensors: [String: ConstantTensor]
    private let order: [String]
    private var asked: Set<String> = []
    private var misfits: [String] = []
    private var groups: [String: OptionalGroup] = [:]

    /// Tensors of which either all or none must be there.
    private struct OptionalGroup {
        var isPresent = false
        var absent: [String] = []
    }

    /// The plausible numbers of channels of a map. The limit keeps sums and products of numbers from a hostile file far
    /// from overflow.
    private static let channelCounts = 1...1 << 20

    init(_ stateDict: StateDict) {
        tensors = Dictionary(
            stateDict.tensors.map { name, tensor in (name, ConstantTensor(shape: tensor.shape) { tensor.elements() }) },
            uniquingKeysWith: { first, _ in first })
        order = stateDict.tensors.map(\.name)
    }

    func contains(_ name: String) -> Bool { tensors[name] != nil }

    func contains(prefix: String) -> Bool { order.contains { $0.hasPrefix(prefix) } }

    func shape(_ name: String) -> [Int]? { tensors[name]?.shape }

    /// Returns the number of channels along one axis of a tensor with `rank` axes, or nil if there is no such tensor or
    /// the number is not plausible.
    func channels(_ name: String, axis: Int = 0, rank: Int) -> Int? {
        guard let shape = shape(name), shape.count == rank, Self.channelCounts.contains(shape[axis]) else { return nil }
        return shape[axis]
    }

    /// Returns the tensor if it has the shape that the network needs, or else zeros of that shape, and notes a problem.
    mutating func tensor(_ name: String, shape: [Int]) -> ConstantTensor {
        asked.insert(name)
        guard let tensor = tensors[name] else {
            misfits.append("\(name) is missing")
            return .zeros(shape)
        }
        guard tensor.shape == shape else {
            misfits.append("\(name) has shape \(Self.text(tensor.shape)), expected \(Self.text(shape))")
            return .zeros(shape)
        }
        return tensor
    }

    /// Returns the tensor as `tensor` does, or nil if there is none of that name.
    ///
    /// - Parameter group: the name of a group of tensors, such as the biases of all convolutions. If some of a group
    ///   are there, a missing one is a problem.
    mutating func optionalTensor(_ name: String, shape: [Int], group: String) -> ConstantTensor? {
        guard contains(name) else {
            asked.insert(name)
            groups[group, default: OptionalGroup()].absent.append(name)
            return nil
        }
        groups[group, default: OptionalGroup()].isPresent = true
        return tensor(name, shape: shape)
    }

    /// Marks a tensor of one number as known, if it is there, although the network does not use it.
    mutating func ignoreNumber(_ name: String) {
        guard let shape = shape(name) else { return }
        asked.insert(name)
        if shape != [] && shape != [1] {
            misfits.append("\(name) has shape \(Self.text(shape)), expected a single number")
        }
    }

    /// One sentence for each tensor that is missing or has another shape than the network needs.
    var problems: [String] {
        let missing = groups.sorted { $0.key < $1.key }.filter(\.value.isPresent).flatMap(\.value.absent)
        return misfits + missing.map { "\($0) is missing" }
    }

    /// The names and shapes of the tensors that were not asked for, in the file's order.
    var unasked: [(name: String, shape: [Int])] {
        order.filter { !asked.contains($0) }.map { ($0, tensors[$0]!.shape) }
    }

    /// The first words of the names that were asked for.
    var roots: Set<Substring> { Set(asked.map { $0.prefix { $0 != "." } }) }

    /// Returns a sentence for each tensor that was not asked for, in the file's order.
    ///
    /// - Parameter strays: the names of those that need not be part of it.
    func unexpected(but strays: [String]) -> [String] {
        let strays = Set(strays)
        return unasked.filter { !strays.contains($0.name) }.map {
            "\(ModelFileError.quoted($0.name)) of shape \(Self.text($0.shape)) is not part of it"
        }
    }

    /// The similarity, 0 to 1, between the names in the file and those that were asked for: the share of the words
    /// between dots, without numbers, that occur in both.
    var likeness: Double {
        let (present, wanted) = (Self.words(order), Self.words(asked))
        return Double(present.intersection(wanted).count) / Double(max(1, present.union(wanted).count))
    }

    private static func words(_ names: some Sequence<String>) -> Set<String> {
        Set(names.flatMap { $0.split(separator: ".").map { $0.filter { !$0.isNumber } } })
    }

    private static func text(_ shape: [Int]) -> String {
        "(" + shape.prefix(8).map(String.init).joined(separator: ", ") + (shape.count > 8 ? ", ..." : "") + ")"
    }
}

extension ConstantTensor {
    fileprivate static func zeros(_ shape: [Int]) -> ConstantTensor {
        ConstantTensor(shape: shape) { Array(repeating: 0, count: shape.reduce(1, *)) }
    }
}

/// PyTorch's layers, by the names of their parameters.
extension ParameterTable {
    /// Reads a Conv2d, whose number of outputs follows from the weights.
    ///
    /// - Parameters:
    ///   - outputs: where the weights do not tell.
    ///   - biases: the group of layers of which either all or none have a bias; nil if there must be one.
    mutating func convolution(
        _ name: String, inputs: Int, outputs: Int, kernel: Int, biases: String?
    ) -> Convolution {
        let outputs = channels("\(name).weight", rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        let weights = tensor("\(name).weight", shape: [outputs, inputs, kernel, kernel])
        guard let biases else {
            return Convolution(weights: weights, bias: tensor("\(name).bias", shape: [outputs]))
        }
        return Convolution(
            weights: weights, bias: optionalTensor("\(name).bias", shape: [outputs], group: biases))
    }

    /// Reads a ConvTranspose2d of 2 x 2 with stride 2 and a bias, whose number of outputs follows from the weights.
    ///
    /// - Parameter outputs: the number of outputs if the weights are missing.
    mutating func upConvolution(_ name: String, inputs: Int, outputs: Int) -> TransposedConvolution {
        let outputs =
            channels("\(name).weight", axis: 1, rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        return TransposedConvolution(
            weights: tensor("\(name).weight", shape: [inputs, outputs, 2, 2]),
            bias: tensor("\(name).bias", shape: [outputs]), stride: 2)
    }

    /// Reads a BatchNorm2d: its running statistics, and weight and bias unless it was made with `affine=False`.
    mutating func batchNorm(_ name: String, channels: Int) -> ChannelAffine {
        ignoreNumber("\(name).num_batches_tracked")
        let ones = ConstantTensor(shape: [channels]) { Array(repeating: 1, count: channels) }
        let zeros = ConstantTensor(shape: [channels]) { Array(repeating: 0, count: channels) }
        return ChannelAffine(
            batchNorm: optionalTensor("\(name).weight", shape: [channels], group: "norms") ?? ones,
            bias: optionalTensor("\(name).bias", shape: [channels], group: "norms") ?? zeros,
            mean: tensor("\(name).running_mean", shape: [channels]),
            variance: tensor("\(name).running_var", shape: [channels]))
    }

    /// Returns how many levels a network has whose parameters of level `first`, `first + 1`, ... start with `prefix`:
    /// at least `least`, and at most `ModelFamilies.mostLevels`.
    func levels(from first: Int, least: Int, _ prefix: (Int) -> String) -> Int {
        var count = 0
        while count < ModelFamilies.mostLevels, contains(prefix: prefix(first + count)) { count += 1 }
        return max(least, count)
    }
}
