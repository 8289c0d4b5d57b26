import NetworkGraph

/// Builds a graph layer by layer out of named parameters.
///
/// A layer has as many inputs as the map before it has channels, and as many outputs as its weights say. So widths need
/// no formula, and contradictions are noted in `parameters`.
struct NetworkBuilder {
    /// A feature map in the graph, with its number of channels.
    struct Map {
        let value: Graph.Value
        let channels: Int
    }

    var parameters: ParameterTable
    var graph: Graph
    let input: Map

    /// What the tensors left open so far, and how it was settled.
    var assumptions = SettledAssumptions()

    /// Begins a graph for an input of so many bands.
    init(_ parameters: ParameterTable, bands: Int) {
        self.parameters = parameters
        graph = Graph(inputChannels: bands)
        input = Map(value: graph.input, channels: bands)
    }

    /// Adds a 3 x 3 convolution of a block, padded so that the map keeps its size, or valid.
    ///
    /// - Parameter norm: the batch norm behind it, whose statistics tell the number of outputs if the weights are
    ///   missing.
    mutating func convolution(_ name: String, on map: Map, padded: Bool, norm: String?) -> Map {
        let outputs = norm.flatMap { parameters.channels("\($0).running_mean", rank: 1) } ?? map.channels
        let convolution = parameters.convolution(
            name, inputs: map.channels, outputs: outputs, kernel: 3, biases: "convolutions")
        let source = padded ? append(.zeroPadding(1), map, label: name) : map
        return append(convolution, source, label: name)
    }

    mutating func batchNorm(_ name: String, on map: Map) -> Map {
        append(.affine(parameters.batchNorm(name, channels: map.channels)), map, label: name)
    }

    mutating func relu(_ map: Map, label: String) -> Map { append(.relu, map, label: label) }

    /// Adds padded 3 x 3 convolutions, each with its batch norm and ReLU.
    mutating func paddedBlock(_ layers: [(convolution: String, norm: String)], on map: Map) -> Map {
        layers.reduce(map) { map, layer in
            let convolved = convolution(layer.convolution, on: map, padded: true, norm: layer.norm)
            return relu(batchNorm(layer.norm, on: convolved), label: layer.convolution)
        }
    }

    mutating func pooled(_ map: Map, label: String, ceilMode: Bool = false) -> Map {
        append(.maxPooling(extent: 2, stride: 2, ceilMode: ceilMode), map, label: "pooling of \(label)")
    }

    /// Adds a 2 x 2 up-convolution.
    ///
    /// - Parameter outputs: the number of outputs if the weights are missing.
    mutating func upConvolution(_ name: String, on map: Map, outputs: Int) -> Map {
        let convolution = parameters.upConvolution(name, inputs: map.channels, outputs: outputs)
        let value = graph.append(.transposedConvolution(convolution), map.value, label: name)
        return Map(value: value, channels: convolution.outputChannels)
    }

    mutating func bilinear(_ map: Map, alignCorners: Bool, label: String) -> Map {
        append(.bilinearUpsampling(factor: 2, alignCorners: alignCorners), map, label: label)
    }

    /// Pads a map with zeros, or crops it, to the size of the reference.
    mutating func fitted(_ map: Map, to reference: Map, label: String) -> Map {
        Map(value: graph.append(.fitToSize, map.value, reference.value, label: label), channels: map.channels)
    }

    mutating func concatenated(_ maps: [Map], label: String) -> Map {
        let value = graph.append(.concatenation, maps.map(\.value), label: label)
        return Map(value: value, channels: maps.map(\.channels).reduce(0, +))
    }

    /// Adds the 1 x 1 convolution to the classes, which has a bias in every family.
    mutating func head(_ name: String, on map: Map) {
        let head = parameters.convolution(name, inputs: map.channels, outputs: 1, kernel: 1, biases: nil)
        _ = append(head, map, label: name)
    }

    mutating func append(_ convolution: Convolution, _ map: Map, label: String) -> Map {
        let value = graph.append(.convolution(convolution), map.value, label: label)
        return Map(value: value, channels: convolution.outputChannels)
    }

    /// Adds an operation that keeps the number of channels.
    mutating func append(_ operation: Operation, _ map: Map, label: String) -> Map {
        Map(value: graph.append(operation, map.value, label: label), channels: map.channels)
    }

    /// "5 levels, widths 64, 128, 256, 512, 1024", from full resolution down.
    func text(widths: [Int]) -> String {
        let levels = widths.count == 1 ? "1 level" : "\(widths.count) levels"
        return "\(levels), widths \(widths.map(String.init).joined(separator: ", "))"
    }
}
