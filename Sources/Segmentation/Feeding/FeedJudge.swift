import Foundation
import InferenceEngine
import Models
import NetworkGraph

/// What knows how pixels looked to a network in its training.
protocol FeedJudge {
    /// How far pixels are from those of the training, for each of several ways of scaling them.
    ///
    /// - Parameters:
    ///   - first: how many norms are looked at, from the input on; nil for all.
    ///   - fed: the tiles as a way of scaling makes them, [bands][size][size].
    /// - Throws: `EngineError`.
    func divergences(
        of scalings: [FeedScaling], first: Int?, fed: (FeedScaling) -> [[Float]]
    ) throws -> [NormDivergences]

    /// How far the network is from its memory whatever the scaling: large for a memory that is not its own.
    ///
    /// - Throws: `EngineError`.
    func middleWithoutScaling(_ tiles: [[Float]]) throws -> Double
}

/// The norms of a network.
struct NormJudge: FeedJudge {
    let graph: Graph
    let size: Int
    let backend: any Backend

    func divergences(
        of scalings: [FeedScaling], first: Int?, fed: (FeedScaling) -> [[Float]]
    ) throws -> [NormDivergences] {
        guard !scalings.isEmpty, let meter = try NormMeter(graph, size: size, first: first, backend: backend) else {
            return []
        }
        return try scalings.map { scaling in
            meter.reset()
            for tile in fed(scaling) { try meter.measure { _ = $0.update(fromContentsOf: tile) } }
            return meter.divergences
        }
    }

    /// How far each norm is from its memory where all use their inputs' own statistics, all tiles together; nil for a
    /// network without norms.
    ///
    /// - Throws: `EngineError`.
    func divergencesWithoutScaling(_ tiles: [[Float]]) throws -> NormDivergences? {
        guard let meter = try NormMeter(graph, size: size, renormalizes: true, backend: backend) else { return nil }
        for tile in tiles { try meter.measure { _ = $0.update(fromContentsOf: tile) } }
        return meter.divergences
    }

    func middleWithoutScaling(_ tiles: [[Float]]) throws -> Double {
        guard let meter = try NormMeter(graph, size: size, renormalizes: true, backend: backend) else { return 0 }
        // A single norm has nobody to contradict it.
        guard meter.norms.count > 1 else { return 0 }
        // Each tile is normalised by itself, so that one is enough.
        try meter.measure { _ = $0.update(fromContentsOf: tiles[0]) }
        return meter.divergences.middle
    }
}

/// The mean and standard deviation of scaled pixels that a model without norms was trained on, as it says itself.
struct SeenPixels: FeedJudge {
    private let seen: InputStatistics

    init(_ seen: InputStatistics) { self.seen = seen }

    func divergences(
        of scalings: [FeedScaling], first: Int?, fed: (FeedScaling) -> [[Float]]
    ) throws -> [NormDivergences] {
        scalings.map { scaling in
            let tiles = fed(scaling)
            let area = tiles[0].count / seen.mean.count
            var divergences: [Double] = []
            for band in seen.mean.indices {
                let (mean, std) = (Double(seen.mean[band]), Double(seen.std[band]))
                var (total, squares) = (0.0, 0.0)
                for tile in tiles {
                    for index in band * area..<(band + 1) * area {
                        let value = (Double(tile[index]) - mean) / std
                        total += value
                        squares += value * value
                    }
                }
                let count = Double(tiles.count * area)
                divergences.append(
                    NormDivergences.divergence(
                        mean: total / count, variance: squares / count - total * total / count / count, epsilon: 1e-5))
            }
            return NormDivergences(norms: [.init(label: "input", channels: divergences)])
        }
    }

    func middleWithoutScaling(_ tiles: [[Float]]) throws -> Double { 0 }
}
