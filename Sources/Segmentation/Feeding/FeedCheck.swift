import Foundation
import InferenceEngine
import Models
import NetworkGraph
import RasterIO
import TileGeometry

/// Compares what a model is given of a scene with what the model remembers of its training.
///
/// The network runs on a few small tiles from different parts of the scene: as the run will feed it, and, where that does not
/// fit its norms' memory, scaled in the other ways that are usual.
struct FeedCheck {
    let scene: RasterReader
    let model: Model
    let bands: [Int]
    let normalization: Normalization
    let resampling: Resampling
    /// Bytes that the check may use.
    let memory: Int
    let makeBackend: () throws -> any Backend

    /// The pixels on a side of the tiles that are run, unless the network needs more.
    private static let side = 128
    /// Tiles are so many strides of the network, so that its deepest maps are more than their borders.
    private static let strides = 8
    /// The pixels of all tiles together that a scaling is judged by.
    private static let pixels = 4 * 128 * 128
    /// The part of a scene that is looked at, where it is small.
    private static let part = 0.25
    /// The norms from the input on that tell which ways of scaling are worth a whole run.
    private static let firstNorms = 3
    /// The ways of scaling that are run through the whole network, beside the one in use.
    private static let finalists = 3
    /// A network whose norms, normalising by their inputs' own statistics, are farther from their memory than this was not
    /// trained, or its memory is not its own.
    static let remembers = 0.2

    /// What is found out.
    ///
    /// - Parameter isComplete: true to run every usual way of scaling through the whole network, for a table.
    /// - Throws: `RasterError`, `EngineError`, `EngineCheckError`.
    func report(isComplete: Bool = false) throws -> FeedReport {
        guard let sample = try sample() else {
            return FeedReport(ranges: [], inUse: inUse, verdict: .noMemory(.noData))
        }
        func report(_ verdict: FeedReport.Verdict, _ rows: [FeedReport.Row] = []) -> FeedReport {
            var report = FeedReport(ranges: sample.ranges, inUse: inUse, verdict: verdict)
            report.given = given(inUse, sample)
            report.rows = rows.map { row in
                var row = row
                row.flags = row.scaling.flags(beside: model.description.scaling?.value)
                return row
            }
            return report
        }
        if let judge = try memoryOfNorms(sample) {
            switch judge {
            case .failure(let reason): return report(.noMemory(reason))
            case .success(let judge): return try self.report(by: judge, sample, isComplete, report)
            }
        }
        guard let seen = model.description.seen else { return report(.noMemory(.noNorms)) }
        return try self.report(by: SeenPixels(seen.value), sample, isComplete, report)
    }

    var inUse: FeedScaling { FeedScaling(inUse: normalization) }

    /// The tiles that are run; nil where the scene has no data.
    func sample() throws -> FeedSample? {
        let size = size
        let area = resampling.pixelGrid.size.area
        let affordable = min(Self.pixels, Int(Self.part * Double(area))) / (size * size)
        return try FeedSample(
            ResampledReader(scene, grid: resampling.pixelGrid), bands: bands, size: size,
            count: max(1, min(4, affordable)))
    }

    /// The side of the tiles. Where the usual tile leaves nothing of a network with valid convolutions, it is one that does.
    private var size: Int {
        guard let unfolded = model.unfolded else { return Self.side }
        let usual = unfolded.size(atMost: max(Self.side, Self.strides * model.network.stride))
        guard case .seamless(let network) = model.network,
            (try? unfolded.graph(size: usual).shapes(height: usual, width: usual)) == nil
        else { return usual }
        return unfolded.size(atMost: 2 * network.margin + Self.strides * network.stride)
    }

    /// What the norms of the model's graph remember, or why nothing; nil for a network without norms.
    func memoryOfNorms(_ sample: FeedSample) throws -> Result<NormJudge, FeedReport.Amnesia>? {
        guard let unfolded = model.unfolded else { return nil }
        let graph = try unfolded.graph(size: sample.size)
        let norms = graph.rememberingNorms
        guard !norms.isEmpty else { return nil }
        if norms.allSatisfy(\.memory.isBlank) { return .failure(.blank) }
        let backend = try makeBackend()
        let estimate = try CompiledNetwork.estimate(
            TileComputation(measuring: norms, of: graph, size: sample.size), backend: backend)
        guard estimate.byteCount + estimate.weightByteCount <= memory else { return .failure(.tooLarge) }
        return .success(NormJudge(graph: graph, size: sample.size, backend: backend))
    }

