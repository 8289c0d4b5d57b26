import FileIO
import StoredTensors

/// An order of a graph's nodes in which each comes after those that it reads. Converters do not always write them so.
struct NodeOrder {
    /// The nodes' positions in the file; as they are, where that is such an order.
    private(set) var positions: [Int] = []

    /// Orders nodes: each as early as it can be, after those before it in the file.
    ///
    /// - Parameter isKnown: tells names that something before the graph has.
    /// - Throws: `malformed` where a node needs what it gives itself.
    init(
        _ graph: GraphProto, _ file: MappedFile, label: (NodeProto) -> String, isKnown: (String) -> Bool
    ) throws(ModelFileError) {
        var producers: [String: Int] = [:]
        for (position, node) in graph.nodes.enumerated() {
            for output in node.outputs where !output.isEmpty && producers[output] == nil && !isKnown(output) {
                producers[output] = position
            }
        }
        let needs = graph.nodes.map { node in
            (node.inputs + Self.namesInBranches(of: node)).filter { producers[$0] != nil }
        }
        enum State { case open, begun, done }
        var states = [State](repeating: .open, count: graph.nodes.count)
        for first in graph.nodes.indices where states[first] == .open {
            // What is begun, and how many of its needs have been seen to.
            var path = [(node: first, seen: 0)]
            states[first] = .begun
            while let (node, seen) = path.last {
                guard seen < needs[node].count else {
                    states[node] = .done
                    positions.append(node)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].seen += 1
                let producer = producers[needs[node][seen]]!
                switch states[producer] {
                case .done: continue
                case .open:
                    states[producer] = .begun
                    path.append((producer, 0))
                case .begun:
                    let begun = path.first { $0.node == producer }!
                    let input = needs[producer][begun.node == node ? seen : begun.seen - 1]
                    throw file.error(
                        .malformed,
                        "\(label(graph.nodes[producer])) reads \(ModelFileError.quoted(input)), which depends on what "
                            + "that node gives: the graph has a cycle")
                }
            }
        }
    }

    /// Returns the names that the graphs inside a node's attributes read, from around them or from themselves.
    private static func namesInBranches(of node: NodeProto) -> [String] {
        node.attributes.flatMap { attribute -> [String] in
            guard case .graph(let graph) = attribute.value else { return [] }
            return graph.outputs.map(\.name) + graph.nodes.flatMap { $0.inputs + namesInBranches(of: $0) }
        }
    }
}

/// Where a graph's scores are, before what a file may do with them at its end.
struct GraphEnd {
    /// The value that the network is run for.
    private(set) var scores: Int
    /// The axis along which the file takes the best of the scores; nil if it does not.
    private(set) var classAxis: Int?

    /// Operators that change neither order nor place of classes.
    private static let passing: Set = ["Cast", "Identity", "Squeeze", "Unsqueeze"]

    /// Follows the graph back from an output. An `ArgMax`, and what converts its result, is left out: the classes of
    /// scores are Overtile's own affair, and so the probabilities are known, too.
    init(at output: Int, _ nodes: [ONNXNode]) {
        scores = output
        var producers: [Int: ONNXNode] = [:]
        for node in nodes { for case let output? in node.outputs { producers[output] = node } }
        var value = output
        while let node = producers[value], ONNXNode.isStandard(domain: node.domain),
            let input = node.inputs.first ?? nil
        {
            if node.operatorType == "ArgMax" {
                scores = input
                var axis = 0
                if case .int(let given)? = node.attributes["axis"] { axis = given }
                classAxis = axis
                return
            }
            guard Self.passing.contains(node.operatorType) else { return }
            value = input
        }
    }
}
