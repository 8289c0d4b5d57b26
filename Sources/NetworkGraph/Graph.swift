/// A network as operations on maps, in an order in which each comes after its inputs.
///
///     var graph = Graph(inputChannels: 3)
///     let map = graph.append(.convolution(Convolution(weights: weights)), graph.input, label: "down.0")
///     graph.append(.relu, map)  // the last one appended is the output
package struct Graph: Sendable {
    /// One operation, and where its inputs come from.
    package struct Node: Sendable {
        /// What is done to the inputs.
        package var operation: Operation
        /// The maps that it reads, in the operation's order.
        package var inputs: [Value]
        /// Where the operation comes from, in the model file's own words; for messages.
        package var label: String
    }

    /// The name of a map within a graph: that which a node computes.
    package struct Value: Hashable, Sendable {
        /// Position of the node in `Graph.nodes`.
        package let index: Int

        /// The map of the node at a position.
        package init(index: Int) {
            self.index = index
        }
    }

    /// All operations; the first one is the input, and each comes after those that it reads.
    package private(set) var nodes: [Node] = []
    /// The map that the network is run for.
    package private(set) var output = Value(index: 0)

    /// A graph that gives its input of so many channels as it is.
    package init(inputChannels: Int) {
        nodes = [Node(operation: .input(channels: inputChannels), inputs: [], label: "input")]
    }

    /// The map that the network is given.
    package var input: Value { Value(index: 0) }

    /// Appends an operation on maps that are already there and makes its map the graph's output.
    ///
    /// - Parameter label: where the operation comes from, for messages.
    /// - Returns: the new map.
    @discardableResult
    package mutating func append(_ operation: Operation, _ inputs: Value..., label: String = "") -> Value {
        append(operation, inputs, label: label)
    }

    /// Appends an operation on a list of maps that are already there and makes its map the graph's output.
    @discardableResult
    package mutating func append(_ operation: Operation, _ inputs: [Value], label: String = "") -> Value {
        precondition(inputs.allSatisfy { $0.index < nodes.count }, "inputs come before what reads them")
        nodes.append(Node(operation: operation, inputs: inputs, label: label))
        output = Value(index: nodes.count - 1)
        return output
    }

    /// Makes a map the graph's output; what it does not depend on is left out.
    package mutating func end(at value: Value) {
        output = value
        self = removingUnread()
    }

    /// The node that computes a map.
    package subscript(value: Value) -> Node { nodes[value.index] }

    /// Channels of the map that the network is given.
    var inputChannels: Int {
        guard case .input(let channels) = nodes[0].operation else {
            preconditionFailure("a graph starts with its input")
        }
        return channels
    }

    /// For each node, the nodes that read it, one that reads it twice twice.
    package var consumers: [[Value]] {
        var consumers = Array(repeating: [Value](), count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { consumers[input.index].append(Value(index: index)) }
        }
        return consumers
    }

    /// A graph in which `transform` has rewritten each node, in order.
    ///
    /// - Parameter transform: appends to the new graph whatever stands for the node, whose inputs are already the new
    ///   graph's, and returns its map.
    func rewritten(_ transform: (Value, Node, inout Graph) -> Value) -> Graph {
        var result = Graph(inputChannels: inputChannels)
        var values = [result.input]
        for index in nodes.indices.dropFirst() {
            var node = nodes[index]
            node.inputs = node.inputs.map { values[$0.index] }
            values.append(transform(Value(index: index), node, &result))
        }
        result.output = values[output.index]
        return result
    }
}

/// What makes a graph impossible to run: a bug in a builder, or a model file that contradicts itself.
package struct GraphError: Error, CustomStringConvertible, Sendable {
    /// The node's label, and what is wrong there, in one line.
    package let description: String

    init(_ node: Graph.Node, _ problem: String) {
        description = "\(node.label.isEmpty ? node.operation.name : node.label): \(problem)"
    }
}
