/// The mean and standard deviation of each band of what a network was given in its training, scaled as it is to be fed.
package struct InputStatistics: Hashable, Sendable {
    /// The mean of each band.
    package var mean: [Float]
    /// The standard deviation of each band, greater than 0.
    package var std: [Float]

    /// Takes the statistics of as many bands as there are means.
    package init(mean: [Float], std: [Float]) {
        precondition(mean.count == std.count && std.allSatisfy { $0 > 0 }, "a deviation for each mean")
        self.mean = mean
        self.std = std
    }
}