    private func report(
        by judge: any FeedJudge, _ sample: FeedSample, _ isComplete: Bool,
        _ report: (FeedReport.Verdict, [FeedReport.Row]) -> FeedReport
    ) throws -> FeedReport {
        func run(_ scalings: [FeedScaling]) throws -> [FeedReport.Row] {
            let divergences = try judge.divergences(of: scalings, first: nil) { fed(sample, $0) }
            return zip(scalings, divergences).map { FeedReport.Row(scaling: $0, first: $1.first, mean: $1.mean) }
        }
        let now = try run([inUse])[0]
        if !isComplete && now.score < FeedRule.fits { return report(.fits, [now]) }
        var others = otherScalings(sample)
        if !isComplete { others = try promising(others, by: judge, sample) }
        let rows = try [now] + run(others)
        if now.score >= FeedRule.fits, try judge.middleWithoutScaling(fed(sample, inUse)) > Self.remembers {
            return report(.noMemory(.notItsOwn), rows)
        }
        let fits = rows.map { row in
            let given = given(row.scaling, sample)
            return FeedRule.Fit(
                scaling: row.scaling, divergence: row.score,
                largest: given.map { Double(max(abs($0.lowerBound), abs($0.upperBound))) }.max() ?? 0,
                spread: given.map { Double($0.upperBound - $0.lowerBound) }.max() ?? 0, isOfBytes: isOfBytes)
        }
        let better = FeedRule.better(Array(fits.dropFirst()), than: fits[0])
        guard !better.isEmpty else { return report(now.score < FeedRule.fits ? .fits : .unusual, rows) }
        let all = report(.fits, rows).rows
        return report(.better(better.map { fit in all.first { $0.scaling == fit.scaling }! }), rows)
    }

    private var isOfBytes: Bool { bands.allSatisfy { scene.bands[$0 - 1].sampleType == .uint8 } }

    /// The ways of scaling with which the first norms are hardly worse off than they are, the best of them.
    func promising(
        _ others: [FeedScaling], by judge: any FeedJudge, _ sample: FeedSample
    ) throws -> [FeedScaling] {
        let glances = try judge.divergences(of: [inUse] + others, first: Self.firstNorms) { fed(sample, $0) }
            .map(\.mean)
        // Bytes that are divided by a number that nobody uses: another may be right though it fits worse (`FeedRule`).
        let isOdd = isOfBytes && !inUse.usesUsualDivisor
        let promising = others.indices.filter { glances[$0 + 1] <= (isOdd ? 8 : 1.5) * glances[0] }
            .sorted { glances[$0 + 1] < glances[$1 + 1] }
        return promising.prefix(isOdd ? Self.finalists + 1 : Self.finalists).map { others[$0] }
    }

    /// The usual ways of scaling that are not the one in use.
    func otherScalings(_ sample: FeedSample) -> [FeedScaling] {
        var said: [(mean: [Float], std: [Float])] = []
        func add(_ mean: [Float], _ std: [Float]) {
            let isPlain = mean.allSatisfy { $0 == 0 } && std.allSatisfy { $0 == std[0] }
            let isImageNets = mean == FeedScaling.imageNetMean && std == FeedScaling.imageNetStd
            if !isPlain && !isImageNets && !said.contains(where: { $0.mean == mean && $0.std == std }) {
                said.append((mean, std))
            }
        }
        add(inUse.mean, inUse.std)
        if let scaling = model.description.scaling?.value {
            func all(_ values: [Float]?, _ standard: Float) -> [Float] {
                let values = values ?? [standard]
                return values.count == 1 ? Array(repeating: values[0], count: bands.count) : values
            }
            add(all(scaling.mean, 0), all(scaling.std, 1))
        }
        var result: [FeedScaling] = []
        for scaling in FeedScaling.usual(for: sample.ranges, isByte: isOfBytes, said: said)
        where !scaling.isSame(as: inUse) && !result.contains(where: { $0.isSame(as: scaling) }) {
            result.append(scaling)
        }
        return result
    }

    /// What the network is given of the sample's tiles.
    func fed(_ sample: FeedSample, _ scaling: FeedScaling) -> [[Float]] {
        let normalization = scaling.normalization(clampedAs: normalization)
        let area = sample.size * sample.size
        return sample.tiles.map { tile in
            var result = tile
            for band in bands.indices {
                let normalize = normalization.band(band)
                for index in band * area..<(band + 1) * area { result[index] = normalize(tile[index]) }
            }
            return result
        }
    }

    /// The range of each band of what the network is given.
    private func given(_ scaling: FeedScaling, _ sample: FeedSample) -> [ClosedRange<Float>] {
        let normalization = scaling.normalization(clampedAs: normalization)
        return sample.ranges.enumerated().map { band, range in
            let normalize = normalization.band(band)
            let (low, high) = (normalize(range.low), normalize(range.high))
            return min(low, high)...max(low, high)
        }
    }
}
