import NetworkGraph

/// The graph of a wiring, with what its tensors leave open settled.
struct WiredNetwork {
    private(set) var builder: NetworkBuilder
    /// What the batch norms in the graph remember, by the position of their nodes.
    private(set) var norms: [Int: NormStatistics] = [:]
    /// True if the graph ends with probabilities.
    private(set) var givesProbabilities = false

    private let units: [WiringUnit]
    private var activation = ActivationChoice.relu
    private var order = OrderChoice.normFirst
    private var padding = PaddingChoice.zero
    private var pooling = PoolingChoice.max
    private var residual = ResidualChoice.shortcuts
    private let hasShortcuts: Bool
    /// True if there are norms, and all stand in front of convolutions: activations then follow norms alone.
    private let normsStandInFront: Bool
    private let lastUnit: Int

    /// Builds the graph of a wiring.
    ///
    /// - Parameter assumptions: what the user said, and what evidence says.
    init(_ wiring: Wiring, _ units: [WiringUnit], _ parameters: ParameterTable, _ assumptions: SettledAssumptions) {
        self.units = units
        let order = wiring.steps.compactMap { if case .unit(let index) = $0 { index } else { nil } }
        lastUnit = order.last ?? 0
        hasShortcuts = units.contains { $0.shortcut != nil }
        let norms = units.flatMap(\.convolutions).compactMap(\.norm)
        normsStandInFront = !norms.isEmpty && norms.allSatisfy(\.isBefore)
        builder = NetworkBuilder(parameters, bands: units[order.first ?? 0].inputs)
        builder.assumptions = assumptions
        settle(wiring)
        run(wiring)
    }

    /// Settles what this wiring leaves open, in the order in which `inspect` shows it.
    private mutating func settle(_ wiring: Wiring) {
        let convolutions = units.flatMap(\.convolutions)
        if convolutions.contains(where: { $0.slopes == nil }) { activation = builder.assumptions.activation() }
        if convolutions.contains(where: { $0.kernel > 1 }) {
            padding = builder.assumptions.choice(.padding)
        }
        if wiring.depth > 0 { pooling = builder.assumptions.choice(.pooling) }
        if convolutions.contains(where: { $0.norm.map { !$0.isBefore && $0.isBehindActivation == nil } ?? false }) {
            order = builder.assumptions.choice(.order)
        }
        if units.contains(where: { $0.convolutions.count > 1 && $0.inputs == $0.outputs && $0.shortcut == nil }) {
            residual = builder.assumptions.choice(.residual)
        }
    }

    private mutating func run(_ wiring: Wiring) {
        var map = builder.input
        var skips: [NetworkBuilder.Map] = []
        let concat: ConcatChoice = wiring.hasConcatenations ? builder.assumptions.choice(.concat) : .skipFirst
        let upsampling: DoublingChoice = wiring.hasPlainDoubling ? builder.assumptions.choice(.upsampling) : .aligned
        for step in wiring.steps {
            switch step {
            case .unit(let index): map = unit(index, on: map)
            case .halve:
                skips.append(map)
                map = halved(map)
            case .upConvolution(let index): map = upConvolution(units[index].first, on: map)
            case .double:
                map = builder.doubled(map, by: upsampling.way, label: "upsampling to level \(skips.count - 1)")
            case .concatenate:
                let skip = fitted(skips.removeLast(), to: map)
                let parts = concat == .skipFirst ? [skip, map] : [map, skip]
                map = builder.concatenated(parts, label: "skip of level \(skips.count)")
            case .add:
                let skip = fitted(skips.removeLast(), to: map)
                map = builder.sum(map, skip, label: "skip of level \(skips.count)")
            case .drop: skips.removeLast()
            }
        }
        givesProbabilities = builder.end(on: map, label: "head") != .none
    }

    /// A skip whose middle is cut out where convolutions without padding have made the map smaller.
    private mutating func fitted(_ skip: NetworkBuilder.Map, to map: NetworkBuilder.Map) -> NetworkBuilder.Map {
        padding == .valid ? builder.fitted(skip, to: map, label: "skip") : skip
    }

