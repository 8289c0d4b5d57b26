/// What a comparison of a scene's pixels with a model's memory of its training found.
package struct FeedReport: Sendable {
    /// A way of scaling, and how it fits.
    package struct Row: Sendable {
        /// The way.
        package let scaling: FeedScaling
        /// The divergence of the first norm.
        package let first: Double
        /// The mean of all norms' divergences.
        package let mean: Double
        /// What has to be typed for it.
        package internal(set) var flags = ""

        /// How far what the network is given is from its memory: the mean of `first` and `mean`.
        package var score: Double { (first + mean) / 2 }

        init(scaling: FeedScaling, first: Double, mean: Double) {
            (self.scaling, self.first, self.mean) = (scaling, first, mean)
        }
    }

    /// Why nothing can be compared.
    package enum Amnesia: Error, Sendable, Equatable {
        /// The network has no norms, or its exporter has folded them into its convolutions.
        case noNorms
        /// The norms are as they were made.
        case blank
        /// The norms' numbers do not go with the network's weights: random ones, or another network's.
        case notItsOwn
        /// No place in the scene that was looked at has data.
        case noData
        /// The memory that is allowed is too small for it.
        case tooLarge
    }

    /// What there is to say.
    package enum Verdict: Sendable {
        /// The network is given what it remembers.
        case fits
        /// The scene does not look as in training, and no usual scaling is better.
        case unusual
        /// Other ways fit so much better that the one in use is probably wrong, the best first.
        case better([Row])
        /// Nothing can be compared.
        case noMemory(Amnesia)
    }

    /// What the bands hold, in the model's order; empty where nothing has data.
    package let ranges: [BandRange]
    /// How the run scales pixels.
    package let inUse: FeedScaling
    /// What there is to say.
    package let verdict: Verdict
    /// Who says how the run scales pixels.
    package internal(set) var source = ""
    /// The scene's bands, counted from 1, in the model's order.
    package internal(set) var bands: [Int] = []
    /// For each band, the range of what the network is given.
    package internal(set) var given: [ClosedRange<Float>] = []
    /// The ways that were looked at, the one in use first; empty where there is no memory.
    package internal(set) var rows: [Row] = []

    init(ranges: [BandRange], inUse: FeedScaling, verdict: Verdict) {
        (self.ranges, self.inUse, self.verdict) = (ranges, inUse, verdict)
    }

    /// The ways that are clearly better than the one in use, the best first.
    package var suggested: [Row] { if case .better(let rows) = verdict { rows } else { [] } }

    /// The best way of scaling, where it is clearly better than the one in use; nil otherwise.
    package var best: Row? { if case .better(let rows) = verdict { rows.first } else { nil } }
}
