import InferenceEngine
import Models

/// How well a network goes with a scene, by what its norms are given and what they remember.
struct NormFit {
    /// The way of scaling with which it goes best.
    let scaling: FeedScaling
    /// How far its norms are from their memory, each using its input's own statistics, tile by tile.
    ///
    /// A scene that does not look as in training is far from any memory, however the network is wired, and the wrong
    /// wiring may well be closer. So little of the scene's colours is left here that what remains is how the network is
    /// wired.
    let norms: NormDivergences

    /// A norm's divergence counts for no more than this: what is beyond tells that it is wrong, and not how wrong.
    private static let most = 5.0
    /// Another network has to fit so many times worse to be out of question.
    ///
    /// It was measured on networks that were trained a minute on real images, with scenes of the same kind and of others.
    /// The wrong half of a concatenation is 8 to 50 times worse than the right one. A wrong pooling is 1.4 to 7 times worse,
    /// and a wrong activation 0.85 to 6 times: these are told where they are gross, or by the norms' single channels.
    private static let clearness = 2.0
    /// The fewest channels by which two networks are told apart.
    private static let fewestChannels = 100
    /// So many standard errors lie between the channels' mean difference and none. On the same networks what is right was up
    /// to 6 errors behind what is wrong, and ReLU in the place of LeakyReLU (0.1) 21 errors behind.
    private static let errors = 12.0
    /// The channels' mean difference, in roots of divergences, has to be this: a slope of 0.01 in the place of none makes less
    /// of one than anything else that is wrong, and than images that differ from those of the training.
    private static let step = 0.02
    /// So many of the channels have to fit better. What is right had 37 % at least, and against ReLU 82 %.
    private static let share = 0.75
    /// What differs by no more than this, in the mean over the norms that tell two networks apart, is not told apart.
    private static let noise = 0.005

    /// True if the norms remember something that goes with the network's weights as they are wired.
    var remembers: Bool { norms.middle <= FeedCheck.remembers }

    /// True if this network fits so much better than another that the other is out of question.
    func isClearlyBetter(than other: NormFit) -> Bool {
        guard let difference = Self.difference(norms, other.norms) else { return false }
        return difference.right > max(Self.clearness * difference.left, difference.left + Self.noise)
            || isBetterChannelByChannel(than: other)
    }

    /// True if nearly all channels are closer to their memory than those of the other network.
    ///
    /// What a scene has of its own puts a channel as far off in both networks. So little differences count that nearly all
    /// channels share, where the sum of all tells nothing.
    private func isBetterChannelByChannel(than other: NormFit) -> Bool {
        let others = Dictionary(other.norms.norms.map { ($0.label, $0.channels) }) { first, _ in first }
        var differences: [Double] = []
        for norm in norms.norms {
            guard let channels = others[norm.label], channels.count == norm.channels.count else { continue }
            // Roots: a divergence grows with the square of what is wrong.
            let own = zip(norm.channels, channels).map { $1.squareRoot() - $0.squareRoot() }
            if own.contains(where: { abs($0) > 1e-6 }) { differences += own }
        }
        guard differences.count >= Self.fewestChannels else { return false }
        let count = Double(differences.count)
        let mean = differences.reduce(0, +) / count
        let variance = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / count
        return mean > max(Self.step, Self.errors * (variance / count).squareRoot())
            && Double(differences.count { $0 > 0 }) > Self.share * count
    }

    /// The divergences of the norms that tell two networks apart, in the mean over these; nil where none does.
    ///
    /// Wirings have their beginning in common, and often more than that.
    private static func difference(
        _ left: NormDivergences, _ right: NormDivergences
    ) -> (left: Double, right: Double)? {
        let others = Dictionary(right.norms.map { ($0.label, $0.divergence) }) { first, _ in first }
        var (sums, count) = ((left: 0.0, right: 0.0), 0)
        for norm in left.norms {
            guard let other = others[norm.label] else { continue }
            guard abs(norm.divergence - other) > 0.01 * max(norm.divergence, other) else { continue }
            sums.left += min(most, norm.divergence)
            sums.right += min(most, other)
            count += 1
        }
        return count > 0 ? (sums.left / Double(count), sums.right / Double(count)) : nil
    }
}

extension FeedCheck {
    /// The fit of the model to the scene, fed as the run will feed it or in the usual way that fits best.
    ///
    /// - Parameter scaling: the way of feeding it; nil for the best of those that are usual.
    /// - Returns: why nothing can be told, where that is so.
    /// - Throws: `RasterError`, `EngineError`, `EngineCheckError`.
    func fit(fed scaling: FeedScaling? = nil) throws -> Result<NormFit, FeedReport.Amnesia> {
        guard let sample = try sample() else { return .failure(.noData) }
        guard let memory = try memoryOfNorms(sample) else { return .failure(.noNorms) }
        switch memory {
        case .failure(let reason): return .failure(reason)
        case .success(let judge):
            let scaling = try scaling ?? bestScaling(by: judge, sample)
            guard let norms = try judge.divergencesWithoutScaling(fed(sample, scaling)) else {
                return .failure(.noNorms)
            }
            return .success(NormFit(scaling: scaling, norms: norms))
        }
    }

    /// The usual way of scaling that is closest to the memory of the norms. It matters where layers without norms come first.
    private func bestScaling(by judge: NormJudge, _ sample: FeedSample) throws -> FeedScaling {
        let scalings = try [inUse] + promising(otherScalings(sample), by: judge, sample)
        let divergences = try judge.divergences(of: scalings, first: nil) { fed(sample, $0) }.map(\.mean)
        return scalings[divergences.indices.min { divergences[$0] < divergences[$1] }!]
    }
}
