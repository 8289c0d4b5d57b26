/// Something that shapes leave open about a wired network, and that nobody has said.
///
/// Whoever has pixels of a scene can read the model again with each of the other values (`ModelOptions.shown`), and compare
/// what its norms are given with what they remember.
package struct OpenChoice: Sendable {
    /// The thing that is open.
    package let key: ModelAssumptions.Key
    /// The usual values that were not taken.
    package let others: [String]

    /// Names a thing, and the values that it may have beside the one that was taken.
    package init(key: ModelAssumptions.Key, others: [String]) { (self.key, self.others) = (key, others) }
}

extension Model {
    /// The choices that are open in a network that was wired by its shapes, in the order in which they may be settled;
    /// empty for others.
    ///
    /// A choice that the user or a scene has settled is left out.
    package var openChoices: [OpenChoice] {
        guard !wiring.isEmpty else { return [] }
        return Self.usualValues.compactMap { key, values in
            guard let assumption = assumptions.first(where: { $0.key == key }),
                assumption.origin == .standard || assumption.origin == .evidence
            else { return nil }
            return OpenChoice(key: key, others: values.filter { $0 != assumption.value })
        }
    }

    /// What changes most of what norms are given comes first.
    private static let usualValues: [(ModelAssumptions.Key, [String])] = [
        (.concat, ConcatChoice.allCases.map(\.rawValue)),
        (.order, OrderChoice.allCases.map(\.rawValue)),
        (.activation, ["relu", "leaky0.01", "leaky0.1", "leaky0.2", "leaky0.3", "silu", "relu6"]),
        (.residual, ResidualChoice.allCases.map(\.rawValue)),
        (.pooling, PoolingChoice.allCases.map(\.rawValue)),
        (.upsampling, DoublingChoice.allCases.map(\.rawValue)),
        (.padding, PaddingChoice.allCases.map(\.rawValue)),
    ]
}
