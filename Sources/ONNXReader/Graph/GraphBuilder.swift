import FileIO
import StoredTensors

/// Makes an `ONNXGraph` of a `GraphProto`. Names become indices, the order of nodes is checked, and what the output
/// does not need is left out.
struct GraphBuilder {
    private let file: MappedFile
    private var names: [String] = []
    private var constants: [Int: TensorProto] = [:]
    /// The indices of values by name, one dictionary for each nested graph, the innermost last.
    private var scopes: [[String: Int]] = []

    private init(_ file: MappedFile) { self.file = file }

    /// - Parameter output: the name of the output that is wanted; nil for the first that could be a map.
    static func graph(
        _ proto: GraphProto, opset: Int, output: String?, file: MappedFile
    ) throws(ModelFileError) -> ONNXGraph {
        var builder = GraphBuilder(file)
        let input = try builder.input(of: proto)
        builder.scopes.append([:])
        let inputIndex = try builder.define(input.name, as: "its input")
        let nodes = try builder.nodes(of: proto)
        var output = output ?? ""
        if output.isEmpty { output = try builder.output(of: proto) }
        let end = GraphEnd(at: try builder.index(of: output, for: "the graph's output"), nodes)
        let live = builder.live(nodes, for: end.scores)
        let graphInput = try builder.checked(input, readers: live.filter { $0.inputs.contains(inputIndex) })
        return ONNXGraph(
            input: graphInput, outputName: output, otherOutputs: proto.outputs.map(\.name).filter { $0 != output },
            opset: opset, nodes: live, constants: builder.constants, inputIndex: inputIndex, outputIndex: end.scores,
            classAxis: end.classAxis, names: builder.names, file: file)
    }

    // MARK: - Names

    private mutating func define(_ name: String, as role: String) throws(ModelFileError) -> Int {
        guard !name.isEmpty else { throw file.error(.malformed, "\(role) has no name") }
        guard !scopes.contains(where: { $0[name] != nil }) else {
            throw file.error(
                .malformed, "\(role) is named \(ModelFileError.quoted(name)), which something before it is already")
        }
        names.append(name)
        scopes[scopes.count - 1][name] = names.count - 1
        return names.count - 1
    }

    private func find(_ name: String) -> Int? { scopes.lazy.reversed().compactMap { $0[name] }.first }

    private func index(of name: String, for reader: String) throws(ModelFileError) -> Int {
        guard let index = find(name) else {
            throw file.error(
                .malformed, "\(reader) is \(ModelFileError.quoted(name)), which nothing in the graph gives")
        }
        return index
    }

    // MARK: - Nodes

    /// Reads the constants and nodes of a graph or a branch into the innermost scope.
    private mutating func nodes(of proto: GraphProto) throws(ModelFileError) -> [ONNXNode] {
        for tensor in proto.initializers {
            constants[try define(tensor.name, as: "an initializer")] = tensor
        }
        var nodes: [ONNXNode] = []
        let order = try NodeOrder(proto, file, label: Self.label) { find($0) != nil }
        for position in order.positions {
            nodes.append(try self.node(proto.nodes[position]))
        }
        return nodes
    }

