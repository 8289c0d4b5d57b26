package import StoredTensors

/// Resolves an ONNX graph for one size of input: constants are folded, shapes are inferred, and only maps are left.
struct Resolver {
    /// The most numbers that all folded constants may have: far more than shapes and small weights need.
    private static let largestFoldedCount = 1 << 24
    /// The most numbers that all folded constants may have and be made of, as those of relative positions are.
    private static let largestFoldingCount = 1 << 25
    /// The most weights of all selections: 32 MiB, and far more than adaptive pooling or another order of channels needs.
    private static let largestSelectionCount = 1 << 23
    /// The largest extent of an axis. It keeps products of numbers from a hostile file far from overflow.
    static let largestExtent = 1 << 20

    /// The most numbers in a map. It keeps the sum over many maps far from overflow.
    static let largestCount = 1 << 40

    /// The most operations on maps: several times what large networks have.
    private static let mostNodes = 10_000

    /// The most channels of one map: four times those of attention between 4,096 tokens with 16 heads.
    private static let mostChannels = 1 << 18

    /// The most channels that all maps have together, each of which takes memory of its own when tiles are planned.
    private static let mostChannelsOfAll = 1 << 24

    let graph: ONNXGraph
    private var values: [ResolvedValue?]
    private(set) var nodes: [ONNXNetwork.Node] = []
    private var current: ONNXNode?
    private var foldedCount = 0
    private var foldingCount = 0
    private var selectionCount = 0
    private var channelCount = 0

    static func network(_ graph: ONNXGraph, height: Int, width: Int) throws(ModelFileError) -> ONNXNetwork {
        var resolver = Resolver(graph)
        return try resolver.network(height: height, width: width)
    }

    private init(_ graph: ONNXGraph) {
        self.graph = graph
        values = Array(repeating: nil, count: graph.names.count)
    }

    private mutating func network(height: Int, width: Int) throws(ModelFileError) -> ONNXNetwork {
        let input = graph.input
        let shape = ONNXShape(
            channels: try channels(), height: input.height.value ?? height, width: input.width.value ?? width)
        guard (1...Self.largestExtent).contains(shape.height), (1...Self.largestExtent).contains(shape.width) else {
            throw graph.file.error(
                .unsupportedNetwork, "cannot take an input of \(shape.height) x \(shape.width) pixels")
        }
        let name = input.name
        nodes = [
            ONNXNetwork.Node(
                operation: .input, inputs: [], shape: shape, operatorType: "input", name: name, valueName: name)
        ]
        let roles: [MapAxis?] = input.isChannelsLast ? [nil, .height, .width, .channels] : MapValue.canonicalRoles
        values[graph.inputIndex] = .map(MapValue(node: 0, shape, roles: roles))
        for node in graph.nodes { try evaluate(node) }
        // Before the nodes are taken: the output may need one more.
        let output = try output()
        var network = ONNXNetwork(
            nodes: nodes, output: output, isHeightFixed: input.height.value != nil,
            isWidthFixed: input.width.value != nil)
        network.removeUnread()
        return network
    }

    /// Returns the number of bands that the file declares, or else that the first convolution needs.
    private func channels() throws(ModelFileError) -> Int {
        let declared = graph.input.channels
        let first = graph.nodes.first { $0.operatorType == "Conv" && $0.inputs.first == graph.inputIndex }
        let weights = first.flatMap { $0.inputs.count > 1 ? $0.inputs[1] : nil }.flatMap { graph.constants[$0]?.shape }
        var groups = 1
        if case .int(let count)? = first?.attributes["group"] { groups = count }
        let read = weights.flatMap { $0.count == 4 ? $0[1].multipliedReportingOverflow(by: groups) : nil }
        guard let channels = declared.value ?? read?.partialValue, (1...Self.mostBands).contains(channels) else {
            throw graph.file.error(
                .unsupportedNetwork,
                "its input \(ModelFileError.quoted(graph.input.name)) has \(declared) channels: export the network with "
                    + "a fixed number of bands, \(Self.mostBands) at most")
        }
        return channels
    }

    /// Bands of a GeoTIFF, of which there can be no more: a number in a file of a few bytes is to need no more memory.
    private static let mostBands = 65535

