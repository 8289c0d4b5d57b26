import Foundation
import NetworkGraph
import Training

/// A network in training, computed in double by the formulas and nothing else: what gradients are checked against.
struct DoubleNetwork {
    let graph: Graph
    let outputs: [Graph.Value]

    /// A batch of maps, (samples, channels, height, width).
    struct Maps {
        var (count, channels, height, width): (Int, Int, Int, Int)
        var values: [Double]

        init(_ count: Int, _ channels: Int, _ height: Int, _ width: Int) {
            (self.count, self.channels, self.height, self.width) = (count, channels, height, width)
            values = Array(repeating: 0, count: count * channels * height * width)
        }

        func index(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int { ((n * channels + c) * height + y) * width + x }

        subscript(n: Int, c: Int, y: Int, x: Int) -> Double {
            get { values[index(n, c, y, x)] }
            set { values[index(n, c, y, x)] = newValue }
        }

        /// Maps of this size whose values a function gives.
        static func made(
            _ count: Int, _ channels: Int, _ height: Int, _ width: Int, _ value: (Int, Int, Int, Int) -> Double
        ) -> Maps {
            var maps = Maps(count, channels, height, width)
            for n in 0..<count {
                for c in 0..<channels {
                    for y in 0..<height { for x in 0..<width { maps[n, c, y, x] = value(n, c, y, x) } }
                }
            }
            return maps
        }
    }

    typealias Parameters = [String: (shape: [Int], elements: [Double])]

