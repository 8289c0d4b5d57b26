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
        var words = Array(CommandLine.arguments.dropFirst())
        if words.first == "help" { words.removeFirst() }
        guard let word = words.first, !word.hasPrefix("-") else { return }
        let commands = OvertileCommand.configuration.subcommands.map { $0._commandName } + ["help"]
        guard !commands.contains(word) else { return }
        let meant = NearMiss.nearest(to: word, among: commands).map { "did you mean \($0)? " } ?? ""
        throw UsageError("there is no command '\(word)': \(meant)overtile --help lists them")
    }
}

/// Finds what somebody may have meant by a word that is unknown.
enum NearMiss {
    /// Words of other programs, and what does the same here.
    private static let others = [
        "--threads": "it is --workers here", "--jobs": "it is --workers here", "--num-workers": "it is --workers here",
        "--gpu": "there is none: Overtile runs on processors alone", "--cuda": "Overtile runs on processors alone",
        "--device": "Overtile runs on processors alone", "--format": "it is --of here, as --of COG",
        "--cog": "it is --of COG here", "--batch-size": "--workers and --tile take its place",
        "--overlap": "it is --margin here, in pixels", "--tile-size": "it is --tile here",
        "--class-field": "it is --field here", "--field": "it is --class-field here",
        "--out": "it is --output here", "--weights": "it is --model here", "--checkpoint": "it is --model here",
        "--labels": "it is --classes here", "--normalize": "--mean and --std say how pixels are scaled",
    ]

    /// Returns what to do about an option that a command does not have; nil where nothing is like it.
    static func advice(option: String, command: String?) -> String? {
        let name = String(option.prefix { $0 != "=" })
        let known = options(of: command)
        if let other = others[name] {
            // What a command does not have is no advice for it.
            let named = other.split { !($0.isLetter || $0 == "-") }.filter { $0.hasPrefix("--") }
            if named.allSatisfy({ known.contains(String($0)) }) { return other }
        }
        let longer = known.filter { $0.hasPrefix(name) }
        guard let meant = longer.min(by: { $0.count < $1.count }) ?? nearest(to: name, among: known) else { return nil }
        return "did you mean \(meant)?"
    }

    /// Returns the first of the arguments that looks like a long option and that the command does not have. The parser names
    /// it last of all, behind arguments that are missing because of it.
    static func unknownOption(among arguments: [String], of command: String?) -> String? {
        let known = options(of: command)
        guard !known.isEmpty else { return nil }
        return arguments.prefix { $0 != "--" }.first { word in
            word.hasPrefix("--") && !known.contains(String(word.prefix { $0 != "=" }))
        }
    }

    /// The long options of a command, from its help.
    private static func options(of command: String?) -> [String] {
        guard let type = OvertileCommand.configuration.subcommands.first(where: { $0._commandName == command }) else {
            return []
        }
        let words = OvertileCommand.helpMessage(for: type).split { !($0.isLetter || $0.isNumber || $0 == "-") }
        return Array(Set(words.filter { $0.hasPrefix("--") && $0.count > 3 }.map(String.init))).sorted()
    }

    /// The word with the fewest letters that are other, missing, too many or exchanged with their neighbour; nil where that are
    /// more than a third.
    static func nearest(to word: String, among words: [String]) -> String? {
        let ranked = words.map { (distance(word, $0), $0) }.min { $0.0 < $1.0 }
        guard let ranked, ranked.0 <= max(1, word.count / 3) else { return nil }
        return ranked.1
    }

    /// Damerau's distance, in which a letter moves once at most.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var rows = [Array(0...b.count)]
        for (i, letter) in a.enumerated() {
            var row = [i + 1]
            for (j, other) in b.enumerated() {
                var best = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == other ? 0 : 1))
                if i > 0, j > 0, letter == b[j - 1], a[i - 1] == other { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
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
        let command = help.split(separator: " ").dropFirst().first.map(String.init)
        let unknown =
            if text.hasPrefix("Unknown option '") {
                text.split(separator: "'").dropFirst().first.map(String.init)
            } else if text.hasPrefix("Missing expected argument") {
                NearMiss.unknownOption(among: Array(CommandLine.arguments.dropFirst()), of: command)
            } else {
                nil as String?
            }
        // The parser's own guess knows no words but its own, and takes --gpu for --key.
        if let unknown {
            let advice = NearMiss.advice(option: unknown, command: command)
            text = "Unknown option '\(unknown)'" + (advice.map { ": \($0)" } ?? "")
        }
        self.init("\(text); see \(help)")
    }
}
