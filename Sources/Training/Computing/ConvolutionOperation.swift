import COvertileKernels
import NetworkGraph

/// A convolution, or an up-convolution, with its bias and perhaps a ReLU.
///
/// Three kernels serve it: the convolution itself, the same with the weights turned round, which gives the gradient of the
/// source, and sums of products between source and gradient, which are the weights' gradient. An up-convolution's are the
/// same in other roles: the gradient of its source is a convolution with a stride.
final class ConvolutionOperation: WeightedOperation, @unchecked Sendable {
    // @unchecked: packed weights are written by `pack` alone, before the operations run.

    /// Where weights and bias are among the parameters.
    struct Parameters {
        let weights: Range<Int>
        let bias: Range<Int>?
        let isTrained: Bool
    }

    let result: Int
    private let source: MapView
    private let hasReLU: Bool
    private let parameters: Parameters
    private let maps: [StoredMap]
    /// The parts whose gradient is wanted.
    private let wanted: [Int]
    private let forwardPass: KernelPass
    private let backwardPasses: [KernelPass]
    private let gradientSums: WeightGradient
    private let bias: FloatBuffer
    /// Each of the source's planes: the part, and the plane of its map.
    private let sourcePlanes: [(part: MapPart, plane: Int)]
    private var adding: Set<Int> = []

    /// - Parameters:
    ///   - wanted: the maps whose gradient is wanted.
    ///   - batch: the samples of a batch, upon which it depends how work is parted.
    init(
        _ convolution: ConvolutionShape, from source: MapView, to result: Int, maps: [StoredMap], hasReLU: Bool,
        parameters: Parameters, wanted: Set<Int>, batch: Int, kernels: overtile_kernels
    ) {
        self.result = result
        self.source = source
        self.maps = maps
        self.hasReLU = hasReLU
        self.parameters = parameters
        let isTransposed = convolution.isTransposed
        let target = maps[result]
        let planes = source.parts.map { maps[$0.map].planes }
        let isPlain = maps[source.parts[0].map].isPlain
        self.wanted = source.parts.indices.filter { wanted.contains(source.parts[$0].map) }

        var shape = overtile_convolution()
        shape.ic = isPlain ? planes[0] : planes.reduce(0, +) * StoredMap.block
        shape.oc = target.storedChannels
        (shape.ih, shape.iw, shape.oh, shape.ow) = (source.height, source.width, target.height, target.width)
        (shape.kh, shape.kw) = (convolution.kernelHeight, convolution.kernelWidth)
        (shape.stride, shape.dilation) = (convolution.stride, convolution.dilation)
        (shape.top, shape.left) = (source.padding.top, source.padding.left)
        shape.plain_src = isPlain
        shape.relu = hasReLU
        let channels = WeightChannels(
            inputs: source.channelOfPosition(maps), outputs: target.channelOfPosition,
            inputExtent: source.channels(maps), outputExtent: target.channels)
        forwardPass = KernelPass(
            shape, isTransposed ? .upConvolution : .convolution, channels: channels,
            order: isTransposed ? .inputFirst : .outputFirst, kernels)

        var first = 0
        var passes: [KernelPass] = []
        for index in source.parts.indices {
            let stored = planes[index] * StoredMap.block
            defer { first += stored }
            guard self.wanted.contains(index) else { continue }
            var gradient = overtile_convolution()
            (gradient.ic, gradient.oc) = (target.storedChannels, stored)
            (gradient.ih, gradient.iw, gradient.oh, gradient.ow) = (
                target.height, target.width, source.height, source.width
            )
            (gradient.kh, gradient.kw) = (shape.kh, shape.kw)
            let swapped = channels.swapped(first..<first + stored)
            if isTransposed {
                (gradient.stride, gradient.dilation) = (convolution.stride, 1)
                passes.append(
                    KernelPass(gradient, .convolution, channels: swapped, order: .outputFirst, kernels))
            } else {
                (gradient.stride, gradient.dilation) = (1, convolution.dilation)
                gradient.top = convolution.dilation * (shape.kh - 1) - source.padding.top
                gradient.left = convolution.dilation * (shape.kw - 1) - source.padding.left
                passes.append(
                    KernelPass(
                        gradient, .convolution, channels: swapped, order: .turnedRound, kernels))
            }
        }
        backwardPasses = passes
        gradientSums = WeightGradient(
            shape, isTransposed: isTransposed, channels: channels, sourcePlanes: planes.reduce(0, +),
            resultPlanes: target.planes, batch: batch)
        sourcePlanes = source.parts.flatMap { part in (0..<maps[part.map].planes).map { (part, $0) } }
        bias = FloatBuffer(count: shape.oc)
    }

