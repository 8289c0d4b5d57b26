import Overtile

/// What `plan` and `inspect --scene` print about what a model is given of a scene.
struct FeedSummary: Encodable {
    struct Band: Encodable {
        let band: Int
        let low: Float
        let high: Float
        let givenLow: Float
        let givenHigh: Float
    }

    struct Hypothesis: Encodable {
        let scaling: String
        let options: String
        let first: Double
        let mean: Double
        let suggested: Bool
    }

    let source: String
    let bands: [Band]
    let memory: String
    let hypotheses: [Hypothesis]
    let rows: [(String, String)]

    private enum CodingKeys: CodingKey {
        case source, bands, memory, hypotheses
    }

    init(_ report: FeedReport) {
        source = report.source
        bands = zip(report.bands, zip(report.ranges, report.given)).map { band, ranges in
            Band(
                band: band, low: ranges.0.low, high: ranges.0.high, givenLow: ranges.1.lowerBound,
                givenHigh: ranges.1.upperBound)
        }
        memory = report.summary
        rows = report.lines.map { ($0.title, $0.text) }
        let suggested = Set(report.suggested.map(\.flags))
        hypotheses = report.rows.enumerated().map { index, row in
            Hypothesis(
                scaling: row.scaling.name, options: row.flags, first: row.first, mean: row.mean,
                suggested: index > 0 && suggested.contains(row.flags))
        }
    }

    /// The ways of scaling, the best fit first, with an arrow before those that are suggested.
    var table: String {
        let sorted = hypotheses.sorted { $0.first + $0.mean < $1.first + $1.mean }
        return Text.columns(
            ["SCALING", "FIRST NORM", "ALL NORMS", "OPTIONS"],
            sorted.map {
                [
                    ($0.suggested ? "-> " : "") + $0.scaling, FeedReport.text($0.first), FeedReport.text($0.mean),
                    $0.options,
                ]
            }, numbers: [1, 2], narrowing: [0: .continued, 3: .continued], fitting: Console.resultWidth)
    }
}
