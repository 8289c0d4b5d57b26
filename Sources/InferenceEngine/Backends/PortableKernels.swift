import COvertileKernels
import NetworkGraph

/// Overtile's own kernels, which serve every backend: they read and write any window, in either layout.
enum PortableKernels {
    /// Zeros in a whole window.
    static func zero(_ destination: MapView, channelBlock: Int) -> any Kernel {
        let dst = overtile_map(destination, channelBlock: channelBlock)
        return LoopKernel(implementation: "zero") { _, to in withUnsafePointer(to: dst) { overtile_zero($0, to) } }
    }

    /// A copy of a window into another layout or place, also within one map. The channels that both have are copied; a
    /// blocked destination's last block is filled up with zeros.
    static func copy(from source: MapView, to destination: MapView, channelBlock: Int) -> any Kernel {
        let (channels, height, width) = (
            min(source.channels, destination.channels), destination.height, destination.width
        )
        let (srcBlock, dstBlock) = (source.block(channelBlock), destination.block(channelBlock))
        let (src, dst) = (source.strides(block: srcBlock), destination.strides(block: dstBlock))
        let (first, start) = (source.offset(block: srcBlock), destination.offset(block: dstBlock))
        return LoopKernel(implementation: "copy") { from, to in
            overtile_copy(channels, height, width, src, from[0] + first, dst, to + start)
        }
    }

    /// Bilinear upsampling with aligned corners.
    static func bilinearAligned(from source: MapView, to destination: MapView, channelBlock: Int) -> any Kernel {
        let src = overtile_map(source, channelBlock: channelBlock)
        let dst = overtile_map(destination, channelBlock: channelBlock)
        return LoopKernel(implementation: "bilinear, aligned corners") { from, to in
            withUnsafePointer(to: src) { src in
                withUnsafePointer(to: dst) { dst in overtile_bilinear_aligned(src, dst, from[0], to) }
            }
        }
    }