    private mutating func output() throws(ModelFileError) -> Int {
        let name = "its output \(ModelFileError.quoted(graph.outputName))"
        guard let value = try value(graph.outputIndex) else {
            throw graph.file.error(.malformed, "\(name) is not computed")
        }
        var map: MapValue?
        if case .map(let own) = value { map = own }
        if case .tokens(let tokens) = value {
            do throws(OperatorProblem) {
                map = try laidOutMap(tokens)
            } catch {
                throw graph.file.error(error.code, "\(name) \(error.reason)")
            }
        }
        guard let map else {
            throw graph.file.error(
                .unsupportedNetwork, "\(name) is no map of scores, but of shape \(value.shape.shapeText)")
        }
        guard map.roles.contains(.height), map.roles.contains(.width) else {
            throw graph.file.error(
                .unsupportedNetwork,
                "\(name) has shape \(map.shape.shapeText) and no height and width: it says something of the whole "
                    + "tile and not of each pixel")
        }
        if let axis = graph.classAxis {
            guard (-map.shape.count..<map.shape.count).contains(axis),
                map.roles[axis < 0 ? axis + map.shape.count : axis] == .channels
            else {
                throw graph.file.error(
                    .unsupportedNetwork,
                    "\(name) is the best along axis \(axis) of shape \(map.shape.shapeText), which are not the classes of "
                        + "each pixel")
            }
        }
        return map.node
    }

    // MARK: - Values

    private mutating func value(_ index: Int) throws(ModelFileError) -> ResolvedValue? {
        if let value = values[index] { return value }
        guard let tensor = graph.constants[index] else { return nil }
        do throws(OperatorProblem) {
            let folded = try FoldedTensor(tensor)
            try charge(folded)
            values[index] = .constant(folded)
            return values[index]
        } catch {
            throw graph.file.error(error.code, "tensor \(ModelFileError.quoted(tensor.name)) \(error.reason)")
        }
    }

    /// Resolves the outputs of a node.
    private mutating func evaluate(_ node: ONNXNode) throws(ModelFileError) {
        if node.operatorType == "If", ONNXNode.isStandard(domain: node.domain) { return try choose(node) }
        var operands: [ResolvedValue?] = []
        for input in node.inputs {
            guard let input else {
                operands.append(nil)
                continue
            }
            guard let value = try value(input) else {
                throw graph.file.error(
                    .unsupportedNetwork,
                    "\(node.label) reads \(ModelFileError.quoted(graph.names[input])), an output that is not computed")
            }
            operands.append(value)
        }
        let call = OperatorCall(node: node, opset: graph.opset, operands: operands)
        current = node
        do throws(OperatorProblem) {
            // What comes of a constant and a map has numbers of its own, too.
            for case .constant(let operand)? in operands {
                if case .lazy = operand.elements { continue }
                try charge(work: min(operand.count, FoldedTensor.largestCount))
            }
            let results = try outputs(of: call)
            for (output, result) in zip(node.outputs, results) {
                guard let output else { continue }
                guard result.shape.count <= TensorLayout.largestRank else {
                    throw OperatorProblem.malformed("gives a value with \(result.shape.count) axes")
                }
                if case .constant(let tensor) = result { try charge(tensor) }
                values[output] = result
            }
        } catch {
            throw graph.file.error(error.code, "\(node.label) \(error.reason)")
        }
    }

    /// Replaces an `If` whose condition is known by the branch that it takes.
    private mutating func choose(_ node: ONNXNode) throws(ModelFileError) {
        guard let input = node.inputs.first ?? nil, case .constant(let condition)? = try value(input),
            let truths = try? condition.integers(), truths.count == 1
        else {
            throw graph.file.error(
                .unsupportedNetwork,
                "\(node.label) has a condition that depends on the scene: export the network without control flow "
                    + "(torch.onnx.export of the module itself, not of a script)")
        }
        guard let branch = node.branches[truths[0] != 0 ? "then_branch" : "else_branch"],
            branch.outputs.count == node.outputs.count
        else { throw graph.file.error(.malformed, "\(node.label) lacks the branch that it chooses, or its outputs") }
        for inner in branch.nodes { try evaluate(inner) }
        for (output, result) in zip(node.outputs, branch.outputs) {
            if let output { values[output] = try value(result) }
        }
    }

    /// Counts the numbers of a constant that was computed or read.
    mutating func charge(_ tensor: FoldedTensor) throws(OperatorProblem) {
        if case .lazy = tensor.elements { return }
        foldedCount += tensor.count
        guard foldedCount <= Self.largestFoldedCount else { throw Self.tooMuchFolding }
        try charge(work: tensor.count)
    }

    /// Counts numbers with which something is computed when the file is read.
    mutating func charge(work count: Int) throws(OperatorProblem) {
        foldingCount += count
        guard foldingCount <= Self.largestFoldingCount else { throw Self.tooMuchFolding }
    }

