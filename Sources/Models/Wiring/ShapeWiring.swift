package import NetworkGraph
import StoredTensors
import WeightFiles

/// A network that was found by the shapes of a checkpoint of no known family.
struct ShapeWiring {
    /// The name of the kind of network.
    static let title = "a U-Net wired by its shapes"

    let network: RecognizedNetwork
    /// One line for each level.
    let lines: [String]

    /// Why no network was found.
    enum Failure: Error {
        /// Nothing fits; the text says how far the search came.
        case none(String)
        /// More than one network fits, and nothing in the file tells which it is.
        case several([WiringCandidate])
    }

    /// Looks for the network of a state dict.
    ///
    /// Shapes tell which layers may follow each other. What they leave open and norms know is settled by the norms; the
    /// order of a concatenation, and one of several wirings, is never guessed.
    ///
    /// - Throws: `Failure`.
    init(_ stateDict: StateDict, options: ModelOptions) throws(Failure) {
        let layers = LayerList(stateDict)
        if let problem = layers.problem { throw .none(problem) }
        let units = WiringUnit.units(of: layers)
        let search = WiringSearch(units)
        guard let least = search.wirings.first?.oddity else {
            throw .none(Self.account(of: search, units))
        }
        let wirings = search.wirings.filter { $0.oddity == least }.prefix(Self.mostWirings)
        let parameters = ParameterTable(stateDict)
        let said = options.settled
        let hints = ModuleHints(stateDict).forWiring
        var sums: NormEvidence.TapSums = [:]
        var candidates: [Candidate] = []
        for (number, wiring) in wirings.enumerated() {
            guard let chosen = said.values[.wiring], wirings.count > 1 else {
                candidates += Self.candidates(
                    wiring, wirings.count > 1 ? number + 1 : nil, units, parameters, options, hints, &sums)
                continue
            }
            if chosen == "\(number + 1)" {
                candidates += Self.candidates(wiring, number + 1, units, parameters, options, hints, &sums)
            }
        }
        guard !candidates.isEmpty else {
            throw .none("it has wirings 1 to \(wirings.count), and no other")
        }
        let best = try Self.choice(among: candidates)
        var network = RecognizedNetwork(graph: best.network.builder.graph, summary: "")
        network.assumptions = best.network.builder.assumptions
        network.givesProbabilities = best.network.givesProbabilities
        network.summary = Self.summary(best.wiring, units)
        self.network = network
        lines = best.wiring.lines(units)
        if let problem =
            (best.network.builder.parameters.problems + best.network.builder.parameters.unexpected(but: [])).first
        {
            throw .none(problem)
        }
    }

    /// The most equally likely wirings that are looked at.
    private static let mostWirings = 8

    private struct Candidate {
        let wiring: Wiring
        let network: WiredNetwork
        let divergence: Double?
        /// What distinguishes it from others: the order of concatenations, and its number among the wirings.
        let question: ModelAssumptions
        /// True if nothing but questions was taken from evidence.
        let isPlain: Bool
    }

    /// The networks of a wiring: both orders of concatenations, and the usual activations and orders of norms, as far as
    /// the user has not said what they are.
    private static func candidates(
        _ wiring: Wiring, _ number: Int?, _ units: [WiringUnit], _ parameters: ParameterTable, _ options: ModelOptions,
        _ hints: ModelAssumptions, _ sums: inout NormEvidence.TapSums
    ) -> [Candidate] {
        let said = options.settled
        var questions: [[ModelAssumptions.Key: String]] = [number.map { [.wiring: "\($0)"] } ?? [:]]
        func vary(_ key: ModelAssumptions.Key, _ values: [String]) {
            guard said.values[key] == nil else { return }
            questions = questions.flatMap { question in
                values.map { value in question.merging([key: value]) { $1 } }
            }
        }
        if wiring.hasConcatenations { vary(.concat, ConcatChoice.allCases.map(\.rawValue)) }
        let hasNorms = units.contains { $0.convolutions.contains { $0.norm != nil } }
        return questions.flatMap { question in
            var variants = [question]
            if hasNorms {
                for (key, values) in [
                    (ModelAssumptions.Key.activation, ["leaky0.01", "leaky0.1", "leaky0.2", "leaky0.3", "silu"]),
                    (.order, [OrderChoice.activationFirst.rawValue]),
                ] where said.values[key] == nil && hints.values[key] == nil {
                    variants += values.map { value in question.merging([key: value]) { $1 } }
                }
            }
            return variants.map { variant in
                let assumptions = SettledAssumptions(
                    options.assumptions, shown: options.shown,
                    evidence: ModelAssumptions(variant).completed(from: hints))
                let network = WiredNetwork(wiring, units, parameters, assumptions)
                let divergence =
                    hasNorms ? NormEvidence(network.builder.graph, network.norms, &sums).divergence : nil
                return Candidate(
                    wiring: wiring, network: network, divergence: divergence, question: ModelAssumptions(question),
                    isPlain: variant == question)
            }
        }
    }