    private mutating func halved(_ map: NetworkBuilder.Map) -> NetworkBuilder.Map {
        guard pooling == .average else { return builder.pooled(map, label: "a skip") }
        let window = Pooling.Window(taps: 2, stride: 2)
        let pooling = Pooling(.average(countsPadding: false), vertical: window, horizontal: window)
        return builder.append(.pooling(pooling), map, label: "pooling of a skip")
    }

    private mutating func unit(_ index: Int, on input: NetworkBuilder.Map) -> NetworkBuilder.Map {
        let unit = units[index]
        var map = input
        for (place, convolution) in unit.convolutions.enumerated() {
            let isLast = place == unit.convolutions.count - 1
            map = self.convolution(
                convolution, on: map, isHead: isLast && index == lastUnit,
                isOpen: isLast && shortcut(of: unit) && residual != .before)
        }
        guard shortcut(of: unit) else { return map }
        let shortcut = unit.shortcut.map { self.convolution($0, on: input, isHead: true, isOpen: true) } ?? input
        map = builder.sum(
            map, padding == .valid ? builder.fitted(shortcut, to: map, label: "shortcut") : shortcut,
            label: unit.first.name)
        return index == lastUnit ? map : activated(map, unit.last)
    }

    /// True if the input of a unit is added to its output.
    private func shortcut(of unit: WiringUnit) -> Bool {
        if unit.shortcut != nil { return true }
        guard unit.convolutions.count > 1, unit.inputs == unit.outputs else { return false }
        return residual == .all || residual == .shortcuts && hasShortcuts
    }

    /// Adds a convolution with its norm and its activation.
    ///
    /// - Parameters:
    ///   - isHead: true if no activation follows.
    ///   - isOpen: true if the activation follows a sum.
    private mutating func convolution(
        _ convolution: LayerList.Convolution, on input: NetworkBuilder.Map, isHead: Bool, isOpen: Bool
    ) -> NetworkBuilder.Map {
        var map = input
        if let norm = convolution.norm, norm.isBefore {
            map = activated(normed(norm, on: map), convolution)
        }
        var layer = ConvolutionLayer(convolution.name, kernel: convolution.kernel)
        layer.biases = convolution.hasBias ? .all : .none
        if padding == .valid { layer.padding = Borders(all: 0) }
        if convolution.kernel == 2 { layer.padding = padding == .valid ? Borders(all: 0) : Self.paddingOfTwo }
        map = builder.layer(layer, on: map)
        guard let norm = convolution.norm, !norm.isBefore else {
            let isPlain = isHead || isOpen || convolution.norm?.isBefore == true || normsStandInFront
            return isPlain ? map : activated(map, convolution)
        }
        let isBehind = norm.isBehindActivation ?? (order == .activationFirst)
        if isBehind {
            return normed(norm, on: isHead || isOpen ? map : activated(map, convolution))
        }
        map = normed(norm, on: map)
        return isHead || isOpen ? map : activated(map, convolution)
    }

    /// A 2 x 2 convolution behind upsampling is padded at the end, as `padding="same"` does.
    private static let paddingOfTwo = Borders(top: 0, left: 0, bottom: 1, right: 1)

    private mutating func normed(_ norm: LayerList.Norm, on map: NetworkBuilder.Map) -> NetworkBuilder.Map {
        let result = builder.batchNorm(norm.name, on: map)
        norms[result.value.index] = builder.parameters.statistics(of: norm.name, channels: map.channels)
        return result
    }

    private mutating func activated(
        _ map: NetworkBuilder.Map, _ convolution: LayerList.Convolution
    ) -> NetworkBuilder.Map {
        if let slopes = convolution.slopes {
            let tensor = builder.parameters.tensor("\(slopes.name).weight", shape: [slopes.count])
            let all = ConstantTensor(shape: [map.channels]) {
                let elements = tensor.elements()
                return elements.count == map.channels
                    ? elements : Array(repeating: elements.first ?? 0, count: map.channels)
            }
            return builder.append(.activation(.parametricReLU(slopes: all)), map, label: slopes.name)
        }
        return builder.append(.activation(activation.operation), map, label: convolution.name)
    }

