import Glibc
import NetworkGraph

/// What a batch norm remembers, and what it makes of it.
struct NormStatistics: Sendable {
    /// The mean and variance of each channel of its input.
    let mean: ConstantTensor
    let variance: ConstantTensor
    /// The mean and deviation of each channel of its output.
    let outputMean: ConstantTensor
    let outputDeviation: ConstantTensor
}

/// How well a graph goes with what its norms remember, without any image.
///
/// Behind a norm, each channel has a mean and a deviation that the norm's own weights say. What an activation makes of the
/// mean follows, if values are spread as a bell; a convolution's means follow from its input's. So the mean that each
/// norm was given in training can be foretold from the norms before it, and compared with what it remembers: of a graph
/// that is wired as in training the two agree, and of one whose channels are mixed up they do not.
struct NormEvidence {
    /// The mean and deviation that a map is expected to have.
    private struct Belief {
        var mean: [Double]
        var deviation: [Double]?
        /// How often the map was halved more than it was doubled. Deep maps are small, and zeros at their borders count.
        var level = 0
        /// True if the largest of neighbours was taken, of which means tell little.
        var isRough = false
    }

    /// Norms of maps that were halved more often are not compared.
    private static let deepest = 2

    /// The mean squared difference of the foretold and the remembered means, in remembered deviations, over all norms
    /// that anything can be foretold for; nil if that is none.
    let divergence: Double?

    /// The sums of the taps of each pair of channels, by the layer's name: candidates share the weights.
    typealias TapSums = [String: [Double]]

    init(_ graph: Graph, _ norms: [Int: NormStatistics], _ sums: inout TapSums) {
        var beliefs: [Belief?] = []
        var (total, count) = (0.0, 0)
        var levels: [Int] = []
        for (index, node) in graph.nodes.enumerated() {
            levels.append((node.inputs.first.map { levels[$0.index] } ?? 0) + Self.step(node.operation))
            let inputs = node.inputs.map { beliefs[$0.index] }
            if let norm = norms[index] {
                var memory = zip(norm.mean.elements(), norm.variance.elements()).map {
                    (mean: Double($0), variance: Double(max(0, $1)))
                }
                var given = inputs[0]
                let source = graph[node.inputs[0]]
                // What a norm behind an activation remembers is traced back to what the activation was given.
                if case .activation(let activation) = source.operation {
                    given = beliefs[source.inputs[0].index]
                    memory = memory.map { Self.origin(of: $0.mean, $0.variance, activation) }
                }
                if let given, !given.isRough, given.level <= Self.deepest {
                    for (foretold, remembered) in zip(given.mean, memory) {
                        let difference = foretold - remembered.mean
                        total += min(25, difference * difference / (remembered.variance + 1e-3))
                        count += 1
                    }
                }
                beliefs.append(
                    Belief(
                        mean: norm.outputMean.elements().map(Double.init),
                        deviation: norm.outputDeviation.elements().map(Double.init),
                        level: levels[node.inputs[0].index]))
                continue
            }
            var belief = Self.belief(about: node, inputs, &sums)
            belief?.level = levels[index]
            if inputs.contains(where: { $0?.isRough ?? false }) { belief?.isRough = true }
            beliefs.append(belief)
        }
        divergence = count > 0 && total.isFinite ? total / Double(count) : nil
    }

    /// By how many halvings an operation makes a map smaller.
    private static func step(_ operation: Operation) -> Int {
        switch operation {
        case .pooling: 1
        case .transposedConvolution, .resize: -1
        default: 0
        }
    }

    /// The mean and variance of a bell of which an activation makes this mean and variance.
    private static func origin(
        of mean: Double, _ variance: Double, _ activation: Activation
    ) -> (mean: Double, variance: Double) {
        let deviation = max(variance, 1e-12).squareRoot()
        // The bell's mean in its own deviations: the larger it is, the larger is the result's mean in its deviations.
        var (low, high) = (-6.0, 12.0)
        func shape(_ place: Double) -> (mean: Double, deviation: Double) {
            let result = activated(Belief(mean: [place], deviation: [1]), activation)
            return (result?.mean[0] ?? 0, max(result?.deviation?[0] ?? 1, 1e-9))
        }
        for _ in 0..<24 {
            let middle = (low + high) / 2
            let (mean:middleMean, deviation:middleDeviation) = shape(middle)
            if middleMean / middleDeviation < mean / deviation { low = middle } else { high = middle }
        }
        let scale = deviation / shape(low).deviation
        return (low * scale, scale * scale)
    }

    private static func belief(about node: Graph.Node, _ inputs: [Belief?], _ sums: inout TapSums) -> Belief? {
        guard let known = inputs.first ?? nil else { return nil }
        switch node.operation {
        case .convolution(let convolution) where convolution.groups == 1:
            let taps = tapSums(convolution.weights, node.label, &sums)
            return linear(convolution.weights, taps, convolution.bias, known.mean, inputAxis: 1, share: 1)
        case .transposedConvolution(let convolution):
            let taps = tapSums(convolution.weights, node.label, &sums)
            return linear(
                convolution.weights, taps, convolution.bias, known.mean, inputAxis: 0,
                share: 1 / Double(convolution.stride * convolution.stride))
        case .activation(let activation): return Self.activated(known, activation)
        case .pooling(let pooling):
            guard pooling.kind == .maximum, let deviation = known.deviation else {
                return Belief(mean: known.mean, deviation: known.deviation)
            }
            // Neighbours are much alike: the largest of four is half a deviation above their mean, and not one.
            return Belief(
                mean: zip(known.mean, deviation).map { $0 + 0.5 * $1 }, deviation: deviation, isRough: true)
        case .resize, .crop, .padding, .fitToSize: return known
        case .concatenation:
            let all = inputs.compactMap { $0 }
            guard all.count == inputs.count else { return nil }
            let deviations = all.compactMap(\.deviation)
            return Belief(
                mean: all.flatMap(\.mean), deviation: deviations.count == all.count ? deviations.flatMap { $0 } : nil)
        case .arithmetic(.addition):
            guard let other = inputs.last ?? nil, other.mean.count == known.mean.count else { return nil }
            var deviation: [Double]?
            if let left = known.deviation, let right = other.deviation {
                deviation = zip(left, right).map { ($0 * $0 + $1 * $1).squareRoot() }
            }
            return Belief(mean: zip(known.mean, other.mean).map(+), deviation: deviation)
        default: return nil
        }
    }

