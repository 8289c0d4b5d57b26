package import NetworkGraph

/// A family of networks that share their code and so the names of their parameters.
///
/// A new family is one file: a type that conforms, and its entry in `ModelFamilies.all`.
package protocol ModelFamily: SendableMetatype {
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
package struct RecognizedNetwork {
    package var graph: Graph
    /// One line: levels, widths, normalisation, upsampling.
    package var summary: String
    /// Depths to which the network can be pruned.
    package var depths: ClosedRange<Int>?
    /// What to say after the family's title to someone who asks for a depth where there is none.
    package var whyNoDepths = "has no depths to choose"
    /// Whether the parameters are the same with and without padding, so that the user has to say.
    package var leavesPaddingOpen = false

    package init(graph: Graph, summary: String) {
        self.graph = graph
        self.summary = summary
    }
}

package enum ModelFamilies {
    package static let all: [any ModelFamily.Type] = [
        PaperUNetFamily.self, DRIVEUNetFamily.self, PytorchUNetFamily.self, PooledSkipUNetFamily.self,
        NestedUNetFamily.self,
    ]

    /// More levels than any network has. It bounds what a hostile file can ask for: beyond it, the stride would be
    /// larger than any tile.
    package static let mostLevels = 12
}
