/// What a user says about a network that its tensors leave open: `upsampling=bilinear,head=sigmoid`.
///
/// The text is not checked against any network here: which keys a network leaves open, and which values they take, is
/// known once its file is read.
package struct ModelAssumptions: Hashable, Sendable {
    /// The things that tensors leave open.
    package enum Key: String, CaseIterable, Sendable {
        /// The function between the layers.
        case activation
        /// The half of a concatenation that is the skip.
        case concat
        /// The places of norm and activation behind a convolution.
        case order
        /// The borders of convolutions.
        case padding
        /// The way in which the encoder halves a map.
        case pooling
        /// The sums of a block's input and output.
        case residual
        /// The way in which the decoder doubles a map.
        case upsampling
        /// The function behind the last convolution.
        case head
        /// The input pixels for each pixel of the encoder's last map.
        case outputStride = "output-stride"
        /// The dilations of an atrous pyramid.
        case rates
        /// The convolution of a bottleneck that halves the map.
        case bottleneckStride = "bottleneck-stride"
        /// The number of a wiring among several that fit.
        case wiring
    }

    /// The values by key.
    package private(set) var values: [Key: String] = [:]

    /// Makes assumptions about nothing.
    package init() {}

    /// Makes assumptions of these values.
    package init(_ values: [Key: String]) { self.values = values }

    /// Reads `key=value,key=value`.
    ///
    /// - Throws: `AssumptionError` for a key that does not exist, one without a value, or one that occurs twice.
    package init(parsing text: String) throws(AssumptionError) {
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
            guard parts.count == 2, !parts[1].isEmpty else {
                throw AssumptionError("'\(entry)' is not key=value; the keys are \(known)")
            }
            guard let key = Key(rawValue: String(parts[0])) else {
                throw AssumptionError("nothing is assumed about '\(parts[0])'; the keys are \(known)")
            }
            guard values.updateValue(String(parts[1]), forKey: key) == nil else {
                throw AssumptionError("'\(key.rawValue)' is given twice")
            }
        }
    }

    /// True if nothing is said.
    package var isEmpty: Bool { values.isEmpty }

    /// The text that `init(parsing:)` reads, with its keys in order.
    package var text: String {
        values.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: ",")
    }

    /// Returns these assumptions, with those of `others` about whatever these say nothing of.
    package func completed(from others: ModelAssumptions) -> ModelAssumptions {
        var result = self
        result.values.merge(others.values) { own, _ in own }
        return result
    }
}

/// The error that a text is no list of assumptions.
package struct AssumptionError: Error, CustomStringConvertible, Sendable {
    /// One line that says what is wrong, and what would be right.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Something that the tensors of a network leave open, and what was taken for it.
package struct Assumption: Hashable, Sendable {
    /// The choice that is open.
    package let key: ModelAssumptions.Key
    /// What was taken.
    package let value: String
    /// What may be taken: "nearest, bilinear or aligned".
    package let choices: String
    /// The source of the value.
    package let origin: Origin

    /// The sources that a value may have.
    package enum Origin: String, Sendable {
        /// The user.
        case given
        /// What pixels of a scene make of the network's norms.
        case scene
        /// What the file knows beside the tensors' shapes.
        case evidence
        /// Nobody: it is what most networks have.
        case standard = "default"
    }
}

/// The assumptions of a network, settled one after the other while its graph is built.
struct SettledAssumptions: Sendable {
    private let given: ModelAssumptions
    private let shown: ModelAssumptions
    private let evidence: ModelAssumptions
    /// What was settled, in order.
    private(set) var settled: [Assumption] = []
    /// The values that were given and mean nothing, each with what would.
    private(set) var problems: [String] = []

    /// Makes assumptions that are not settled yet.
    ///
    /// - Parameters:
    ///   - given: what the user says.
    ///   - shown: what a scene shows, where the user says nothing.
    ///   - evidence: what the file says, where neither says anything.
    init(
        _ given: ModelAssumptions = ModelAssumptions(), shown: ModelAssumptions = ModelAssumptions(),
        evidence: ModelAssumptions = ModelAssumptions()
    ) {
        self.given = given
        self.shown = shown
        self.evidence = evidence
    }

    /// Settles something: as the user says, or else by the default, which is the first of all cases.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: ModelAssumptions.Key, as type: Choice.Type = Choice.self
    ) -> Choice {
        let names = Choice.allCases.map(\.rawValue)
        let choices = names.count > 1 ? "\(names.dropLast().joined(separator: ", ")) or \(names.last!)" : names[0]
        return value(key, default: Choice.allCases.first!, choices: choices, text: \.rawValue) { Choice(rawValue: $0) }
    }

    /// Settles something that a number or a list says.
    ///
    /// - Parameters:
    ///   - choices: what may be taken, for people.
    ///   - text: gives the text of a value.
    ///   - parse: gives the value of a text; nil for one that means nothing.
    mutating func value<Value>(
        _ key: ModelAssumptions.Key, default standard: Value, choices: String, text: (Value) -> String,
        parse: (String) -> Value?
    ) -> Value {
        var (value, origin) = (standard, Assumption.Origin.standard)
        if let word = given.values[key] {
            origin = .given
            if let parsed = parse(word) {
                value = parsed
            } else if !problems.contains(where: { $0.hasPrefix("\(key.rawValue) ") }) {
                problems.append("\(key.rawValue) may be \(choices), not '\(word)'")
            }
        } else if let word = shown.values[key], let parsed = parse(word) {
            (value, origin) = (parsed, .scene)
        } else if let word = evidence.values[key], let parsed = parse(word) {
            (value, origin) = (parsed, .evidence)
        }
        if !settled.contains(where: { $0.key == key }) {
            settled.append(Assumption(key: key, value: text(value), choices: choices, origin: origin))
        }
        return value
    }

    /// What the user gave although the network does not leave it open.
    var needless: [String] {
        given.values.keys.filter { key in key != .wiring && !settled.contains { $0.key == key } }.map(\.rawValue)
            .sorted()
    }
}

/// The ways in which a map is doubled without weights.
enum UpsamplingChoice: String, CaseIterable {
    case nearest
    /// Bilinear with half-pixel centres.
    case bilinear
    /// Bilinear with aligned corners.
    case aligned = "bilinear-aligned"
}

/// The function behind the last convolution.
enum HeadChoice: String, CaseIterable {
    /// Logits, of which Overtile makes probabilities.
    case none
    case sigmoid
    case softmax
}
