import NetworkGraph
import StoredTensors
import WeightFiles

/// A state dict that remembers which tensors were asked for, so that all problems can be reported at once.
struct ParameterTable {
    private let tensors: [String: ConstantTensor]
    private let order: [String]
    /// The names in the order of their bytes, in which those with one prefix are neighbours.
    private let sorted: [String]
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
        sorted = order.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func contains(_ name: String) -> Bool { tensors[name] != nil }

    func contains(prefix: String) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].utf8.lexicographicallyPrecedes(prefix.utf8) { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low].utf8.starts(with: prefix.utf8)
    }

    /// Returns how many of `prefix` with the numbers from 0 on are there without a gap, at most `most`.
    func count(upTo most: Int, _ prefix: (Int) -> String) -> Int {
        var count = 0
        while count < most, contains(prefix: prefix(count)) { count += 1 }
        return count
    }

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

    /// Marks the tensors whose names start with `prefix` as known, although the network does not use them.
    mutating func ignore(prefix: String) { asked.formUnion(order.filter { $0.hasPrefix(prefix) }) }

    /// Notes what is wrong with tensors that have the right shapes each for itself.
    mutating func note(_ problem: String) { misfits.append(problem) }

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