    /// - Throws: for functions that need a library's exponentials.
    static func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView, channelBlock: Int
    ) throws(EngineError) -> any Kernel {
        let maps = sources.map { overtile_map($0, channelBlock: channelBlock) }
        let dst = overtile_map(destination, channelBlock: channelBlock)
        if let attention = AttentionKernel(operation, maps, dst) { return attention }
        return LoopKernel(
            implementation: operation.name,
            loop: try loop(operation, from: maps, to: dst, channels: destination.channels))
    }

    private static func loop(
        _ operation: MapOperation, from maps: [overtile_map], to dst: overtile_map, channels: Int
    ) throws(EngineError) -> LoopKernel.Loop {
        let pair = MapPair(src: maps[0], dst: dst)
        if let loop = tokenLoop(operation, from: maps, to: dst) { return loop }
        switch operation {
        case .activation(let activation):
            return try loop(activation, pair)
        case .arithmetic(let arithmetic, let positions, let left, let right, let relu):
            return loop(arithmetic, Set(positions), (left, maps[0]), (right, maps[1]), relu, dst, channels)
        case .pooling(let pooling, let padding):
            let vertical = overtile_window(pooling.vertical, before: padding.top, after: padding.bottom)
            let horizontal = overtile_window(pooling.horizontal, before: padding.left, after: padding.right)
            let kind = pooling.kind.kernelKind
            return { from, to in
                withUnsafePointer(to: vertical) { vertical in
                    withUnsafePointer(to: horizontal) { horizontal in
                        pair.pass { overtile_pooling(kind, vertical, horizontal, $0, $1, from[0], to) }
                    }
                }
            }
        case .resampling(let rows, let columns):
            let (rows, columns) = (rows.map { overtile_sample($0) }, columns.map { overtile_sample($0) })
            return { from, to in pair.pass { overtile_resample(rows, columns, $0, $1, from[0], to) } }
        case .cubicResampling, .globalMaximum, .channelMaximum, .groupedSoftmax, .channelNormalization, .shuffle,
            .pixelArithmetic, .attentionScores, .attentionMixture, .rearrangement:
            throw EngineError("\(operation.name) has no kernel of Overtile's own", isUnimplemented: true)
        case .padding(let padding):
            let (top, left, mode) = (padding.amounts.top, padding.amounts.left, padding.mode)
            return { from, to in
                pair.pass { overtile_pad(mode.kernelKind, mode.value, top, left, $0, $1, from[0], to) }
            }
        case .globalMean:
            return { from, to in pair.pass { overtile_global_mean($0, $1, from[0], to) } }
        case .channelMean(let positions):
            return { from, to in
                pair.pass { overtile_channel_mean(positions, positions.count, $0, $1, from[0], to) }
            }
        case .softmax(let positions):
            return { from, to in
                pair.pass { overtile_softmax(positions, positions.count, $0, $1, from[0], to) }
            }
        case .channelSlice(let positions):
            return { from, to in
                pair.pass { overtile_channel_slice(positions, positions.count, $0, $1, from[0], to) }
            }
        case .groupNormalization(let groups, let scale, let shift, let epsilon):
            return { from, to in
                pair.pass { src, dst in
                    overtile_zero(dst, to)
                    for group in groups {
                        overtile_group_normalization(
                            group, group.count, epsilon, scale, shift, src, dst, from[0], to)
                    }
                }
            }
        }
    }

    private static func loop(_ activation: StoredActivation, _ pair: MapPair) throws(EngineError) -> LoopKernel.Loop {
        switch activation {
        case .slopes(let slopes):
            return { from, to in pair.pass { overtile_slopes($0, $1, slopes, from[0], to) } }
        case .clip(let lowest, let highest):
            return { from, to in pair.pass { overtile_clip($0, $1, lowest, highest, from[0], to) } }
        case .hardSigmoid(let alpha, let beta, let timesInput):
            return { from, to in
                pair.pass { overtile_hard_sigmoid($0, $1, alpha, beta, timesInput, from[0], to) }
            }
        case .function(let function):
            let (kind, parameters) = function.kernelFunction
            return { from, to in pair.pass { overtile_function(kind, parameters, $0, $1, from[0], to) } }
        case .relu, .sigmoid, .silu:
            throw EngineError("\(activation.name) has no kernel of Overtile's own", isUnimplemented: true)
        }
    }

    private static func loop(
        _ arithmetic: Arithmetic, _ positions: Set<Int>, _ left: (MapOperation.Operand, overtile_map),
        _ right: (MapOperation.Operand, overtile_map), _ relu: Bool, _ dst: overtile_map, _ channels: Int
    ) -> LoopKernel.Loop {
        let isChannel = (0..<channels).map { Float(positions.contains($0) ? 1 : 0) }
        let (kind, left, right) = (arithmetic.kernelKind, Stretched(left), Stretched(right))
        return { from, to in
            var (l, r, dst) = (left.operand(from[0]), right.operand(from[1]), dst)
            overtile_combine(kind, &l, &r, relu, isChannel, &dst, to)
        }
    }
}

/// A map with how it is stretched.
private struct Stretched: Sendable {
    let operand: MapOperation.Operand
    let map: overtile_map

    init(_ parts: (MapOperation.Operand, overtile_map)) { (operand, map) = parts }

    func operand(_ from: UnsafePointer<Float>) -> overtile_operand {
        overtile_operand(
            map: map, from: from, only_channel: operand.onlyChannel ?? -1, one_pixel: operand.isOnePixel)
    }
}

/// Source and destination of a kernel on one map.
private struct MapPair: Sendable {
    let src: overtile_map
    let dst: overtile_map

    func pass(_ body: (UnsafePointer<overtile_map>, UnsafePointer<overtile_map>) -> Void) {
        withUnsafePointer(to: src) { src in withUnsafePointer(to: dst) { dst in body(src, dst) } }
    }
}

