package import Foundation
package import Logging

/// Writes each event of a log as one line, with its time in UTC.
package struct LineLogHandler: LogHandler {
    /// The level below which nothing is written.
    package var logLevel: Logger.Level
    /// The fields of every line.
    package var metadata: Logger.Metadata = [:]
    private let format: LogFormat
    private let destination: LogDestination
    private let now: @Sendable () -> Date

    /// Makes a handler that writes lines to a destination.
    ///
    /// - Parameter now: the time; tests have their own.
    package init(
        _ format: LogFormat, to destination: LogDestination, level: Logger.Level = .info,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.format = format
        self.destination = destination
        self.now = now
        logLevel = level
    }

    /// One of the fields of every line.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event as one line.
    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = now().formatted(.iso8601)
        switch format {
        case .text:
            destination.write(Self.text(time, event.level, "\(event.message)", fields))
        case .json:
            destination.write(Self.json(time, event.level, "\(event.message)", fields))
        }
    }

    /// `2026-11-21T18:00:00Z info scene done pixels=100 scene=/in/a.tif classShares.land=0.8`
    private static func text(
        _ time: String, _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata
    ) -> String {
        ([time, level.rawValue, plain(message)] + fields.sorted { $0.key < $1.key }.flatMap { words($0.key, $0.value) })
            .joined(separator: " ")
    }

    private static func words(_ key: String, _ value: Logger.Metadata.Value) -> [String] {
        switch value {
        case .dictionary(let fields):
            fields.sorted { $0.key < $1.key }.flatMap { words("\(key).\($0.key)", $0.value) }
        case .array(let values): values.flatMap { words(key, $0) }
        case .string(let text): [plain(key, isKey: true) + "=" + quoted(text)]
        case .stringConvertible(let value): [plain(key, isKey: true) + "=" + quoted("\(value)")]
        }
    }

    /// Returns the text in quotes where it would not be one word otherwise.
    private static func quoted(_ text: String) -> String {
        let text = plain(text)
        guard text.isEmpty || text.contains(where: { " \"=\\".contains($0) }) else { return text }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    /// Names of files may hold line ends: a line stays one.
    private static func plain(_ text: String, isKey: Bool = false) -> String {
        String(
            text.unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: isKey ? "_" : " "
                case .spaceSeparator where isKey: "_"
                default: Character(scalar)
                }
            })
    }

    /// `{"level":"info","message":"scene done","pixels":100,"time":"2026-11-21T18:00:00Z"}`
    private static func json(
        _ time: String, _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata
    ) -> String {
        var object = fields.mapValues(JSONField.init)
        object["time"] = .text(time)
        object["level"] = .text(level.rawValue)
        object["message"] = .text(message)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(object) else { return "{\"level\":\"error\",\"message\":\"unwritable\"}" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// A value of a JSON line; numbers stay numbers.
private enum JSONField: Encodable {
    case text(String)
    case whole(Int)
    case real(Double)
    case flag(Bool)
    case list([JSONField])
    case object([String: JSONField])

    init(_ value: Logger.Metadata.Value) {
        switch value {
        case .string(let text): self = .text(text)
        case .array(let values): self = .list(values.map(JSONField.init))
        case .dictionary(let fields): self = .object(fields.mapValues(JSONField.init))
        case .stringConvertible(let value):
            switch value {
            case let number as Int: self = .whole(number)
            case let number as Double where number.isFinite: self = .real(number)
            case let flag as Bool: self = .flag(flag)
            default: self = .text("\(value)")
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .whole(let number): try container.encode(number)
        case .real(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .list(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}

/// The form of a log's lines.
package enum LogFormat: String, CaseIterable, Sendable {
    /// Time, level, message, then `key=value`.
    case text
    /// An object on a line.
    case json
}
