import Foundation
package import NetworkGraph

/// Measures how far a network's norms are from what they remember, while the network runs on some pixels.
///
/// The graph keeps its batch norms, with their running mean and variance (`Graph.rememberingNorms`): it is the graph before
/// its normalisations are folded. A network that is fed and wired as in its training gives each norm what it remembers.
///
///     if let meter = try NormMeter(graph, size: 256, backend: OvertileBackend()) {
///         try meter.measure { pixels in ... }  // [bands][256][256], scaled as the network is to be fed
///         print(meter.divergences.mean)        // 0.4: as in training; 50: nothing like it
///     }
package final class NormMeter {
    /// The norms that are measured, in the graph's order.
    package let norms: [Graph.RememberingNorm]
    /// The bands, height and width of the pixels that are measured.
    package var inputShape: MapShape { network.inputShape }

    private let network: CompiledNetwork
    private let session: InferenceSession
    /// For each norm and channel what its memory adds to a variance, in units of the variance that it remembers.
    private let epsilons: [[Double]]
    /// Sums over all pixels measured: for each norm its channels' means, then its channels' mean squares.
    private var sums: [Double]
    private var count = 0.0

    /// Compiles the network with what measures its norms.
    ///
    /// - Parameters:
    ///   - size: pixels of the input on a side, which the network has to take.
    ///   - first: how many norms are measured, from the input on; nil for all. What comes behind the last is not run.
    ///   - renormalizes: true if each norm uses its input's own mean and variance, tile by tile, as in training. What the
    ///     norms behind the first see then does not depend on the pixels' scaling: where the network was trained, and is
    ///     wired as it was, it is what they remember.
    /// - Returns: nil for a graph without a norm that remembers anything.
    /// - Throws: `NetworkError` where the network does not take that size, `GraphError`, or `EngineError` where it cannot be
    ///   run.
    package init?(
        _ graph: Graph, size: Int, first: Int? = nil, renormalizes: Bool = false, backend: any Backend
    ) throws {
        norms = Array(graph.rememberingNorms.prefix(first ?? .max))
        guard !norms.isEmpty else { return nil }
        network = try CompiledNetwork(
            TileComputation(measuring: norms, of: graph, size: size, renormalizes: renormalizes), backend: backend)
        session = try InferenceSession(network)
        epsilons = norms.map(\.memory.standardizedEpsilons)
        sums = Array(repeating: 0, count: network.outputShape.channels)
    }

    /// The bytes that the meter's maps take; its weights come on top.
    package var byteCount: Int { network.sessionByteCount }

    /// Runs the network on pixels. What the norms are given is added to what they were given before.
    ///
    /// - Parameter fill: writes the pixels, [bands][height][width], as the network is to be fed.
    /// - Throws: `EngineError` where a library fails; what `fill` throws.
    package func measure(_ fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
        try fill(session.input)
        try session.run()
        for channel in sums.indices { sums[channel] += Double(session.output[channel]) }
        count += 1
    }

    /// Forgets the pixels measured.
    package func reset() {
        for channel in sums.indices { sums[channel] = 0 }
        count = 0
    }

    /// How far the norms' inputs, all pixels since the last `reset` together, are from what the norms remember.
    package var divergences: NormDivergences {
        var start = 0
        return NormDivergences(
            norms: zip(norms, epsilons).map { norm, epsilons in
                let channels = epsilons.count
                var divergences: [Double] = []
                for (channel, epsilon) in epsilons.enumerated() {
                    let mean = sums[start + channel] / max(1, count)
                    let meanSquare = sums[start + channels + channel] / max(1, count)
                    divergences.append(
                        NormDivergences.divergence(mean: mean, variance: meanSquare - mean * mean, epsilon: epsilon))
                }
                start += 2 * channels
                return NormDivergences.Norm(label: norm.label, channels: divergences)
            })
    }

    /// The divergences of a graph's norms on pixels that are at hand.
    ///
    /// - Parameters:
    ///   - tiles: for each tile its pixels, [bands][size][size], as the network is to be fed; one at least.
    ///   - size: pixels of each tile on a side.
    /// - Returns: nil for a graph without a norm that remembers anything.
    /// - Throws: as `init` and `measure` do.
    package static func divergences(
        of graph: Graph, tiles: [[Float]], size: Int, backend: any Backend
    ) throws -> NormDivergences? {
        guard let meter = try NormMeter(graph, size: size, backend: backend) else { return nil }
        for tile in tiles {
            precondition(tile.count == meter.inputShape.channels * size * size, "a tile of another size")
            try meter.measure { _ = $0.update(fromContentsOf: tile) }
        }
        return meter.divergences
    }
}

/// How far a network's norms are from what they remember of their training, a number for each.
package struct NormDivergences: Sendable {
    /// One norm's number.
    package struct Norm: Sendable {
        /// Where the norm comes from, in the model file's own words.
        package let label: String
        /// The Kullback-Leibler divergence of what the norm is given from what it remembers, both as Gaussians of one
        /// channel: the mean over the norm's channels, 0 to `cap`. It is 0 where both are the same, 0.3 for images of the
        /// same kind, and several for another scaling.
        package let divergence: Double
        /// The divergences of the single channels, 0 to `cap` each.
        package let channels: [Double]

        /// Takes a norm's name and its channels' divergences, one at least.
        package init(label: String, channels: [Double]) {
            self.label = label
            self.channels = channels
            divergence = min(NormDivergences.cap, channels.reduce(0, +) / Double(channels.count))
        }
    }

    /// No divergence counts as more than this.
    package static let cap = 50.0

    /// The norms in the graph's order, one at least.
    package let norms: [Norm]

    /// Takes the norms in their order, one at least.
    package init(norms: [Norm]) {
        precondition(!norms.isEmpty, "divergences of no norms")
        self.norms = norms
    }

    /// The first norm's divergence, which tells of the input alone.
    package var first: Double { norms[0].divergence }

    /// The middle one of the divergences of the norms behind the first; the first's own where it is the only one.
    ///
    /// Where norms use their inputs' own statistics (`NormMeter.init(renormalizes:)`), it is below 0.15 for a network that
    /// was trained, whatever it is fed, and above 0.25 for one whose norms hold random numbers.
    package var middle: Double {
        guard norms.count > 1 else { return first }
        let later = norms.dropFirst().map(\.divergence).sorted()
        return (later[(later.count - 1) / 2] + later[later.count / 2]) / 2
    }

    /// The mean of all norms' divergences.
    package var mean: Double { norms.map(\.divergence).reduce(0, +) / Double(norms.count) }

    /// The Kullback-Leibler divergence of a Gaussian from the one of mean 0 and variance 1, at most `cap`:
    /// `(variance + mean² - 1 - ln variance) / 2`.
    ///
    /// - Parameter epsilon: what a norm adds to the first variance before anything else. It is in the 1 of the other.
    package static func divergence(mean: Double, variance: Double, epsilon: Double) -> Double {
        let variance = max(0, variance) + epsilon
        let divergence = (variance + mean * mean - 1 - log(variance)) / 2
        return divergence.isFinite ? min(cap, max(0, divergence)) : cap
    }
}
