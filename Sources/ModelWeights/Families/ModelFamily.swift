package import NetworkGraph

/// A family of networks that share their code and so the names of their parameters.
///
/// A new family is one file: a type that conforms, and its entry in `ModelFamilies.all`.
package protocol ModelFamily: SendableMetatype {
    /// What people call it, for messages: "the paper's U-Net".
    static var title: String { get }
    /// A parameter that every network of the family has and others hardly have by chance.
    static var landmark: String { get }
    /// Builds the graph from the parameters' names and shapes; what does not fit is noted in the table.
    ///
    /// - Returns: nil where the parameters are too few to build anything.
    static func network(from parameters: inout ParameterTable) -> RecognizedNetwork?
}

/// A graph and what to say about it.
package struct RecognizedNetwork {
    package var graph: Graph
    /// One line: levels, widths, normalisation, upsampling.
    package var summary: String
}

package enum ModelFamilies {
    package static let all: [any ModelFamily.Type] = [PaperUNetFamily.self]
}
