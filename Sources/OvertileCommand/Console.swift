import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What people read: messages go to standard error, results to standard output.
enum Console {
    static func report(_ error: any Error) { writeError("overtile: error: \(oneLine("\(error)"))\n") }

    static func warn(_ message: String) { writeError("overtile: warning: \(oneLine(message))\n") }

    static func note(_ message: String) { writeError("\(message)\n") }

    /// A result.
    static func print(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func writeError(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    /// Messages of libraries and names of files may hold line ends and control characters; one error is one line.
    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    }
}
