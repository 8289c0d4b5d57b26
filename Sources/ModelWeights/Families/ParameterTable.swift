package import Tensors

/// A state dict that remembers what was asked of it, so that every misfit can be reported at once.
package struct ParameterTable {
    private let tensors: [String: ConstantTensor]
    private let order: [String]
    private var used: Set<String> = []
    /// One sentence for each tensor that is missing or has another shape than the network needs.
    package private(set) var problems: [String] = []

    package init(_ stateDict: StateDict) {
        tensors = Dictionary(stateDict.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        order = stateDict.tensors.map(\.name)
    }

    package func contains(_ name: String) -> Bool { tensors[name] != nil }

    package func shape(_ name: String) -> [Int]? { tensors[name]?.shape }

    /// The tensor, when it has the shape that the network needs; else zeros of that shape, and a problem.
    package mutating func tensor(_ name: String, shape: [Int]) -> ConstantTensor {
        used.insert(name)
        guard let tensor = tensors[name] else {
            problems.append("\(name) of shape \(Self.text(shape)) is missing")
            return .zeros(shape)
        }
        guard tensor.shape == shape else {
            problems.append("\(name) has shape \(Self.text(tensor.shape)), expected \(Self.text(shape))")
            return .zeros(shape)
        }
        return tensor
    }

    /// As `tensor`, nil where there is none of that name.
    package mutating func optionalTensor(_ name: String, shape: [Int]) -> ConstantTensor? {
        contains(name) ? tensor(name, shape: shape) : nil
    }

    /// Marks a tensor as known though the network does not compute with it.
    package mutating func ignore(_ name: String) { used.insert(name) }

    /// A sentence for each tensor that nobody asked for, in the file's order.
    package var unexpected: [String] {
        order.filter { !used.contains($0) }.map { "\($0) of shape \(Self.text(tensors[$0]!.shape)) is not part of it" }
    }

    private static func text(_ shape: [Int]) -> String {
        "(" + shape.map(String.init).joined(separator: ", ") + ")"
    }
}

extension ConstantTensor {
    fileprivate static func zeros(_ shape: [Int]) -> ConstantTensor {
        ConstantTensor(shape: shape) { Array(repeating: 0, count: shape.reduce(1, *)) }
    }
}
