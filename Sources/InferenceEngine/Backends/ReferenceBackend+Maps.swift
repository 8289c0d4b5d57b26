import Foundation
import NetworkGraph

extension ReferenceBackend {
    package func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) -> any Kernel {
        let value = value(of: operation, sources, destination)
        return LoopKernel(implementation: "reference \(operation.name)") { from, to in
            // Into a map of its own first: a kernel may run in place.
            var results: [Float] = []
            destination.forEachPixel { results.append(value(from, $0, $1, $2)) }
            var next = results.makeIterator()
            destination.forEachPixel { to[destination.offset($0, $1, $2)] = next.next()! }
        }
    }

    /// The value of a destination's element, of the sources' memory and its channel, row and column.
    private typealias Value = @Sendable ([UnsafePointer<Float>], Int, Int, Int) -> Float

    private func value(of operation: MapOperation, _ sources: [MapView], _ destination: MapView) -> Value {
        let source = sources[0]
        switch operation {
        case .activation(let activation):
            return { from, c, h, w in activation.value(of: from[0][source.offset(c, h, w)], channel: c) }
        case .arithmetic(let arithmetic, _, let left, let right, let relu):
            return { from, c, h, w in
                func operand(_ index: Int, _ how: MapOperation.Operand) -> Float {
                    let (row, column) = how.isOnePixel ? (0, 0) : (h, w)
                    return from[index][sources[index].offset(how.onlyChannel ?? c, row, column)]
                }
                let result = arithmetic.value(operand(0, left), operand(1, right))
                return relu ? max(0, result) : result
            }
        case .pooling(let pooling, let padding):
            return { from, c, h, w in
                pooling.value(source, padding: padding, row: h, column: w) { from[0][source.offset(c, $0, $1)] }
            }
        case .resampling(let rows, let columns):
            return { from, c, h, w in
                let (y, x) = (rows[h], columns[w])
                func row(_ row: Int) -> Float {
                    from[0][source.offset(c, row, x.low)] * (1 - x.weight)
                        + from[0][source.offset(c, row, x.high)] * x.weight
                }
                return row(y.low) * (1 - y.weight) + row(y.high) * y.weight
            }
        case .cubicResampling(let rows, let columns):
            return { from, c, h, w in
                var sum = Float(0)
                for (y, weight) in zip(rows[h].positions, rows[h].weights) {
                    for (x, other) in zip(columns[w].positions, columns[w].weights) {
                        sum += weight * other * from[0][source.offset(c, y, x)]
                    }
                }
                return sum
            }
        case .padding(let padding):
            return { from, c, h, w in
                let y = padding.position(h - padding.amounts.top, source.height)
                let x = padding.position(w - padding.amounts.left, source.width)
                if let y, let x { return from[0][source.offset(c, y, x)] }
                if case .constant(let value) = padding.mode { return value }
                return 0
            }
        case .globalMean:
            return { from, c, _, _ in
                source.pixels.map { Double(from[0][source.offset(c, $0, $1)]) }.mean
            }
        case .channelMean(let positions):
            return { from, c, h, w in
                c > 0 ? 0 : positions.map { Double(from[0][source.offset($0, h, w)]) }.mean
            }
        case .globalMaximum:
            return { from, c, _, _ in source.pixels.map { from[0][source.offset(c, $0, $1)] }.max()! }
        case .channelMaximum(let positions):
            return { from, c, h, w in c > 0 ? 0 : positions.map { from[0][source.offset($0, h, w)] }.max()! }
        case .softmax(let positions):
            return softmax([positions], source)
        case .groupedSoftmax(let groups):
            return softmax(groups, source)
        case .channelNormalization(let positions, let scale, let shift, let epsilon):
            return { from, c, h, w in
                guard positions.contains(c) else { return 0 }
                let values = positions.map { Double(from[0][source.offset($0, h, w)]) }
                let mean = Double(values.mean)
                let variance = Double(values.map { ($0 - mean) * ($0 - mean) }.mean)
                let normal =
                    (Double(from[0][source.offset(c, h, w)]) - mean) / (variance + Double(epsilon)).squareRoot()
                return Float(normal) * scale[c] + shift[c]
            }
        case .shuffle(let shuffle):
            return { from, c, h, w in
                guard let channel = shuffle.positions.firstIndex(of: c) else { return 0 }
                return from[0][shuffle.source(channel, h, w) { source.offset($0, $1, $2) }]
            }
        case .pixelArithmetic(let arithmetic, let constant, let positions):
            return { from, c, h, w in
                guard let channel = positions.firstIndex(of: c) else { return 0 }
                let (own, other) = (
                    from[0][source.offset(c, h, w)], constant.value(channel: channel, row: h, column: w)
                )
                return constant.isFirst ? arithmetic.value(other, own) : arithmetic.value(own, other)
            }
        case .attentionScores(let queries, let keys, let scores):
            let other = sources[1]
            return { from, c, h, w in
                guard let head = scores.firstIndex(where: { $0.contains(c) }) else { return 0 }
                let (y, x) = scores[head].firstIndex(of: c)!.quotientAndRemainder(dividingBy: other.width)
                return zip(queries[head], keys[head]).map { query, key in
                    Double(from[0][source.offset(query, h, w)]) * Double(from[1][other.offset(key, y, x)])
                }.reduce(Float(0)) { Float(Double($0) + $1) }
            }
        case .attentionMixture(let shares, let values, let mixtures):
            let other = sources[1]
            return { from, c, h, w in
                guard let head = mixtures.firstIndex(where: { $0.contains(c) }) else { return 0 }
                let value = values[head][mixtures[head].firstIndex(of: c)!]
                return zip(shares[head], other.pixels).map { share, pixel in
                    from[0][source.offset(share, h, w)] * from[1][other.offset(value, pixel.row, pixel.column)]
                }.reduce(0, +)
            }
        case .rearrangement(let rearrangement, let channels, let positions):
            return { from, c, h, w in
                guard let channel = positions.firstIndex(of: c) else { return 0 }
                let place = [channel, h, w]
                var sums = [0, 0, 0]
                for digit in rearrangement.digits {
                    let value = place[digit.destination.rawValue] / digit.destinationStride % digit.extent
                    sums[digit.source.rawValue] += value * digit.sourceStride
                }
                return from[0][source.offset(channels[sums[0]], sums[1], sums[2])]
            }
        case .channelSlice(let positions):
            return { from, c, h, w in
                c < positions.count ? from[0][source.offset(positions[c], h, w)] : 0
            }
        case .groupNormalization(let groups, let scale, let shift, let epsilon):
            return { from, c, h, w in
                guard let group = groups.first(where: { $0.contains(c) }) else { return 0 }
                let values = group.flatMap { channel in
                    source.pixels.map { Double(from[0][source.offset(channel, $0, $1)]) }
                }
                let mean = Double(values.mean)
                let variance = Double(values.map { ($0 - mean) * ($0 - mean) }.mean)
                let normal =
                    (Double(from[0][source.offset(c, h, w)]) - mean) / (variance + Double(epsilon)).squareRoot()
                return Float(normal) * scale[c] + shift[c]
            }
        }
    }
}