    /// What a linear layer makes of the means, where its window does not reach beyond the map.
    ///
    /// - Parameter taps: the sums of the weights' taps, of shape (rows, columns).
    private static func linear(
        _ weights: ConstantTensor, _ taps: [Double], _ bias: ConstantTensor?, _ means: [Double], inputAxis: Int,
        share: Double
    ) -> Belief? {
        guard weights.shape[inputAxis] == means.count else { return nil }
        let outputs = weights.shape[1 - inputAxis]
        var mean = bias?.elements().map(Double.init) ?? Array(repeating: 0, count: outputs)
        for row in 0..<weights.shape[0] {
            for column in 0..<weights.shape[1] {
                let (input, output) = inputAxis == 1 ? (column, row) : (row, column)
                mean[output] += taps[row * weights.shape[1] + column] * means[input] * share
            }
        }
        return Belief(mean: mean)
    }

    /// The sums of the weights' taps, of shape (rows, columns); worked out once for each layer.
    private static func tapSums(_ weights: ConstantTensor, _ name: String, _ sums: inout TapSums) -> [Double] {
        if let known = sums[name] { return known }
        let taps = weights.shape[2] * weights.shape[3]
        let elements = weights.elements()
        var result = Array(repeating: 0.0, count: weights.shape[0] * weights.shape[1])
        for index in elements.indices { result[index / taps] += Double(elements[index]) }
        sums[name] = result
        return result
    }

    /// What an activation makes of values that are spread as a bell.
    private static func activated(_ belief: Belief, _ activation: Activation) -> Belief? {
        guard let deviation = belief.deviation else { return nil }
        var slopes: [Float] = []
        if case .parametricReLU(let tensor) = activation { slopes = tensor.elements() }
        var result = Belief(mean: [], deviation: [])
        for channel in belief.mean.indices {
            var (weight, first, second) = (0.0, 0.0, 0.0)
            for step in -32...32 {
                let place = Double(step) / 8
                let density = exp(-place * place / 2)
                let value = activation.value(
                    belief.mean[channel] + place * deviation[channel], slope: slopes.isEmpty ? 0 : slopes[channel])
                weight += density
                first += density * value
                second += density * value * value
            }
            let mean = first / weight
            result.mean.append(mean)
            result.deviation?.append(max(0, second / weight - mean * mean).squareRoot())
        }
        return result
    }
}

extension Activation {
    /// The function's value at a place.
    ///
    /// - Parameter slope: the channel's own slope, for PReLU.
    fileprivate func value(_ x: Double, slope: Float) -> Double {
        switch self {
        case .relu: max(0, x)
        case .leakyReLU(let slope): x < 0 ? Double(slope) * x : x
        case .parametricReLU: x < 0 ? Double(slope) * x : x
        case .clip(let lowest, let highest): min(max(x, Double(lowest)), Double(highest))
        case .sigmoid: 1 / (1 + exp(-x))
        case .hardSigmoid(let alpha, let beta): max(0, min(1, Double(alpha) * x + Double(beta)))
        case .hardSwish: x * max(0, min(1, x / 6 + 0.5))
        case .silu: x / (1 + exp(-x))
        case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
        case .gelu: 0.5 * x * (1 + Glibc.erf(x / 2.0.squareRoot()))
        case .mish: x * Glibc.tanh(log1p(exp(x)))
        case .tanh: Glibc.tanh(x)
        case .softplus: log1p(exp(x))
        case .erf: Glibc.erf(x)
        case .exponential: exp(x)
        case .squareRoot: max(0, x).squareRoot()
        case .power(let exponent): pow(x, Double(exponent))
        case .absolute: abs(x)
        case .quantized(let scale, let zero, let lowest, let highest):
            (min(max((x / Double(scale)).rounded(.toNearestOrEven) + Double(zero), Double(lowest)), Double(highest))
                - Double(zero)) * Double(scale)
        }
    }
}

extension ParameterTable {
    /// Returns what a batch norm remembers, and what its weights make of it.
    func statistics(of name: String, channels: Int) -> NormStatistics? {
        guard let mean = peek("\(name).running_mean", shape: [channels]),
            let variance = peek("\(name).running_var", shape: [channels])
        else { return nil }
        let bias = peek("\(name).bias", shape: [channels])
        let weight = peek("\(name).weight", shape: [channels])
        return NormStatistics(
            mean: mean, variance: variance,
            outputMean: bias ?? ConstantTensor(shape: [channels]) { Array(repeating: 0, count: channels) },
            outputDeviation: ConstantTensor(shape: [channels]) {
                weight?.elements().map(abs) ?? Array(repeating: 1, count: channels)
            })
    }
}
