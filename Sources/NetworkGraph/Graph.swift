/// A network as operations on maps, in an order in which each comes after its inputs.
public struct Graph: Sendable {
    /// One operation and where its inputs come from.
    public struct Node: Sendable {
        public var operation: Operation
        public var inputs: [Value]
        /// Where the operation comes from, in the model file's own words; for messages.
        public var label: String
    }

    /// The map that a node computes.
    public struct Value: Hashable, Sendable {
        /// Position of the node in `Graph.nodes`.
        public let index: Int

        package init(index: Int) {
            self.index = index
        }
    }

    public private(set) var nodes: [Node] = []
    /// The map that the network is run for.
    public private(set) var output = Value(index: 0)

    public init(inputChannels: Int) {
        nodes = [Node(operation: .input(channels: inputChannels), inputs: [], label: "input")]
    }

    public var input: Value { Value(index: 0) }

    /// Appends an operation on maps that are already there and makes its map the graph's output.
    @discardableResult
    public mutating func append(_ operation: Operation, _ inputs: Value..., label: String = "") -> Value {
        append(operation, inputs, label: label)
    }

    @discardableResult
    public mutating func append(_ operation: Operation, _ inputs: [Value], label: String = "") -> Value {
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

    public subscript(value: Value) -> Node { nodes[value.index] }

    /// For each node, the nodes that read it.
    public var consumers: [[Value]] {
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
        guard case .input(let channels) = nodes[0].operation else {
            preconditionFailure("a graph starts with its input")
        }
        var result = Graph(inputChannels: channels)
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
public struct GraphError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ node: Graph.Node, _ problem: String) {
        description = "\(node.label.isEmpty ? node.operation.name : node.label): \(problem)"
    }
}