    /// Cross entropy of the heads' scores, the mean over heads and pixels.
    func loss(_ input: Maps, targets: [UInt8], _ parameters: Parameters) -> Double {
        var maps: [Maps] = []
        for node in graph.nodes { maps.append(value(of: node, input, node.inputs.map { maps[$0.index] }, parameters)) }
        let losses = outputs.map { output in
            let scores = maps[output.index]
            var (sum, count) = (0.0, 0.0)
            for n in 0..<scores.count {
                for y in 0..<scores.height {
                    for x in 0..<scores.width {
                        let target = targets[(n * scores.height + y) * scores.width + x]
                        guard target != Loss.unlabelled else { continue }
                        let row = (0..<scores.channels).map { scores[n, $0, y, x] }
                        sum += log(row.reduce(0) { $0 + exp($1) }) - row[Int(target)]
                        count += 1
                    }
                }
            }
            return sum / count
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    private func value(of node: Graph.Node, _ input: Maps, _ sources: [Maps], _ parameters: Parameters) -> Maps {
        let weights = parameters["\(node.label).weight"], bias = parameters["\(node.label).bias"]
        switch node.operation {
        case .input: return input
        case .convolution(let convolution):
            let (source, shape) = (sources[0], weights!.shape)
            let reach = (convolution.dilation * (shape[2] - 1), convolution.dilation * (shape[3] - 1))
            return .made(source.count, shape[0], source.height - reach.0, source.width - reach.1) { n, o, y, x in
                var sum = bias?.elements[o] ?? 0
                for i in 0..<shape[1] {
                    for ky in 0..<shape[2] {
                        for kx in 0..<shape[3] {
                            sum +=
                                weights!.elements[((o * shape[1] + i) * shape[2] + ky) * shape[3] + kx]
                                * source[n, i, y + ky * convolution.dilation, x + kx * convolution.dilation]
                        }
                    }
                }
                return sum
            }
        case .transposedConvolution(let convolution):
            let (source, shape, stride) = (sources[0], weights!.shape, convolution.stride)
            return .made(source.count, shape[1], source.height * stride, source.width * stride) { n, o, y, x in
                (0..<shape[0]).reduce(bias?.elements[o] ?? 0) { sum, i in
                    let tap = ((i * shape[1] + o) * stride + y % stride) * stride + x % stride
                    return sum + weights!.elements[tap] * source[n, i, y / stride, x / stride]
                }
            }
        case .affine(let affine):
            var result = sources[0]
            let count = Double(result.count * result.height * result.width)
            for c in 0..<result.channels {
                func sum(_ value: (Double) -> Double) -> Double {
                    var sum = 0.0
                    for n in 0..<result.count {
                        for y in 0..<result.height {
                            for x in 0..<result.width { sum += value(sources[0][n, c, y, x]) }
                        }
                    }
                    return sum
                }
                let mean = sum { $0 } / count
                let deviation = (sum { ($0 - mean) * ($0 - mean) } / count + Double(affine.memory!.epsilon))
                    .squareRoot()
                for n in 0..<result.count {
                    for y in 0..<result.height {
                        for x in 0..<result.width {
                            result[n, c, y, x] =
                                (sources[0][n, c, y, x] - mean) / deviation * weights!.elements[c] + bias!.elements[c]
                        }
                    }
                }
            }
            return result
        case .activation(let activation):
            var result = sources[0]
            result.values = result.values.map { Self.value(of: activation, $0) }
            return result
        case .pooling(let pooling):
            let source = sources[0]
            let height = pooling.length(of: source.height, .vertical),
                width = pooling.length(of: source.width, .horizontal)
            return .made(source.count, source.channels, height, width) { n, c, y, x in
                var largest = -Double.infinity
                for i in 0..<pooling.vertical.taps {
                    for j in 0..<pooling.horizontal.taps {
                        let row = y * pooling.vertical.stride + i - pooling.vertical.before
                        let column = x * pooling.horizontal.stride + j - pooling.horizontal.before
                        guard (0..<source.height).contains(row), (0..<source.width).contains(column) else { continue }
                        largest = max(largest, source[n, c, row, column])
                    }
                }
                return largest
            }
        case .resize(let resize):
            let source = sources[0]
            let height = resize.vertical.output(of: source.height), width = resize.horizontal.output(of: source.width)
            return .made(source.count, source.channels, height, width) { n, c, y, x in
                let row = Self.place(resize, y, source.height, height)
                let column = Self.place(resize, x, source.width, width)
                let above =
                    (1 - column.weight) * source[n, c, row.low, column.low]
                    + column.weight * source[n, c, row.low, column.high]
                let below =
                    (1 - column.weight) * source[n, c, row.high, column.low]
                    + column.weight * source[n, c, row.high, column.high]
                return (1 - row.weight) * above + row.weight * below
            }
        case .crop(let borders):
            let source = sources[0]
            return .made(
                source.count, source.channels, source.height - borders.top - borders.bottom,
                source.width - borders.left - borders.right
            ) { n, c, y, x in source[n, c, y + borders.top, x + borders.left] }
        case .padding(let padding):
            let (source, borders) = (sources[0], padding.amounts)
            return .made(
                source.count, source.channels, source.height + borders.top + borders.bottom,
                source.width + borders.left + borders.right
            ) { n, c, y, x in
                let (row, column) = (y - borders.top, x - borders.left)
                if (0..<source.height).contains(row), (0..<source.width).contains(column) {
                    return source[n, c, row, column]
                }
                guard padding.mode == .reflect else { return 0 }
                func mirrored(_ i: Int, _ length: Int) -> Int { i < 0 ? -i : i < length ? i : 2 * (length - 1) - i }
                return source[n, c, mirrored(row, source.height), mirrored(column, source.width)]
            }
        case .fitToSize:
            let (source, height, width) = (sources[0], sources[1].height, sources[1].width)
            let (top, left) = ((source.height - height) / 2, (source.width - width) / 2)
            return .made(source.count, source.channels, height, width) { n, c, y, x in
                let (row, column) = (y + top, x + left)
                let isInside = (0..<source.height).contains(row) && (0..<source.width).contains(column)
                return isInside ? source[n, c, row, column] : 0
            }
        case .concatenation:
            let channels = sources.map(\.channels).reduce(0, +)
            return .made(sources[0].count, channels, sources[0].height, sources[0].width) { n, c, y, x in
                var c = c
                for source in sources {
                    if c < source.channels { return source[n, c, y, x] }
                    c -= source.channels
                }
                return .nan
            }
        case .arithmetic(.addition):
            var result = sources[0]
            for index in result.values.indices { result.values[index] += sources[1].values[index] }
            return result
        default: preconditionFailure("\(node.operation.name) has no formula here")
        }
    }

    private static func place(
        _ resize: Resize, _ position: Int, _ input: Int, _ output: Int
    ) -> (low: Int, high: Int, weight: Double) {
        var place = Double(position)
        switch resize.coordinates {
        case .alignCorners: place *= Double(input - 1) / Double(output - 1)
        case .asymmetric: place *= Double(input) / Double(output)
        default: place = (place + 0.5) * Double(input) / Double(output) - 0.5
        }
        place = min(max(place, 0), Double(input - 1))
        if case .nearest = resize.mode { return (Int(place), Int(place), 0) }
        return (Int(place), min(Int(place) + 1, input - 1), place - place.rounded(.down))
    }

    private static func value(of activation: Activation, _ x: Double) -> Double {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        switch activation {
        case .relu: return max(0, x)
        case .leakyReLU(let slope): return x < 0 ? Double(slope) * x : x
        case .sigmoid: return sigmoid(x)
        case .tanh: return tanh(x)
        case .silu: return x * sigmoid(x)
        case .elu(let alpha): return x > 0 ? x : Double(alpha) * (exp(x) - 1)
        case .gelu: return x / 2 * (1 + erf(x / 2.0.squareRoot()))
        case .softplus: return log(1 + exp(x))
        default: preconditionFailure("\(activation.name) has no formula here")
        }
    }
}
