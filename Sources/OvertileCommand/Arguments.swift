import ArgumentParser

#if canImport(Glibc)
    import Glibc
#endif

/// The arguments of the command line.
enum Arguments {
    /// Checks that all arguments are UTF-8. Swift's strings are Unicode, and other bytes would be changed and name
    /// another file.
    ///
    /// - Throws: `UsageError` that names the argument.
    static func check() throws {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: word) == nil {
                throw UsageError(
                    "argument \(index), \"\(String(cString: word))\", is not UTF-8: rename the file, or make a link to it"
                )
            }
        }
    }
}

/// The error that a command line makes no sense.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Shortens the argument parser's message to one line. Returns nil if help or the version was asked for.
    init?(_ error: any Error) {
        guard OvertileCommand.exitCode(for: error) != .success else { return nil }
        let words = OvertileCommand.message(for: error).split(whereSeparator: \.isWhitespace)
        var text = words.joined(separator: " ")
        if text.hasSuffix(".") { text.removeLast() }
        // The last line of the parser's long message is: See 'overtile segment --help' for more information.
        let quoted = OvertileCommand.fullMessage(for: error).split(separator: "\n").last?.split(separator: "'")
        let help = quoted.flatMap { $0.count == 3 ? String($0[1]) : nil } ?? "overtile --help"
        self.init("\(text); see \(help)")
    }
}
