import NetworkGraph

/// Why a network cannot be trained, or not in the way that was asked for, in one line that says what to do.
package struct TrainingError: Error, CustomStringConvertible, Sendable {
    /// The line.
    package let description: String

    /// An error with this message.
    package init(_ description: String) { self.description = description }

    init(_ node: Graph.Node, _ problem: String) {
        self.init("\(node.label.isEmpty ? node.operation.name : node.label): \(problem)")
    }
}
