/// When a way of scaling pixels is so much better than the one in use that people should be told.
///
/// A network sees a dark scene, snow or the open sea as it would see wrongly scaled pixels, so that no divergence by itself
/// says that a scene is fed wrongly. What decides is whether another way that people use fits several times better, and
/// whether a scene could be the cause: no scene is a hundred times as bright as another.
enum FeedRule {
    /// How well a way of scaling fits.
    struct Fit {
        var scaling: FeedScaling
        /// The mean of the first norm's divergence, which tells of the pixels, and of the mean of all, which tells of what
        /// the network makes of them.
        var divergence: Double
        /// The largest absolute value that the network is given.
        var largest: Double
        /// The largest difference of two values of a band that the network is given.
        var spread: Double
        /// True if the scene's pixels are bytes, which people divide by 255 and by nothing else.
        var isOfBytes: Bool
    }

    /// Below this, a scaling fits, whatever others do: images of the kind that networks were trained on give 0.01 to 0.5,
    /// and the wrong scaling that comes closest 0.8.
    static let fits = 0.3
    /// A fit is not counted better than this: below, it is the scene that differs.
    private static let noise = 0.02
    /// Slopes that differ by this factor are no matter of the scene's brightness.
    private static let gross = 8.0
    /// Values beyond this are absurd for all but networks that were fed unscaled pixels.
    private static let absurd = 30.0
    /// A scene that varies by less than this is flat to a network.
    private static let flat = 0.005

    /// How many times better another scaling has to fit to be better than the one in use; nil where the scene may be the
    /// cause of any difference.
    static func factor(_ other: Fit, than inUse: Fit) -> Double? {
        let isTrusted = inUse.scaling.hasOwnStatistics && inUse.largest <= absurd
        // The statistics of a dark scene make a bright one of it: they are no rival of numbers from the training.
        if other.scaling.origin == .scene { return isTrusted ? nil : 4 }
        // To leave a mean and a standard deviation out brings all pixels nearer to 0, which fits any unusual scene better: it
        // has to fit as such.
        if other.scaling.leavesStatisticsOut(of: inUse.scaling), other.divergence >= fits { return nil }
        let gain = other.scaling.gain(over: inUse.scaling)
        if gain >= gross || gain <= 1 / gross {
            // Nobody trains on pixels divided by a number that is not usual, and far from all that are: of bytes, it takes
            // little to say so.
            if !inUse.scaling.usesUsualDivisor { return inUse.isOfBytes ? 0.15 : 1.3 }
            return gain < 1 && inUse.largest > absurd ? 2.5 : 4
        }
        if inUse.scaling.hasOwnStatistics { return nil }
        if inUse.scaling.keepsZero && other.scaling.keepsZero { return nil }
        return 4
    }

    /// True if another way of scaling is so much better than the one in use that it is told.
    static func isBetter(_ other: Fit, than inUse: Fit) -> Bool {
        guard inUse.divergence >= fits, let factor = factor(other, than: inUse) else { return false }
        if inUse.divergence >= factor * max(other.divergence, noise) { return true }
        let isGrossly = other.scaling.gain(over: inUse.scaling) >= gross
        return isGrossly && inUse.spread < flat && !inUse.scaling.usesUsualDivisor && other.scaling.origin == .usual
    }

    /// The ways that are better than the one in use, the best first. Of those about as good as the best, a usual one comes
    /// before the scene's own statistics.
    static func better(_ others: [Fit], than inUse: Fit) -> [Fit] {
        func rank(_ fit: Fit) -> Double {
            max(fit.divergence, noise) * (fit.scaling.origin == .scene ? 1.5 : 1)
        }
        let better = others.filter { isBetter($0, than: inUse) }.sorted { rank($0) < rank($1) }
        guard let best = better.first else { return [] }
        // Others are told where they are nearly as good, and the scene's own statistics where they are better.
        return better.filter { $0.scaling == best.scaling || rank($0) < 3 * rank(best) }
    }
}