    /// Adds an up-convolution. Of a kernel larger than its stride, what is beyond twice the size is cut; an activation
    /// follows only behind a norm.
    private mutating func upConvolution(
        _ convolution: LayerList.Convolution, on map: NetworkBuilder.Map
    ) -> NetworkBuilder.Map {
        let (inputs, outputs, kernel) = (convolution.rows, convolution.columns, convolution.kernel)
        let bias = convolution.hasBias ? builder.parameters.tensor("\(convolution.name).bias", shape: [outputs]) : nil
        let layer = TransposedConvolution(
            weights: builder.parameters.tensor("\(convolution.name).weight", shape: [inputs, outputs, kernel, kernel]),
            bias: bias, stride: 2)
        let value = builder.graph.append(.transposedConvolution(layer), map.value, label: convolution.name)
        var result = NetworkBuilder.Map(value: value, channels: outputs)
        let before = (kernel - 1) / 2
        if kernel > 2 {
            let crop = Borders(top: before, left: before, bottom: kernel - 2 - before, right: kernel - 2 - before)
            result = builder.append(.crop(crop), result, label: convolution.name)
        }
        guard let norm = convolution.norm, !norm.isBefore else {
            return convolution.slopes == nil ? result : activated(result, convolution)
        }
        return activated(normed(norm, on: result), convolution)
    }
}

// MARK: - What tensors leave open

/// The function between the layers.
enum ActivationChoice: Hashable {
    case relu
    case leaky(Float)
    case silu
    case relu6

    var operation: Activation {
        switch self {
        case .relu: .relu
        case .leaky(let slope): .leakyReLU(slope: slope)
        case .silu: .silu
        case .relu6: .clip(lowest: 0, highest: 6)
        }
    }

    var text: String {
        switch self {
        case .relu: "relu"
        case .leaky(let slope): "leaky\(slope)"
        case .silu: "silu"
        case .relu6: "relu6"
        }
    }

    init?(_ text: String) {
        switch text {
        case "relu": self = .relu
        case "silu": self = .silu
        case "relu6": self = .relu6
        default:
            guard text.hasPrefix("leaky"), let slope = Float(text.dropFirst(5)), slope.isFinite, abs(slope) <= 1 else {
                return nil
            }
            self = .leaky(slope)
        }
    }
}

extension SettledAssumptions {
    /// Settles the function between the layers.
    mutating func activation() -> ActivationChoice {
        value(
            .activation, default: .relu, choices: "relu, leaky with a slope as in leaky0.2, silu or relu6",
            text: \.text, parse: ActivationChoice.init)
    }
}

/// The half of a concatenation that is the skip.
enum ConcatChoice: String, CaseIterable {
    case skipFirst = "skip-first"
    case skipLast = "skip-last"
}

/// The borders of convolutions.
enum PaddingChoice: String, CaseIterable {
    case zero
    case valid
}

/// The way in which maps are halved.
enum PoolingChoice: String, CaseIterable {
    case max
    case average
}

/// The places of norm and activation behind a convolution.
enum OrderChoice: String, CaseIterable {
    case normFirst = "norm-first"
    case activationFirst = "activation-first"
}

/// The sums of a unit's input and output.
enum ResidualChoice: String, CaseIterable {
    /// Where there is a convolution for it, and then also in units of the same number of channels.
    case shortcuts
    /// In no unit that has no convolution for it.
    case none
    /// In every unit of the same number of channels.
    case all
    /// As shortcuts, the activation in front of the sum.
    case before
}

/// The ways in which maps are doubled without weights.
enum DoublingChoice: String, CaseIterable {
    case aligned = "bilinear-aligned"
    case bilinear
    case nearest

    var way: UpsamplingChoice {
        switch self {
        case .aligned: .aligned
        case .bilinear: .bilinear
        case .nearest: .nearest
        }
    }
}
