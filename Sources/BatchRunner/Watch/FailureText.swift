import Foundation

/// The text beside a scene that was moved aside: why, and what to do.
enum FailureText {
    /// In place of an error, where no attempt lived to tell one.
    static let killed =
        "every run was ended from outside before it was complete: killed, or out of memory (see --memory)"

    static func of(_ entry: LedgerEntry, at time: Date) -> String {
        let style = Date.ISO8601FormatStyle()
        var lines = [
            "Overtile moved this scene aside at \(style.format(time)), after \(entry.attempts) failed attempts.", "",
            "error: \(entry.error ?? killed)", "scene: \(entry.scene)",
        ]
        if let model = entry.model { lines.append("model: \(model)") }
        if let started = entry.started { lines.append("last attempt: \(style.format(started))") }
        lines += [
            "",
            "To have it tried again, mend the cause and move the scene, and the files that came with it, back to where it was.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
