import COvertileKernels
import NetworkGraph

/// Batch normalisation in training (Ioffe and Szegedy 2015), and perhaps the ReLU behind it.
///
/// Each channel gets mean 0 and variance 1 over the whole batch, then its factor and summand. The running statistics come
/// closer to the batch's by a tenth, their variance being the unbiased one, as in PyTorch.
final class NormOperation: TrainingOperation, @unchecked Sendable {
    // @unchecked: the numbers of a pass are written between the passes over the maps.

    /// Where the norm's numbers are, among the parameters and among the statistics; nil for factors 1 and summands 0.
    struct Parameters {
        let scale: Range<Int>?
        let shift: Range<Int>?
        let mean: Range<Int>
        let variance: Range<Int>
        let epsilon: Double
        let isTrained: Bool
    }

    let result: Int
    private let source: Int
    private let map: StoredMap
    private let parameters: Parameters
    private let hasReLU: Bool
    private let wantsGradient: Bool
    private var isAdding = false
    private let channels: [Int?]
    /// For each stored channel, as the kernels take them.
    private let (mean, scale, shift): (FloatBuffer, FloatBuffer, FloatBuffer)
    private let (factor, slope, offset): (FloatBuffer, FloatBuffer, FloatBuffer)
    /// `1 / sqrt(variance + epsilon)` of the batch.
    private var inverseDeviations: [Double]

    private static let momentum = 0.1

    init(
        from source: Int, to result: Int, maps: [StoredMap], hasReLU: Bool, parameters: Parameters, wantsGradient: Bool
    ) {
        self.source = source
        self.result = result
        self.parameters = parameters
        self.hasReLU = hasReLU
        self.wantsGradient = wantsGradient
        map = maps[source]
        channels = map.channelOfPosition
        let count = map.storedChannels
        (mean, scale, shift) = (FloatBuffer(count: count), FloatBuffer(count: count), FloatBuffer(count: count))
        (factor, slope, offset) = (FloatBuffer(count: count), FloatBuffer(count: count), FloatBuffer(count: count))
        inverseDeviations = Array(repeating: 0, count: count)
    }

    var sources: [Int] { [source] }
    var gradientReads: [Int] { [source] + (hasReLU ? [result] : []) }
    var gradientWrites: [Int] { wantsGradient ? [source] : [] }
    var scratchByteCount: Int { 0 }

    func plan(adding: Set<Int>) { isAdding = adding.contains(source) }

    func forward(_ run: TrainingRun) {
        let sums = sums(run) { sample, plane, sums in
            run.kernels.gradients.moments(
                self.map.pixels, run.values(self.source, sample) + plane * self.map.plane, sums)
        }
        let count = Double(run.batch * map.pixels)
        let statistics = run.store.statisticValues
        for (position, channel) in channels.enumerated() {
            guard let channel else { continue }
            let average = sums[2 * position] / count
            let variance = max(0, sums[2 * position + 1] / count - average * average)
            inverseDeviations[position] = 1 / (variance + parameters.epsilon).squareRoot()
            mean.floats[position] = Float(average)
            scale.floats[position] = Float(factor(of: channel, run) * inverseDeviations[position])
            shift.floats[position] = parameters.shift.map { run.store.values[$0.lowerBound + channel] } ?? 0
            func update(_ index: Int, _ value: Double) {
                statistics[index] = Float((1 - Self.momentum) * Double(statistics[index]) + Self.momentum * value)
            }
            update(parameters.mean.lowerBound + channel, average)
            update(parameters.variance.lowerBound + channel, count > 1 ? variance * count / (count - 1) : variance)
        }
        eachPlane(run) { sample, plane in
            let (at, first) = (plane * self.map.plane, plane * StoredMap.block)
            run.kernels.gradients.normalize(
                self.map.pixels, self.mean.floats + first, self.scale.floats + first, self.shift.floats + first,
                self.hasReLU, run.values(self.source, sample) + at, run.values(self.result, sample) + at)
        }
    }

    func backward(_ run: TrainingRun) {
        let sums = sums(run) { sample, plane, sums in
            let at = plane * self.map.plane
            run.kernels.gradients.norm_sums(
                self.map.pixels, self.mean.floats + plane * StoredMap.block, run.values(self.source, sample) + at,
                self.hasReLU ? run.values(self.result, sample) + at : nil, run.gradient(self.result, sample) + at, sums)
        }
        let count = Double(run.batch * map.pixels)
        for (position, channel) in channels.enumerated() {
            guard let channel else { continue }
            let (sum, inverse) = (sums[2 * position], inverseDeviations[position])
            let product = sums[2 * position + 1] * inverse
            if parameters.isTrained {
                if let range = parameters.scale { run.store.gradients[range.lowerBound + channel] = Float(product) }
                if let range = parameters.shift { run.store.gradients[range.lowerBound + channel] = Float(sum) }
            }
            let factor = factor(of: channel, run) * inverse
            self.factor.floats[position] = Float(factor)
            slope.floats[position] = Float(-factor * inverse * product / count)
            offset.floats[position] = Float(-factor * sum / count)
        }
        guard wantsGradient else { return }
        let isShared = run.sharesGradient(source, result)
        eachPlane(run) { sample, plane in
            let (at, first) = (plane * self.map.plane, plane * StoredMap.block)
            let gradient = run.gradient(self.result, sample) + at
            var norm = overtile_norm_gradient(
                mean: self.mean.floats + first, factor: self.factor.floats + first, slope: self.slope.floats + first,
                offset: self.offset.floats + first)
            run.kernels.gradients.norm_gradient(
                self.map.pixels, &norm, false, run.values(self.source, sample) + at,
                self.hasReLU ? run.values(self.result, sample) + at : nil, gradient, nil)
            if !isShared { run.pass(gradient, to: self.source, sample, plane, isAdding: self.isAdding) }
        }
    }

    private func factor(of channel: Int, _ run: TrainingRun) -> Double {
        parameters.scale.map { Double(run.store.values[$0.lowerBound + channel]) } ?? 1
    }

    private func eachPlane(_ run: TrainingRun, _ body: @Sendable (_ sample: Int, _ plane: Int) -> Void) {
        let planes = map.planes
        run.workers.run(run.batch * planes) { part, _ in body(part / planes, part % planes) }
    }

    /// Two sums over the whole batch for each stored channel, one after the other, the samples' added in their order.
    private func sums(
        _ run: TrainingRun, _ body: @Sendable (_ sample: Int, _ plane: Int, UnsafeMutablePointer<Double>) -> Void
    ) -> [Double] {
        let (planes, block) = (map.planes, StoredMap.block)
        let sums = DoubleBuffer(count: run.batch * planes * 2 * block)
        eachPlane(run) { body($0, $1, sums.doubles + ($0 * planes + $1) * 2 * block) }
        return (0..<planes * block).flatMap { position in
            [0, 1].map { moment in
                (0..<run.batch).reduce(0) { sum, sample in
                    let first = (sample * planes + position / block) * 2 * block
                    return sum + sums.doubles[first + moment * block + position % block]
                }
            }
        }
    }
}
