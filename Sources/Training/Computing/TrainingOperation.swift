/// An operation of a network in training: what it gives, and what the gradient of its result says about its inputs and
/// parameters.
///
/// Operations run one after the other over the whole batch, because batch norms couple its samples; inside, samples or
/// blocks of channels are shared out among the workers.
protocol TrainingOperation: AnyObject, Sendable {
    /// The map that it gives.
    var result: Int { get }
    /// The maps whose values it reads, forwards.
    var sources: [Int] { get }
    /// The maps whose values the gradient takes.
    var gradientReads: [Int] { get }
    /// The maps into whose gradient it writes.
    var gradientWrites: [Int] { get }
    /// The bytes of scratch that each worker needs.
    var scratchByteCount: Int { get }

    /// Is told, before the first run, which of `gradientWrites` are written by an operation that runs earlier, so that it
    /// adds to them; it is the first to write the others.
    func plan(adding: Set<Int>)
    /// Computes the result's values.
    func forward(_ run: TrainingRun)
    /// Computes the gradients of its sources and parameters from the result's.
    func backward(_ run: TrainingRun)
}

/// An operation with weights, which kernels take in an order of their own.
protocol WeightedOperation: TrainingOperation {
    /// The number of ways in which the weights are packed.
    var packings: Int { get }
    /// The bytes of the packed weights, and of the sums of their gradients.
    var packedByteCount: Int { get }
    /// Packs the weights in one of these ways.
    func pack(_ packing: Int, _ run: TrainingRun, worker: Int)
}
