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
        case .softmax(let positions):
            return { from, c, h, w in
                guard positions.contains(c) else { return 0 }
                let largest = positions.map { from[0][source.offset($0, h, w)] }.max()!
                func power(_ channel: Int) -> Float { exp(from[0][source.offset(channel, h, w)] - largest) }
                return power(c) / positions.map(power).reduce(0, +)
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
        }
    }
}

extension Arithmetic {
    fileprivate func value(_ left: Float, _ right: Float) -> Float {
        switch self {
        case .addition: left + right
        case .subtraction: left - right
        case .multiplication: left * right
        case .division: left / right
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
