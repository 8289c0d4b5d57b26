import WeightFiles

/// A value as metadata holds it: JSON's kinds, which are also those of Python's literals.
enum MetadataValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([MetadataValue])
    case object([String: MetadataValue])

    /// The value as a finite number, even if it stands in quotes.
    var number: Double? {
        switch self {
        case .number(let number): number.isFinite ? number : nil
        case .string(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// The value as a number that float32 holds.
    private var float: Float? { number.map { Float($0) }.flatMap { $0.isFinite ? $0 : nil } }

    /// The value as numbers for the bands, none of them beyond float32. A single number is for all of them.
    var numbers: [Float]? {
        guard case .array(let values) = self else { return float.map { [$0] } }
        let numbers = values.compactMap(\.float)
        return numbers.isEmpty || numbers.count < values.count ? nil : numbers
    }

    /// The value as a whole number from 0 on that is small enough to be a count.
    var count: Int? { number.flatMap { Int(exactly: $0) }.flatMap { (0...1 << 31).contains($0) ? $0 : nil } }

    /// The value as text, if it is not empty.
    var text: String? {
        guard case .string(let text) = self, text.contains(where: { !$0.isWhitespace }) else { return nil }
        return text
    }

    var members: [String: MetadataValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    var elements: [MetadataValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// True if the value says anything. Null, empty text, an empty list and an empty object say nothing.
    var isSaid: Bool { ![.null, .array([]), .object([:]), .string("")].contains(self) }

    /// The value as JSON on one line, with members in the order of their keys.
    var json: String {
        var text = JSONText("")
        write(to: &text, indentation: nil)
        return String(decoding: text.utf8, as: UTF8.self)
    }

    /// The value as JSON on many lines.
    var indentedJSON: String {
        var text = JSONText("")
        write(to: &text, indentation: "\n")
        text.raw("\n")
        return String(decoding: text.utf8, as: UTF8.self)
    }

    /// Writes the value.
    ///
    /// - Parameter indentation: the line end and the spaces before this value; nil for JSON on one line.
    private func write(to text: inout JSONText, indentation: String?) {
        switch self {
        case .null: text.raw("null")
        case .boolean(let value): text.raw("\(value)")
        // JSON has no infinity, and no number that is none.
        case .number(let number):
            text.raw(number.isFinite ? Int(exactly: number).map { "\($0)" } ?? "\(number)" : "null")
        case .string(let string): text.string(string)
        case .array(let values):
            // Numbers and words stay on one line, and larger values get lines of their own.
            let isFlat = values.allSatisfy { $0.members == nil && $0.elements == nil }
            let inner = isFlat ? nil : indentation.map { $0 + "  " }
            Self.list("[", "]", values, to: &text, inner, indentation) { $0.write(to: &$1, indentation: inner) }
        case .object(let members):
            let inner = indentation.map { $0 + "  " }
            let sorted = members.sorted { $0.key < $1.key }
            Self.list("{", "}", sorted, to: &text, inner, indentation) { member, text in
                text.string(member.key)
                text.raw(": ")
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func list<Element>(
        _ start: String, _ end: String, _ elements: [Element], to text: inout JSONText, _ inner: String?,
        _ outer: String?, _ write: (Element, inout JSONText) -> Void
    ) {
        text.raw(start)
        for (index, element) in elements.enumerated() {
            if index > 0 { text.raw(inner == nil ? ", " : ",") }
            text.raw(inner ?? "")
            write(element, &text)
        }
        if inner != nil && !elements.isEmpty { text.raw(outer ?? "") }
        text.raw(end)
    }
}
