import Dispatch
import NetworkGraph

/// A tile's computation in double precision, as plain loops: what rounding is measured against.
struct ExactRun {
    /// A window of a map, [channels][rows][columns].
    struct DoubleMap {
        let window: MapWindow
        let channels: Int
        var values: [Double]

        init(_ window: MapWindow, channels: Int) {
            self.window = window
            self.channels = channels
            values = Array(repeating: 0, count: channels * window.rows.count * window.columns.count)
        }

        /// Where a row's pixels start, from a column on.
        func offset(_ channel: Int, _ row: Int, _ column: Int) -> Int {
            (channel * window.rows.count + row - window.rows.lowerBound) * window.columns.count + column
                - window.columns.lowerBound
        }
    }

    let output: DoubleMap

    /// - Precondition: a network of convolutions, up-convolutions, ReLU, pooling and crops that add nothing.
    init(_ computation: TileComputation, on input: Map) {
        var maps: [DoubleMap?] = []
        for (index, node) in computation.graph.nodes.enumerated() {
            guard let window = computation.windows[index] else {
                maps.append(nil)
                continue
            }
            let sources = node.inputs.map { maps[$0.index]! }
            switch node.operation {
            case .input(let channels):
                var map = DoubleMap(window, channels: channels)
                map.values = input.elements.map(Double.init)
                maps.append(map)
            case .convolution(let convolution):
                maps.append(Self.convolution(convolution, sources[0], to: window))
            case .transposedConvolution(let convolution):
                maps.append(Self.upConvolution(convolution, sources[0], to: window))
            case .activation(.relu):
                maps.append(
                    Self.map(sources[0].channels, window) { max(0, sources[0].values[sources[0].offset($0, $1, $2)]) })
            case .pooling(let pooling):
                precondition(pooling.kind == .maximum && pooling.padding == Borders(all: 0))
                let (extent, stride) = (pooling.vertical.taps, pooling.vertical.stride)
                maps.append(
                    Self.map(sources[0].channels, window) { channel, y, x in
                        (0..<extent * extent).map { tap in
                            let place = sources[0].offset(channel, y * stride + tap / extent, x * stride + tap % extent)
                            return sources[0].values[place]
                        }.max()!
                    })
            case .crop(let borders):
                maps.append(
                    Self.map(sources[0].channels, window) {
                        sources[0].values[sources[0].offset($0, $1 + borders.top, $2 + borders.left)]
                    })
            case .concatenation:
                let places = sources.flatMap { source in (0..<source.channels).map { (source, $0) } }
                maps.append(
                    Self.map(places.count, window) { channel, y, x in
                        let (source, own) = places[channel]
                        return source.values[source.offset(own, y, x)]
                    })
            default:
                preconditionFailure("\(node.operation.name) is not in the networks that this is for")
            }
        }
        output = maps[computation.graph.output.index]!
    }

    private static func map(
        _ channels: Int, _ window: MapWindow, _ value: (_ channel: Int, _ row: Int, _ column: Int) -> Double
    ) -> DoubleMap {
        var map = DoubleMap(window, channels: channels)
        var index = 0
        for channel in 0..<channels {
            for y in window.rows {
                for x in window.columns {
                    map.values[index] = value(channel, y, x)
                    index += 1
                }
            }
        }
        return map
    }

    private static func convolution(_ convolution: Convolution, _ source: DoubleMap, to window: MapWindow) -> DoubleMap
    {
        precondition(convolution.stride == 1 && convolution.dilation == 1 && convolution.groups == 1)
        let (kh, kw) = (convolution.kernelHeight, convolution.kernelWidth)
        let (weights, bias) = (convolution.weights.elements(), convolution.bias?.elements())
        return filled(window, channels: convolution.outputChannels) { oc, place in
            place.update(repeating: Double(bias?[oc] ?? 0))
            for ic in 0..<source.channels {
                for tap in 0..<kh * kw {
                    let weight = Double(weights[(oc * source.channels + ic) * kh * kw + tap])
                    for y in window.rows {
                        let from = source.offset(ic, y + tap / kw, window.columns.lowerBound + tap % kw)
                        let to = (y - window.rows.lowerBound) * window.columns.count
                        source.values.withUnsafeBufferPointer { values in
                            for x in 0..<window.columns.count { place[to + x] += weight * values[from + x] }
                        }
                    }
                }
            }
        }
    }

    private static func upConvolution(
        _ convolution: TransposedConvolution, _ source: DoubleMap, to window: MapWindow
    ) -> DoubleMap {
        let factor = convolution.stride
        precondition(convolution.kernelHeight == factor && convolution.kernelWidth == factor)
        let (weights, bias) = (convolution.weights.elements(), convolution.bias?.elements())
        let channels = convolution.outputChannels
        return filled(window, channels: channels) { oc, place in
            var index = 0
            for y in window.rows {
                for x in window.columns {
                    let tap = y % factor * factor + x % factor
                    var sum = Double(bias?[oc] ?? 0)
                    for ic in 0..<source.channels {
                        let weight = weights[(ic * channels + oc) * factor * factor + tap]
                        sum += source.values[source.offset(ic, y / factor, x / factor)] * Double(weight)
                    }
                    place[index] = sum
                    index += 1
                }
            }
        }
    }

    /// A map whose channels are computed on all cores.
    private static func filled(
        _ window: MapWindow, channels: Int, _ body: (_ channel: Int, UnsafeMutableBufferPointer<Double>) -> Void
    ) -> DoubleMap {
        var map = DoubleMap(window, channels: channels)
        let area = window.rows.count * window.columns.count
        map.values.withUnsafeMutableBufferPointer { values in
            // Each iteration writes a part of its own.
            nonisolated(unsafe) let (values, body) = (values, body)
            DispatchQueue.concurrentPerform(iterations: channels) { channel in
                body(channel, UnsafeMutableBufferPointer(rebasing: values[channel * area..<(channel + 1) * area]))
            }
        }
        return map
    }
}
