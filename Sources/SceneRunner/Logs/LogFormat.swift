/// How a log's line is written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// Time, level, message, then `key=value`.
    case text
    /// An object on a line.
    case json
}
