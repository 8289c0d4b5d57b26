/// What a batch norm remembers of its training: mean and variance of the values that each channel was given.
///
/// They are running means over the batches of the last epochs (Ioffe and Szegedy 2015), and so tell what the network's maps
/// looked like when it was fed as it was trained.
package struct NormMemory: Sendable {
    /// The mean of each channel, of shape (channels).
    package let mean: ConstantTensor
    /// The variance of each channel, of shape (channels).
    package let variance: ConstantTensor
    /// The number that the norm adds to a variance before it divides by its root.
    package let epsilon: Float
    /// The norm's own factor for each channel, of shape (channels).
    package let weight: ConstantTensor
    /// The norm's own summand for each channel, of shape (channels).
    package let bias: ConstantTensor

    /// What a norm with these running statistics and parameters remembers; without parameters they are 1 and 0.
    package init(
        mean: ConstantTensor, variance: ConstantTensor, epsilon: Float, weight: ConstantTensor? = nil,
        bias: ConstantTensor? = nil
    ) {
        self.mean = mean
        self.variance = variance
        self.epsilon = epsilon
        let count = mean.count
        self.weight = weight ?? ConstantTensor(shape: [count]) { Array(repeating: 1, count: count) }
        self.bias = bias ?? ConstantTensor(shape: [count]) { Array(repeating: 0, count: count) }
    }

    /// True if the norm is as it was made, means 0 and variances 1: it has never seen an image.
    package var isBlank: Bool { mean.elements().allSatisfy { $0 == 0 } && variance.elements().allSatisfy { $0 == 1 } }

    /// Makes of a map as the norm remembers it one of mean 0 and variance 1.
    fileprivate var standardization: ChannelAffine {
        let (mean, variance, epsilon) = (mean, variance, epsilon)
        let factors: @Sendable () -> [Float] = {
            variance.elements().map { 1 / (max(0, $0) + epsilon).squareRoot() }
        }
        return ChannelAffine(
            scale: ConstantTensor(shape: mean.shape, load: factors),
            shift: ConstantTensor(shape: mean.shape) { zip(mean.elements(), factors()).map { -$0 * $1 } })
    }

    /// The factor and summand that the norm applies to a map of mean 0 and variance 1.
    ///
    /// - Parameter affine: what the norm does to the map that it remembers.
    fileprivate func recovered(from affine: ChannelAffine) -> ChannelAffine {
        let (mean, variance, epsilon) = (mean, variance, epsilon)
        let scale = ConstantTensor(shape: mean.shape) {
            zip(affine.scale.elements(), variance.elements()).map { $0 * (max(0, $1) + epsilon).squareRoot() }
        }
        let shift = ConstantTensor(shape: mean.shape) {
            zip(zip(affine.shift.elements(), mean.elements()), affine.scale.elements()).map { $0.0 + $0.1 * $1 }
        }
        return ChannelAffine(scale: scale, shift: shift)
    }

    /// For each channel, the number that a standardised map's variance misses of the epsilon that the norm adds.
    package var standardizedEpsilons: [Double] {
        variance.elements().map { Double(epsilon) / (Double(max(0, $0)) + Double(epsilon)) }
    }
}

extension Graph {
    /// A norm of a graph, and where it is.
    package struct RememberingNorm: Sendable {
        /// The norm's map.
        package let value: Value
        /// Where the norm comes from, in the model file's own words.
        package let label: String
        /// What it remembers.
        package let memory: NormMemory
    }

    /// The norms that remember their training, in the graph's order.
    ///
    /// A graph whose normalisations are folded has few of them or none, and so has one that an exporter has folded.
    package var rememberingNorms: [RememberingNorm] {
        nodes.enumerated().compactMap { index, node in
            guard case .affine(let affine) = node.operation, let memory = affine.memory else { return nil }
            return RememberingNorm(value: Value(index: index), label: node.label, memory: memory)
        }
    }

    /// A graph that measures what the norms are given: for each in turn, the mean of its standardised input and the mean of
    /// its square, a channel for each of the norm's, all over a single pixel.
    ///
    /// - Parameters:
    ///   - norms: norms of this graph, one at least. Behind the last of them nothing is computed.
    ///   - renormalizes: true if each norm then uses its input's own mean and variance, as in training.
    fileprivate func measuring(_ norms: [RememberingNorm], renormalizes: Bool) -> Graph {
        let measured = Dictionary(uniqueKeysWithValues: norms.map { ($0.value, $0) })
        var measures: [Value] = []
        var graph = rewritten { value, node, result in
            if let norm = measured[value] {
                let standard = result.append(
                    .affine(norm.memory.standardization), node.inputs, label: "memory of \(norm.label)")
                let mean = result.append(.globalMean, standard, label: "mean before \(norm.label)")
                let square = result.append(
                    .arithmetic(.multiplication), standard, standard, label: "squares before \(norm.label)")
                measures += [mean, result.append(.globalMean, square, label: "mean square before \(norm.label)")]
                if renormalizes, case .affine(let affine) = node.operation {
                    let own = Operation.groupNormalization(
                        groups: affine.scale.count, norm.memory.recovered(from: affine), epsilon: norm.memory.epsilon)
                    return result.append(own, node.inputs, label: node.label)
                }
            }
            return result.append(node.operation, node.inputs, label: node.label)
        }
        let output = graph.append(.concatenation, measures, label: "what the norms are given")
        graph.end(at: output)
        return graph
    }
}

extension TileComputation {
    /// What measures the input of a graph's norms on a square of so many pixels, with the network's own padding.
    ///
    /// The output is a single pixel: for each norm in turn, the means of its standardised input, a channel for each of the
    /// norm's, then the means of the squares.
    ///
    /// - Parameters:
    ///   - norms: some of the graph's norms, one at least.
    ///   - size: pixels of the input on a side.
    ///   - renormalizes: true if each norm then uses its input's own mean and variance, as in training, and not what it
    ///     remembers.
    /// - Throws: `NetworkError` where the network gives nothing for that size, `GraphError` where it contradicts itself.
    package init(
        measuring norms: [Graph.RememberingNorm], of graph: Graph, size: Int, renormalizes: Bool = false
    ) throws {
        guard let fixed = try graph.measuring(norms, renormalizes: renormalizes).fixingSizes(at: size),
            let (shapes, _) = try fixed.shapes(height: size, width: size)
        else { throw NetworkError.noSize(upTo: size) }
        self.init(fixed, rows: 0..<1, columns: 0..<1, origin: 0, shapes: shapes)
    }
}
