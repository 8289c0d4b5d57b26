import NetworkGraph

/// A convolution, and what of it and of the layers behind it the weights do not tell.
struct ConvolutionLayer {
    /// How the channels of the input are shared out among the outputs.
    enum Grouping {
        /// Every output reads every input.
        case dense
        /// Every output reads the one input that has its place.
        case depthwise
        /// The second axis of the weights tells it.
        case byWeights
    }

    /// True if layers of its kind have biases.
    enum Biases {
        case none
        case all
        /// Either all layers of a group have one, or none has.
        case allOrNone(String)
    }

    /// The name of the convolution: its weights are `name.weight`.
    var name: String
    /// The name of the batch norm behind it; nil for none.
    var norm: String?
    /// The side of the kernel if the weights are missing.
    var kernel = 3
    var stride = 1
    var dilation = 1
    /// Zeros around the map; nil for as many as keep a map's size where the stride is 1.
    var padding: Borders?
    var grouping = Grouping.dense
    var biases = Biases.none
    /// What the norm adds to the variance.
    var epsilon: Float = 1e-5
    /// The function behind the norm; nil for none.
    var activation: Activation?

    /// Makes a layer of stride 1, without bias.
    init(
        _ name: String, norm: String? = nil, kernel: Int = 3, stride: Int = 1, activation: Activation? = nil
    ) {
        self.name = name
        self.norm = norm
        self.kernel = kernel
        self.stride = stride
        self.activation = activation
    }
}

/// PyTorch's layers, by the names of their parameters.
extension ParameterTable {
    /// Reads a Conv2d, whose number of outputs follows from the weights.
    ///
    /// - Parameters:
    ///   - outputs: where the weights do not tell.
    ///   - biases: the group of layers of which either all or none have a bias; nil if there must be one.
    mutating func convolution(
        _ name: String, inputs: Int, outputs: Int, kernel: Int, biases: String?
    ) -> Convolution {
        let outputs = channels("\(name).weight", rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        let weights = tensor("\(name).weight", shape: [outputs, inputs, kernel, kernel])
        guard let biases else {
            return Convolution(weights: weights, bias: tensor("\(name).bias", shape: [outputs]))
        }
        return Convolution(
            weights: weights, bias: optionalTensor("\(name).bias", shape: [outputs], group: biases))
    }

    /// Reads a ConvTranspose2d of 2 x 2 with stride 2 and a bias, whose number of outputs follows from the weights.
    ///
    /// - Parameter outputs: the number of outputs if the weights are missing.
    mutating func upConvolution(_ name: String, inputs: Int, outputs: Int) -> TransposedConvolution {
        let outputs =
            channels("\(name).weight", axis: 1, rank: 4) ?? channels("\(name).bias", rank: 1) ?? outputs
        return TransposedConvolution(
            weights: tensor("\(name).weight", shape: [inputs, outputs, 2, 2]),
            bias: tensor("\(name).bias", shape: [outputs]), stride: 2)
    }

    /// Reads a Conv2d whose kernel, outputs and groups follow from its weights.
    ///
    /// - Parameters:
    ///   - outputs: the number of outputs if the weights are missing.
    ///   - layer: what of it the weights do not tell.
    mutating func convolution(_ layer: ConvolutionLayer, inputs: Int, outputs: Int) -> Convolution {
        let name = layer.name
        let outputs = channels("\(name).weight", rank: 4) ?? outputs
        var kernel = layer.kernel
        var groups = layer.grouping == .depthwise ? inputs : 1
        if let shape = shape("\(name).weight"), shape.count == 4 {
            if shape[2] == shape[3], Self.kernels.contains(shape[2]) { kernel = shape[2] }
            if layer.grouping == .byWeights, shape[1] > 0, inputs % shape[1] == 0, outputs % (inputs / shape[1]) == 0 {
                groups = inputs / shape[1]
            }
        }
        let weights = tensor("\(name).weight", shape: [outputs, inputs / groups, kernel, kernel])
        let bias: ConstantTensor? =
            switch layer.biases {
            case .none: nil
            case .all: tensor("\(name).bias", shape: [outputs])
            case .allOrNone(let group): optionalTensor("\(name).bias", shape: [outputs], group: group)
            }
        return Convolution(
            weights: weights, bias: bias, stride: layer.stride, dilation: layer.dilation, groups: groups)
    }

    /// The sides of kernels that networks have. The limit keeps padding far from overflow.
    private static let kernels = 1...31

    /// Reads a BatchNorm2d: its running statistics, and weight and bias unless it was made with `affine=False`.
    mutating func batchNorm(_ name: String, channels: Int, epsilon: Float = 1e-5) -> ChannelAffine {
        ignoreNumber("\(name).num_batches_tracked")
        let ones = ConstantTensor(shape: [channels]) { Array(repeating: 1, count: channels) }
        let zeros = ConstantTensor(shape: [channels]) { Array(repeating: 0, count: channels) }
        return ChannelAffine(
            batchNorm: optionalTensor("\(name).weight", shape: [channels], group: "norms") ?? ones,
            bias: optionalTensor("\(name).bias", shape: [channels], group: "norms") ?? zeros,
            mean: tensor("\(name).running_mean", shape: [channels]),
            variance: tensor("\(name).running_var", shape: [channels]), epsilon: epsilon)
    }

    /// Returns how many levels a network has whose parameters of level `first`, `first + 1`, ... start with `prefix`:
    /// at least `least`, and at most `ModelFamilies.mostLevels`.
    func levels(from first: Int, least: Int, _ prefix: (Int) -> String) -> Int {
        var count = 0
        while count < ModelFamilies.mostLevels, contains(prefix: prefix(first + count)) { count += 1 }
        return max(least, count)
    }
}
