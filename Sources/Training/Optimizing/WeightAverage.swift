/// The running mean of a network's parameters and statistics, which is steadier than the last step's.
///
/// Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992), with the weights of
/// PyTorch's `torch.optim.swa_utils.get_ema_multi_avg_fn`. Early on the mean keeps less, so that it forgets the first steps.
package struct WeightAverage: Sendable {
    /// The share that the mean keeps at each step, 0 to 1.
    package let decay: Double
    /// The mean of the parameters, and of the running statistics, in the store's places.
    package internal(set) var values: [Float]
    package internal(set) var statistics: [Float]

    /// A mean that begins with a network's numbers.
    package init(of network: TrainableNetwork, decay: Double) {
        self.decay = decay
        values = Array(network.store.values)
        statistics = Array(network.store.statisticValues)
    }

    /// Takes the network's numbers into the mean.
    ///
    /// - Parameter step: the number of the step that made them, from 1 on.
    package mutating func add(_ network: TrainableNetwork, step: Int) {
        let share = Float(1 - min(decay, Double(step) / Double(step + 9)))
        for index in values.indices { values[index] += share * (network.store.values[index] - values[index]) }
        for index in statistics.indices {
            statistics[index] += share * (network.store.statisticValues[index] - statistics[index])
        }
    }
}