    private static let tooMuchFolding = OperatorProblem.unsupported(
        "is one of too many that compute with constants: export the network with constants folded")

    /// Refuses to pick more elements of an axis than are computed.
    func checkSelection(of count: Int, from extent: Int) throws(OperatorProblem) {
        guard (1...Self.largestExtent).contains(count), extent <= Self.largestExtent,
            selectionCount + count * extent <= Self.largestSelectionCount
        else { throw .unsupported("picks \(count) elements of an axis of \(extent), more than is computed") }
    }

    /// Counts the weights that pick elements of an axis.
    mutating func chargeSelection(of count: Int, from extent: Int) throws(OperatorProblem) {
        try checkSelection(of: count, from: extent)
        selectionCount += count * extent
    }

    // MARK: - Maps

    /// Appends an operation on maps that gives one of the current node's outputs.
    ///
    /// - Returns: the position of the new node.
    mutating func append(
        _ operation: ONNXOperation, _ inputs: [Int], _ shape: ONNXShape, output: Int = 0
    ) throws(OperatorProblem) -> Int {
        let extents = [shape.channels, shape.height, shape.width]
        guard extents.allSatisfy({ $0 > 0 }) else {
            throw .unsupported(
                "gives nothing for an input of \(nodes[0].shape.height) x \(nodes[0].shape.width) pixels: "
                    + "its output would have shape \(extents.shapeText)")
        }
        guard extents.allSatisfy({ $0 <= Self.largestExtent }), extents.reduce(1, *) <= Self.largestCount,
            shape.channels <= Self.mostChannels
        else {
            throw .unsupported("gives a map of shape \(extents.shapeText), larger than any that is computed")
        }
        channelCount += shape.channels
        guard nodes.count < Self.mostNodes, channelCount <= Self.mostChannelsOfAll else {
            throw .unsupported(
                "is one of more than \(Self.mostNodes) operations, or gives one of more than \(Self.mostChannelsOfAll) "
                    + "channels, which no network needs")
        }
        let node = current!
        let value = node.outputs.indices.contains(output) ? node.outputs[output] : nil
        let valueName = value.map { graph.names[$0] } ?? ""
        nodes.append(
            ONNXNetwork.Node(
                operation: operation, inputs: inputs, shape: shape, operatorType: node.operatorType,
                name: node.name.isEmpty ? valueName : node.name, valueName: valueName))
        return nodes.count - 1
    }

    /// Appends an operation on one map whose axes stay as they are in the file.
    mutating func append(
        _ operation: ONNXOperation, on map: MapValue, shape: ONNXShape? = nil
    ) throws(OperatorProblem) -> [ResolvedValue] {
        let shape = shape ?? self.shape(of: map)
        let node = try append(operation, [map.node], shape)
        return [.map(MapValue(node: node, shape, roles: map.roles))]
    }

    func shape(of map: MapValue) -> ONNXShape { nodes[map.node].shape }
}

extension ONNXExtent {
    /// The extent; nil if it is open.
    package var value: Int? { if case .fixed(let value) = self { value } else { nil } }
}

extension ONNXNetwork {
    /// Removes nodes on which the output does not depend, such as those of which only the shape was needed.
    fileprivate mutating func removeUnread() {
        var isRead = [Bool](repeating: false, count: nodes.count)
        isRead[0] = true
        isRead[output] = true
        for index in nodes.indices.reversed() where isRead[index] {
            for input in nodes[index].inputs { isRead[input] = true }
        }
        var positions: [Int: Int] = [:]
        var kept: [Node] = []
        for (index, node) in nodes.enumerated() where isRead[index] {
            positions[index] = kept.count
            var node = node
            node.inputs = node.inputs.map { positions[$0]! }
            kept.append(node)
        }
        output = positions[output]!
        nodes = kept
    }
}

extension ONNXGraph {
    /// Returns the network for one size of input. Amounts that depend on the size, such as the padding of skips, are
    /// those of this size. To learn which amounts do, resolve the graph at several sizes and compare node by node. For
    /// this purpose, operations that change nothing at this size are kept.
    ///
    /// - Parameters:
    ///   - height: the height of the input in pixels; ignored if the file fixes it, which the result tells.
    ///   - width: the width of the input in pixels; ignored if the file fixes it.
    /// - Throws: `ModelFileError`: `unsupportedNetwork` for operators that are not read, maps that would be empty at this
    ///   size, and outputs that are no maps; `malformed` for nodes that contradict themselves; `unsupportedType`.
    package func resolved(height: Int, width: Int) throws(ModelFileError) -> ONNXNetwork {
        try Resolver.network(self, height: height, width: width)
    }
}
