import StoredTensors

/// The values that a source has under its keys, and what is wrong with those that are asked for.
struct MetadataFields {
    /// What to call the place in messages: "model.onnx".
    let file: String
    /// What stands before each key in messages.
    let prefix: String
    let values: [String: MetadataValue]
    private(set) var warnings: [String] = []

    init(_ values: [String: MetadataValue], file: String, prefix: String = "") {
        self.values = values
        self.file = file
        self.prefix = prefix
    }

    /// Entries whose texts are JSON; only those named are looked at. A word without quotes is a string, too.
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

    /// What the source says under a key; nil where it says nothing, or, with a warning, nothing of use.
    ///
    /// - Parameter wanted: what should be there, for the warning.
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
    /// The beginning of its text, safe to print.
    var summary: String { ModelFileError.quoted(json) }

    /// A probability.
    var share: Float? { number.flatMap { (0...1).contains($0) ? Float($0) : nil } }

    /// A number greater than 0.
    var positive: Double? { number.flatMap { $0 > 0 ? $0 : nil } }
}