    private mutating func node(_ node: NodeProto) throws(ModelFileError) -> ONNXNode {
        let label = Self.label(node)
        var inputs: [Int?] = []
        for name in node.inputs {
            guard !name.isEmpty else {
                inputs.append(nil)
                continue
            }
            inputs.append(try self.index(of: name, for: "an input of \(label)"))
        }
        var attributes: [String: AttributeProto.Value] = [:]
        for attribute in node.attributes {
            guard attributes.updateValue(attribute.value, forKey: attribute.name) == nil else {
                throw file.error(.malformed, "\(label) has attribute \(ModelFileError.quoted(attribute.name)) twice")
            }
        }
        var branches: [String: ONNXBranch] = [:]
        if node.operatorType == "If" {
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
                if case .graph(let proto) = value { branches[name] = try branch(proto) }
            }
        }
        var outputs: [Int?] = []
        for name in node.outputs {
            outputs.append(name.isEmpty ? nil : try define(name, as: "an output of \(label)"))
        }
        return ONNXNode(
            name: node.name, operatorType: node.operatorType, domain: node.domain, attributes: attributes,
            inputs: inputs, outputs: outputs, branches: branches, label: label)
    }

    private mutating func branch(_ proto: GraphProto) throws(ModelFileError) -> ONNXBranch {
        scopes.append([:])
        defer { scopes.removeLast() }
        let nodes = try nodes(of: proto)
        var outputs: [Int] = []
        for output in proto.outputs { outputs.append(try index(of: output.name, for: "a branch's output")) }
        return ONNXBranch(nodes: nodes, outputs: outputs)
    }

    private static func label(_ node: NodeProto) -> String {
        let type = ModelFileError.plain(node.operatorType)
        guard node.name.isEmpty else { return "\(type) node \(ModelFileError.quoted(node.name))" }
        return "the \(type) node that gives \(ModelFileError.quoted(node.outputs.first ?? ""))"
    }

    /// Returns the nodes on which the output depends.
    private func live(_ nodes: [ONNXNode], for output: Int) -> [ONNXNode] {
        var needed: Set<Int> = [output]
        var live: [ONNXNode] = []
        for node in nodes.reversed() where node.outputs.contains(where: { $0.map(needed.contains) ?? false }) {
            needed.formUnion(node.needs)
            live.append(node)
        }
        return live.reversed()
    }

    // MARK: - Inputs and outputs

    /// Returns the one input that is not an initializer.
    private func input(of proto: GraphProto) throws(ModelFileError) -> ValueInfoProto {
        let initializers = Set(proto.initializers.map(\.name))
        let inputs = proto.inputs.filter { !initializers.contains($0.name) }
        guard let input = inputs.first else { throw file.error(.unsupportedNetwork, "its graph has no input") }
        guard inputs.count == 1 else {
            let names = inputs.prefix(4).map { ModelFileError.quoted($0.name) }.joined(separator: ", ")
            throw file.error(
                .unsupportedNetwork,
                "its graph has \(inputs.count) inputs (\(names)\(inputs.count > 4 ? ", ..." : "")), "
                    + "and a scene is one: export the network with a single input of all bands")
        }
        return input
    }

    /// Returns the name of the first output that is declared with four axes, or else of the first one.
    private func output(of proto: GraphProto) throws(ModelFileError) -> String {
        guard let output = proto.outputs.first(where: { $0.shape?.count == 4 }) ?? proto.outputs.first else {
            throw file.error(.malformed, "its graph has no output")
        }
        return output.name
    }

    private func checked(_ input: ValueInfoProto, readers: [ONNXNode]) throws(ModelFileError) -> ONNXGraph.Input {
        let name = ModelFileError.quoted(input.name)
        guard input.isTensor, let shape = input.shape else {
            throw file.error(
                .unsupportedNetwork,
                "its input \(name) is no tensor of known rank: export the network with an input of four axes "
                    + "(batch, bands, height, width)")
        }
        let text = "(" + shape.prefix(8).map(\.description).joined(separator: ", ") + ")"
        guard shape.count == 4 else {
            throw file.error(
                .unsupportedNetwork,
                "its input \(name) has shape \(text), and a tile has four axes (batch, bands, height, width)")
        }
        let type = input.typeCode.flatMap { ElementType(onnx: $0) }
        // Whole numbers that are made floats at once are the pixels themselves.
        let isConverted = readers.allSatisfy { ["Cast", "DequantizeLinear"].contains($0.operatorType) }
        if let code = input.typeCode, type == nil || type == .bool || (type?.isInteger == true && !isConverted) {
            throw file.error(
                .unsupportedNetwork,
                "its input \(name) takes elements of type \(ElementType.name(onnx: code)): export the network with a "
                    + "float32 input")
        }
        if case .fixed(let batch) = shape[0], batch != 1 {
            throw file.error(
                .unsupportedNetwork,
                "its input \(name) has shape \(text), a batch of \(batch): export the network with a batch of 1, or "
                    + "an open one")
        }
        // Exporters from TensorFlow begin with a node that moves the channels to the front.
        let isChannelsLast =
            !readers.isEmpty
            && readers.allSatisfy {
                guard $0.operatorType == "Transpose", case .ints(let order)? = $0.attributes["perm"] else {
                    return false
                }
                return order == [0, 3, 1, 2]
            }
        return ONNXGraph.Input(
            name: input.name, shape: shape, isChannelsLast: isChannelsLast,
            integerType: type?.isInteger == true ? type?.rawValue : nil)
    }
}