extension ReferenceBackend {
    private func softmax(_ groups: [[Int]], _ source: MapView) -> Value {
        { from, c, h, w in
            guard let group = groups.first(where: { $0.contains(c) }) else { return 0 }
            let largest = group.map { from[0][source.offset($0, h, w)] }.max()!
            func power(_ channel: Int) -> Float { exp(from[0][source.offset(channel, h, w)] - largest) }
            return power(c) / group.map(power).reduce(0, +)
        }
    }
}

extension Activation {
    /// Returns the value of a function that is told without parameters for each channel.
    fileprivate func value(of x: Float) -> Float {
        let y = Double(x)
        switch self {
        case .elu(let alpha): return x < 0 ? Float(Double(alpha) * expm1(y)) : x
        case .gelu(isApproximate: false): return Float(y * 0.5 * (1 + Foundation.erf(y / 2.0.squareRoot())))
        case .gelu(isApproximate: true):
            return Float(0.5 * y * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (y + 0.044715 * y * y * y))))
        case .mish: return Float(y * Foundation.tanh(log1p(Foundation.exp(y))))
        case .tanh: return Float(Foundation.tanh(y))
        case .softplus: return Float(log1p(Foundation.exp(y)))
        case .erf: return Float(Foundation.erf(y))
        case .exponential: return Float(Foundation.exp(y))
        case .squareRoot: return x.squareRoot()
        case .power(let exponent): return Float(pow(y, Double(exponent)))
        case .absolute: return abs(x)
        case .quantized(let scale, let zero, let lowest, let highest):
            return min(max((x / scale).rounded(.toNearestOrEven) + zero, lowest), highest)
        case .relu, .leakyReLU, .parametricReLU, .clip, .sigmoid, .hardSigmoid, .hardSwish, .silu:
            preconditionFailure("\(name) is told otherwise")
        }
    }
}

extension StoredActivation {
    fileprivate func value(of x: Float, channel: Int) -> Float {
        switch self {
        case .relu: return max(0, x)
        case .slopes(let slopes): return x < 0 ? slopes[channel] * x : x
        case .clip(let lowest, let highest): return min(max(x, lowest), highest)
        case .sigmoid: return 1 / (1 + exp(-x))
        case .silu: return x / (1 + exp(-x))
        case .hardSigmoid(let alpha, let beta, let timesInput):
            let y = max(0, min(1, alpha * x + beta))
            return timesInput ? x * y : y
        case .function(let function): return function.value(of: x)
        }
    }
}

extension Pooling {
    fileprivate func value(
        _ source: MapView, padding: Borders, row: Int, column: Int, _ element: (Int, Int) -> Float
    ) -> Float {
        var (largest, sum, inside, padded) = (-Float.infinity, Float(0), 0, 0)
        for ky in 0..<vertical.taps {
            for kx in 0..<horizontal.taps {
                let ih = row * vertical.stride + ky * vertical.dilation - padding.top
                let iw = column * horizontal.stride + kx * horizontal.dilation - padding.left
                guard (-padding.top..<source.height + padding.bottom).contains(ih),
                    (-padding.left..<source.width + padding.right).contains(iw)
                else { continue }
                padded += 1
                guard source.contains(ih, iw) else { continue }
                inside += 1
                largest = max(largest, element(ih, iw))
                sum += element(ih, iw)
            }
        }
        switch kind {
        case .maximum: return largest
        case .average(let countsPadding): return sum / Float(max(1, countsPadding ? padded : inside))
        }
    }
}

extension Padding {
    /// The source's row or column that lies at a position; nil for the constant.
    fileprivate func position(_ position: Int, _ length: Int) -> Int? {
        if (0..<length).contains(position) { return position }
        switch mode {
        case .constant: return nil
        case .edge: return min(max(position, 0), length - 1)
        case .reflect: return position < 0 ? -position : 2 * (length - 1) - position
        }
    }
}

extension MapView {
    fileprivate var pixels: [(row: Int, column: Int)] {
        (0..<height).flatMap { row in (0..<width).map { (row, $0) } }
    }
}

extension [Double] {
    fileprivate var mean: Float { Float(reduce(0, +) / Double(count)) }
}