    var sources: [Int] { source.parts.map(\.map) }
    var gradientReads: [Int] { (parameters.isTrained ? sources : []) + (hasReLU ? [result] : []) }
    var gradientWrites: [Int] { wanted.map { source.parts[$0].map } }
    var scratchByteCount: Int {
        let passes = [forwardPass] + backwardPasses
        let staged = wanted.map { maps[source.parts[$0].map].planes * source.height * source.width * 64 }.max() ?? 0
        let runs = passes.map(\.scratchByteCount).max()! + staged
        return max(runs, passes.map(\.packingByteCount).max()!, gradientSums.scratchByteCount)
    }

    func plan(adding: Set<Int>) { self.adding = adding }

    // MARK: Weights

    var packings: Int { 1 + backwardPasses.count }
    var packedByteCount: Int {
        ([forwardPass] + backwardPasses).map(\.packedByteCount).reduce(0, +) + gradientSums.byteCount
    }

    func pack(_ packing: Int, _ run: TrainingRun, worker: Int) {
        let weights = run.store.values.baseAddress! + parameters.weights.lowerBound
        guard packing == 0 else {
            backwardPasses[packing - 1].pack(weights, scratch: run.scratch(worker))
            return
        }
        forwardPass.pack(weights, scratch: run.scratch(worker))
        guard let range = parameters.bias else { return }
        for (position, channel) in maps[result].channelOfPosition.enumerated() {
            bias.floats[position] = channel.map { run.store.values[range.lowerBound + $0] } ?? 0
        }
    }

    // MARK: Running

    func forward(_ run: TrainingRun) {
        let target = maps[result]
        run.workers.run(run.batch) { sample, worker in
            let planes = run.planes(of: source, sample)
            let to = overtile_target(pixels: run.values(result, sample), row: target.row, plane: target.plane)
            forwardPass.run(planes, bias, to, scratch: run.scratch(worker))
        }
    }

    func backward(_ run: TrainingRun) {
        gate(run)
        let samples = backwardPasses.isEmpty ? 0 : run.batch
        let parts = parameters.isTrained ? gradientSums.parts : 0
        run.workers.run(samples + parts) { part, worker in
            if part < samples {
                for index in backwardPasses.indices { addGradient(index, run, part, worker) }
            } else {
                gradientSums.add(
                    part - samples, source: { run.plane(sourcePlanes[$0].plane, of: sourcePlanes[$0].part, $1) },
                    gradient: { run.gradientPlane($0, of: result, $1) }, run.kernels.gradients,
                    to: run.store.gradients.baseAddress! + parameters.weights.lowerBound, scratch: run.scratch(worker))
            }
        }
        guard parameters.isTrained else { return }
        gradientSums.finish(run.workers, to: run.store.gradients.baseAddress! + parameters.weights.lowerBound)
    }

    /// Takes the ReLU out of the result's gradient, whose sums are the bias's gradient.
    private func gate(_ run: TrainingRun) {
        let map = maps[result]
        let range = parameters.isTrained ? parameters.bias : nil
        guard hasReLU || range != nil else { return }
        let sums = DoubleBuffer(count: run.batch * map.storedChannels)
        run.workers.run(run.batch * map.planes) { part, _ in
            let (sample, plane) = (part / map.planes, part % map.planes)
            run.kernels.gradients.gate(
                map.pixels, hasReLU ? run.values(result, sample) + plane * map.plane : nil,
                run.gradient(result, sample) + plane * map.plane,
                range == nil ? nil : sums.doubles + sample * map.storedChannels + plane * StoredMap.block)
        }
        guard let range else { return }
        for (position, channel) in map.channelOfPosition.enumerated() {
            guard let channel else { continue }
            let sum = (0..<run.batch).reduce(0.0) { $0 + sums.doubles[$1 * map.storedChannels + position] }
            run.store.gradients[range.lowerBound + channel] = Float(sum)
        }
    }

    /// Writes the gradient of a part of the source, or adds to it what is there already.
    private func addGradient(_ index: Int, _ run: TrainingRun, _ sample: Int, _ worker: Int) {
        let part = source.parts[wanted[index]]
        let (map, from) = (maps[part.map], maps[result])
        let planes = (0..<from.planes).map { run.gradientPlane($0, of: result, sample) }
        let target = run.target(of: part, sample)
        let pass = backwardPasses[index]
        let scratch = run.scratch(worker)
        guard adding.contains(part.map) else {
            if map.height != source.height || map.width != source.width { run.clearGradient(part.map, sample) }
            pass.run(planes, .zeros(max(from.storedChannels, map.storedChannels)), target, scratch: scratch)
            return
        }
        let row = source.width * StoredMap.block
        let staged = (scratch + pass.scratchByteCount).assumingMemoryBound(to: Float.self)
        let stage = overtile_target(pixels: staged, row: row, plane: source.height * row)
        pass.run(planes, .zeros(max(from.storedChannels, map.storedChannels)), stage, scratch: scratch)
        for plane in 0..<map.planes {
            run.kernels.gradients.add(
                source.height, source.width, overtile_plane(pixels: staged + plane * stage.plane, row: row),
                target.pixels + plane * target.plane, target.row)
        }
    }
}
