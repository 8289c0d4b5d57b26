import StoredTensors

/// The values that a source has under its keys, with warnings about those that were asked for and are wrong.
struct MetadataFields {
    /// The name of the source in messages: "model.onnx".
    let file: String
    /// The text before each key in messages.
    let prefix: String
    let values: [String: MetadataValue]
    private(set) var warnings: [String] = []

    init(_ values: [String: MetadataValue], file: String, prefix: String = "") {
        self.values = values
        self.file = file
        self.prefix = prefix
    }

    /// Reads entries whose texts are JSON. Only the given keys are looked at. A word without quotes is also a string.
    init(texts: [String: String], keys: [String], file: String) {
        var values: [String: MetadataValue] = [:]
        var problems: [String] = []
        for key in keys {
            guard let text = texts[key] else { continue }
            do {
                values[key] = try MetadataParser.parse(text.utf8)
            } catch {
                let isWord = text.utf8.count < 200 && !text.contains { "{}[]()\"',:".contains($0) }
                if isWord { values[key] = .string(text) } else { problems.append("\(key) of \(file): \(error)") }
            }
        }
        self.init(values, file: file)
        warnings = problems.map { $0 + ": it is not used" }
    }

    /// Returns the value under a key, or nil if there is none. If the value is of no use, returns nil and warns.
    ///
    /// - Parameter wanted: the kind of value that is expected, for the warning.
    mutating func value<Value>(
        _ key: String, _ wanted: String, _ read: (MetadataValue) -> Value?
    ) -> Sourced<Value>? {
        guard let value = values[key], value != .null else { return nil }
        guard let result = read(value) else {
            warn(key, "\(value.summary) is not \(wanted)")
            return nil
        }
        return Sourced(result, source: source(key))
    }

    func source(_ key: String) -> String { "\(prefix)\(key) of \(file)" }

    mutating func warn(_ key: String, _ problem: String) {
        warnings.append("\(source(key)): \(problem): it is not used")
    }
}

extension MetadataValue {
    /// The beginning of the value's text, safe to print.
    var summary: String { ModelFileError.quoted(json) }

    /// The value as a probability.
    var share: Float? { number.flatMap { (0...1).contains($0) ? Float($0) : nil } }

    /// The value as a number greater than 0.
    var positive: Double? { number.flatMap { $0 > 0 ? $0 : nil } }
}
