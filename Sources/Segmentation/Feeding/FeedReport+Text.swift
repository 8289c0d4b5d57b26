import Foundation

/// A way of scaling that a user may try.
package struct ScalingSuggestion: Equatable, Sendable, CustomStringConvertible {
    /// What has to be typed.
    package let flags: String
    /// What it means, in a few words.
    package let name: String
    /// How far the model's memory is from it.
    package let divergence: Double

    /// "--std 255 (1/255: divergence 0.03)"
    package var description: String { "\(flags) (\(name): \(FeedReport.text(divergence)))" }
}

extension FeedReport {
    /// What there is to warn of.
    ///
    /// - Parameter adopts: true if the run follows the best way by itself.
    func warnings(about scene: String, adopts: Bool) -> [PlanWarning] {
        switch verdict {
        case .fits, .unusual:
            return adopts && rows.isEmpty ? [.scalingNotChosen(scene: scene, reason: "no scaling can be compared")] : []
        case .better(let rows):
            guard !adopts, let inUse = self.rows.first else { return [] }
            let suggestions = rows.prefix(3).map {
                ScalingSuggestion(flags: $0.flags, name: $0.scaling.name, divergence: $0.score)
            }
            return [.scalingUnlikely(scene: scene, divergence: inUse.score, suggestions: suggestions)]
        case .noMemory(let amnesia):
            let choice: [PlanWarning] =
                adopts ? [.scalingNotChosen(scene: scene, reason: amnesia.description)] : []
            guard amnesia != .noData else { return choice }
            return choice + rangeWarnings(about: scene)
        }
    }

    /// What the values themselves give reason to warn of, for models that remember nothing.
    private func rangeWarnings(about scene: String) -> [PlanWarning] {
        guard let lowest = given.map(\.lowerBound).min(), let highest = given.map(\.upperBound).max() else { return [] }
        // A hundred times beyond -3 to 3; all within a thousandth.
        if max(abs(lowest), abs(highest)) > 300 {
            return [.valuesFarOut(scene: scene, lowest: lowest, highest: highest)]
        }
        // A scene without any contrast has none at any scale.
        let hasContrast = ranges.contains { $0.high - $0.low > 0.01 * max(abs($0.high), abs($0.low)) }
        if hasContrast, given.allSatisfy({ $0.upperBound - $0.lowerBound < 0.001 }) {
            return [.valuesAlike(scene: scene, lowest: lowest, highest: highest)]
        }
        return []
    }

    /// A line for each band, and one about the memory, for tables.
    package var lines: [(title: String, text: String)] {
        var lines = zip(bands, zip(ranges, given)).enumerated().map { index, entry in
            let (band, (range, given)) = entry
            return (
                title: index == 0 ? "Pixels" : "",
                text: "band \(band): \(Self.text(range.low)) to \(Self.text(range.high)) in the scene, "
                    + "\(Self.text(given.lowerBound)) to \(Self.text(given.upperBound)) for the model"
            )
        }
        lines.append((title: "Scaling", text: "\(inUse.flags(beside: nil)), by \(source)"))
        lines.append((title: "Memory", text: summary))
        return lines
    }

    /// What the model's memory says, in one line.
    package var summary: String {
        let inUse = rows.first.map { Self.text($0.score) } ?? ""
        switch verdict {
        case .fits: return "divergence \(inUse): the model is given what it was trained on"
        case .unusual:
            return "divergence \(inUse): the scene does not look as in training, and no usual scaling is better"
        case .better(let rows):
            return
                "divergence \(inUse), and \(Self.text(rows[0].score)) with \(rows[0].flags) (\(rows[0].scaling.name))"
        case .noMemory(let amnesia): return "none to compare with: \(amnesia.description)"
        }
    }

    /// A number as it is told: three digits that count.
    package static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if value == 0 { return "0" }
        let digits = max(0, 2 - Int(floor(log10(abs(value)))))
        let unit = pow(10, Double(min(digits, 8)))
        let rounded = (value * unit).rounded() / unit
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// A number as it is told: three digits that count.
    package static func text(_ value: Float) -> String { text(Double(value)) }
}

extension FeedReport.Amnesia {
    /// Why nothing can be compared, as the end of a sentence.
    package var description: String {
        switch self {
        case .noNorms: "the network has no batch norms, or its exporter has folded them"
        case .blank: "the network's norms are as they were made and have never seen an image"
        case .notItsOwn: "the network's norms hold numbers that do not go with its weights, as random ones do"
        case .noData: "no place in the scene that was looked at has data"
        case .tooLarge: "the memory that is allowed is too small to run the network before its norms are folded"
        }
    }
}

extension SegmentationOptions {
    /// These options with a way of scaling in place of their own; as they are for nil.
    func adopting(_ scaling: FeedScaling?) -> SegmentationOptions {
        guard let scaling else { return self }
        var result = self
        (result.scale, result.offset) = (scaling.scale, scaling.offset)
        (result.mean, result.std) = (scaling.mean, scaling.std)
        return result
    }
}