    /// The candidate that goes best with the norms. One that differs from others in what must not be guessed has to be
    /// much better than they are; an activation that is not ReLU, too.
    private static func choice(among candidates: [Candidate]) throws(Failure) -> Candidate {
        let questions = Set(candidates.map(\.question))
        var best: [(candidate: Candidate, divergence: Double)] = []
        for question in questions {
            let own = candidates.filter { $0.question == question }
            let plain = own.first(where: \.isPlain)!
            let least = own.compactMap { candidate in candidate.divergence.map { (candidate, $0) } }
                .min { $0.1 < $1.1 }
            guard let least, let divergence = plain.divergence, least.1 * variantClearness < divergence else {
                best.append((plain, plain.divergence ?? .infinity))
                continue
            }
            best.append((least.0, least.1))
        }
        best.sort { ($0.divergence, $0.candidate.question.text) < ($1.divergence, $1.candidate.question.text) }
        guard best.count > 1 else { return best[0].candidate }
        guard best[0].divergence * clearness < best[1].divergence, best[0].divergence.isFinite else {
            throw .several(
                best.sorted { $0.candidate.question.text < $1.candidate.question.text }.map { best in
                    WiringCandidate(
                        graph: best.candidate.network.builder.graph, assumptions: best.candidate.question)
                })
        }
        return best[0].candidate
    }

    /// By how many times the norms' divergence has to be smaller to decide something.
    private static let clearness = 1.5

    /// By how many times it has to be smaller for an activation or an order that most networks do not have. Values are not
    /// spread as bells: of networks with ReLU that were trained on real images, a slope may seem to fit 3.5 times better.
    private static let variantClearness = 5.0

    private static func summary(_ wiring: Wiring, _ units: [WiringUnit]) -> String {
        var widths: [Int] = []
        var width = 0
        loop: for step in wiring.steps {
            switch step {
            case .unit(let index): width = units[index].outputs
            case .halve: widths.append(width)
            default: break loop
            }
        }
        widths.append(width)
        let list = widths.map(String.init).joined(separator: ", ")
        var parts = ["\(widths.count) level\(widths.count == 1 ? "" : "s"), widths \(list)"]
        if wiring.hasUpConvolutions { parts.append("up-convolution") }
        if wiring.hasPlainDoubling { parts.append("upsampling") }
        if wiring.steps.contains(.add) { parts.append("added skips") }
        if units.contains(where: { $0.shortcut != nil }) { parts.append("residual blocks") }
        let norms = units.flatMap(\.convolutions).compactMap(\.norm)
        parts.append(norms.isEmpty ? "no norms" : "batch norm")
        return parts.joined(separator: ", ")
    }

    /// How far a search came that found nothing.
    private static func account(of search: WiringSearch, _ units: [WiringUnit]) -> String {
        let reached = Wiring(steps: search.farthest, oddity: 0)
        let used = search.farthest.filter {
            switch $0 {
            case .unit, .upConvolution: true
            default: false
            }
        }
        let taken = Set(
            used.map {
                if case .unit(let index) = $0 {
                    index
                } else if case .upConvolution(let index) = $0 {
                    index
                } else {
                    -1
                }
            })
        let next = units.indices.first { !taken.contains($0) }
        let left = next.map { index -> String in
            let unit = units[index].first
            return "; nothing takes \(unit.name) (\(unit.rows), \(unit.columns), \(unit.kernel), \(unit.kernel)) in"
        }
        let last = reached.lines(units).last.map { ", as far as \($0)" } ?? ""
        return "as a U-Net, \(used.count) of its \(units.count) parts fit together\(last)\(left ?? "")"
            + (search.isCutShort ? "; the search was cut short" : "")
    }
}

/// One of several networks that a file may hold.
package struct WiringCandidate: Sendable {
    /// The network, whose normalisations are not folded: what measures norms on a scene can tell whether it is the one.
    package let graph: Graph
    /// The assumptions that choose it.
    package let assumptions: ModelAssumptions
}

/// The error that the tensors of a file may be wired in several ways, of which the file does not tell which it is.
///
/// Whoever has pixels of a scene can compare what the candidates' norms are given with what they remember, and read the
/// model again with the assumptions of the one that fits.
package struct WiringError: Error, CustomStringConvertible, Sendable {
    /// The file.
    package let path: String
    /// The networks that fit.
    package let candidates: [WiringCandidate]
    /// What else was asked, in a few words, and why it does not tell; nil if nothing was.
    package let silence: String?
    /// Why the file does not tell what another one of the same network would; nil if it does.
    package let order: String?

    /// Takes networks that fit a file.
    ///
    /// - Parameters:
    ///   - silence: "nor does scene.tif (...)".
    ///   - order: "its tensors are sorted by name ...".
    package init(path: String, candidates: [WiringCandidate], silence: String? = nil, order: String? = nil) {
        (self.path, self.candidates, self.silence, self.order) = (path, candidates, silence, order)
    }

    /// One line: the file, and the `--assume` that selects each of the wirings.
    package var description: String {
        let ways = candidates.map { "--assume \($0.assumptions.text)" }.joined(separator: " or ")
        return "\(path): fits \(ShapeWiring.title) in \(candidates.count) ways, and its norms do not tell which"
            + (silence.map { ", \($0)" } ?? "") + ": say \(ways)" + (order.map { "; \($0)" } ?? "")
    }
}