extension Activation {
    /// The kernel's own name of the function, and its parameters.
    ///
    /// - Precondition: the function is none that has a kernel of its own.
    fileprivate var kernelFunction: (overtile_function_kind, [Float]) {
        switch self {
        case .elu(let alpha): (OVERTILE_ELU, [alpha])
        case .gelu(let isApproximate): (isApproximate ? OVERTILE_GELU_APPROXIMATE : OVERTILE_GELU, [])
        case .mish: (OVERTILE_MISH, [])
        case .tanh: (OVERTILE_TANH, [])
        case .softplus: (OVERTILE_SOFTPLUS, [])
        case .erf: (OVERTILE_ERF, [])
        case .exponential: (OVERTILE_EXPONENTIAL, [])
        case .squareRoot: (OVERTILE_SQUARE_ROOT, [])
        case .power(let exponent): (OVERTILE_POWER, [exponent])
        case .absolute: (OVERTILE_ABSOLUTE, [])
        case .quantized(let scale, let zero, let lowest, let highest):
            (OVERTILE_QUANTIZED, [scale, zero, lowest, highest])
        case .relu, .leakyReLU, .parametricReLU, .clip, .sigmoid, .hardSigmoid, .hardSwish, .silu:
            preconditionFailure("\(name) has a kernel of its own")
        }
    }
}

extension Arithmetic {
    fileprivate var kernelKind: overtile_arithmetic {
        switch self {
        case .addition: OVERTILE_ADDITION
        case .subtraction: OVERTILE_SUBTRACTION
        case .multiplication: OVERTILE_MULTIPLICATION
        case .division: OVERTILE_DIVISION
        }
    }
}

extension Pooling.Kind {
    fileprivate var kernelKind: overtile_pooling_kind {
        switch self {
        case .maximum: OVERTILE_MAXIMUM
        case .average(countsPadding: false): OVERTILE_MEAN
        case .average(countsPadding: true): OVERTILE_MEAN_WITH_PADDING
        }
    }
}

extension Padding.Mode {
    fileprivate var kernelKind: overtile_padding_kind {
        switch self {
        case .constant: OVERTILE_CONSTANT
        case .reflect: OVERTILE_REFLECT
        case .edge: OVERTILE_EDGE
        }
    }

    fileprivate var value: Float { if case .constant(let value) = self { value } else { 0 } }
}

extension overtile_window {
    fileprivate init(_ window: Pooling.Window, before: Int, after: Int) {
        self.init(
            taps: window.taps, stride: window.stride, dilation: window.dilation, before: before, after: after)
    }
}

extension overtile_sample {
    fileprivate init(_ sample: Resize.Sample) {
        self.init(low: sample.low, high: sample.high, weight: sample.weight)
    }
}

extension MapView {
    /// Channels that lie together.
    fileprivate func block(_ channelBlock: Int) -> Int { layout == .plain ? 1 : channelBlock }

    fileprivate func strides(block: Int) -> overtile_strides {
        overtile_strides(
            block: block, plane: planeStride(block: block), row: rowStride(block: block), pixel: block)
    }
}

extension overtile_map {
    fileprivate init(_ view: MapView, channelBlock: Int) {
        let block = view.block(channelBlock)
        self.init(
            blocks: view.channels / block, block: block, height: view.height, width: view.width,
            parent_height: view.parentHeight, parent_width: view.parentWidth, top: view.top, left: view.left)
    }
}

/// A kernel without weights or scratch.
struct LoopKernel: Kernel {
    /// On the first elements of the sources' parents, and of the destination's.
    typealias Loop = @Sendable (_ from: [UnsafePointer<Float>], _ to: UnsafeMutablePointer<Float>) -> Void

    let implementation: String
    let scratchByteCount = 0
    let loop: Loop

    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) -> any BoundKernel {
        Bound(loop: loop, sources: sources, destination: destination)
    }

    private final class Bound: BoundKernel {
        let loop: Loop
        let sources: [UnsafePointer<Float>]
        let destination: UnsafeMutablePointer<Float>

        init(loop: @escaping Loop, sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>) {
            self.loop = loop
            self.sources = sources
            self.destination = destination
        }

        func run() { loop(sources, destination) }
    }
}
