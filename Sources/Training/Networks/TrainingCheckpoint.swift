import StoredTensors
package import WeightFiles

/// The state of a training, from which it goes on with the same bytes.
extension TrainableNetwork {
    /// The words in front of what is kept for each parameter.
    private static func moments(_ row: Int) -> String { "overtile.moment\(row)." }
    /// The words in front of the running means.
    private static let average = "overtile.average."

    /// All that a training needs to go on: the tensors, the optimizer's moments and the running means beside them, and the
    /// numbers of steps and batches in the metadata.
    ///
    /// - Parameter metadata: what else is to be kept, such as the states of generators and schedules.
    package func checkpoint(
        _ optimizer: Optimizer<Float>, _ average: WeightAverage? = nil, metadata: [String: String] = [:]
    ) -> StateDict {
        var metadata = metadata
        metadata["overtile.step"] = "\(optimizer.step)"
        metadata["overtile.batches"] = "\(store.batchesTracked)"
        var state = stateDict(metadata: metadata)
        for (row, moments) in optimizer.moments.enumerated() {
            for entry in store.parameters {
                state.tensors.append(
                    (
                        Self.moments(row) + entry.name,
                        StoredTensor(shape: entry.shape, elements: Array(moments[entry.range]))
                    ))
            }
        }
        if let average {
            for (entries, numbers) in [(store.parameters, average.values), (store.statistics, average.statistics)] {
                for entry in entries {
                    let tensor = StoredTensor(shape: entry.shape, elements: Array(numbers[entry.range]))
                    state.tensors.append((Self.average + entry.name, tensor))
                }
            }
        }
        return state
    }

    /// Brings a running mean to where a training was.
    ///
    /// - Throws: `TrainingError` for the checkpoint of a training without one.
    package func restore(_ average: inout WeightAverage, from state: StateDict) throws(TrainingError) {
        let tensors = Dictionary(state.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        func elements(of entry: ParameterStore.Entry) throws(TrainingError) -> [Float] {
            guard let tensor = tensors[Self.average + entry.name], tensor.shape == entry.shape else {
                throw TrainingError("the training's state has no running mean of \(entry.name)")
            }
            return tensor.elements()
        }
        for entry in store.parameters { average.values.replaceSubrange(entry.range, with: try elements(of: entry)) }
        for entry in store.statistics { average.statistics.replaceSubrange(entry.range, with: try elements(of: entry)) }
    }

    /// Brings a network, made of the same design, and its optimizer to where a training was.
    ///
    /// - Throws: `TrainingError` for a checkpoint of another network or rule.
    package func restore(_ state: StateDict, rule: OptimizerRule) throws(TrainingError) -> Optimizer<Float> {
        let tensors = Dictionary(state.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        func elements(_ name: String, _ entry: ParameterStore.Entry) throws(TrainingError) -> [Float] {
            guard let tensor = tensors[name], tensor.shape == entry.shape else {
                throw TrainingError(
                    "the training's state is of another network or optimizer: it has no \(name) that fits")
            }
            return tensor.elements()
        }
        guard let step = state.metadata["overtile.step"].flatMap(Int.init), step >= 0,
            let batches = state.metadata["overtile.batches"].flatMap(Int.init), batches >= 0
        else { throw TrainingError("the training's state does not say how many steps were taken") }
        var moments = Array(repeating: [Float](repeating: 0, count: store.values.count), count: rule.momentCount)
        var parameters: [(ParameterStore.Entry, [Float])] = []
        for entry in store.parameters {
            parameters.append((entry, try elements(entry.name, entry)))
            for row in moments.indices {
                moments[row].replaceSubrange(entry.range, with: try elements(Self.moments(row) + entry.name, entry))
            }
        }
        var statistics: [(ParameterStore.Entry, [Float])] = []
        for entry in store.statistics { statistics.append((entry, try elements(entry.name, entry))) }
        // Nothing is changed before all of it is known to fit.
        for (entry, elements) in parameters { _ = store.values[entry.range].update(fromContentsOf: elements) }
        for (entry, elements) in statistics { _ = store.statisticValues[entry.range].update(fromContentsOf: elements) }
        store.batchesTracked = batches
        return Optimizer(rule, step: step, moments: moments)
    }
}
