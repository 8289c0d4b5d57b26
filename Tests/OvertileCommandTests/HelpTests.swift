import ArgumentParser
import Foundation
import Testing

@testable import OvertileCommand

/// What the help says, word for word: a change of it is looked at before it is shipped.
///
/// To renew the snapshots: `OVERTILE_RENEW_SNAPSHOTS=1 swift test --filter HelpTests`, then read the difference.
struct HelpTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Snapshots")

    private static let commands = OvertileCommand.configuration.subcommands.compactMap { $0.configuration.commandName }

    @Test("help", arguments: ["overtile"] + commands)
    func help(_ command: String) throws {
        // The parser takes the terminal's width from COLUMNS.
        let words = command == "overtile" ? "--help" : "help \(command)"
        let outcome = try CommandProcess.shell("COLUMNS=100 \"$OVERTILE\" \(words)")
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        let file = Self.folder.appendingPathComponent("\(command).txt")
        if ProcessInfo.processInfo.environment["OVERTILE_RENEW_SNAPSHOTS"] != nil {
            try Data(outcome.output.utf8).write(to: file)
        }
        let snapshot = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(outcome.output == snapshot, "\(file.lastPathComponent): see how to renew it above")
    }

    /// A command line that somebody copies from the README or the reference has a command, and options, that are there.
    @Test("the pages show commands and options that there are")
    func pages() throws {
        let root = Self.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let reference = root.appendingPathComponent("Sources/Overtile/Documentation.docc/Reference")
        let names = try FileManager.default.contentsOfDirectory(atPath: reference.path)
        var shown: Set<String> = []
        for page in [root.appendingPathComponent("README.md")] + names.map(reference.appendingPathComponent) {
            let text = try String(contentsOf: page, encoding: .utf8).replacing("\\\n", with: " ")
            for line in text.split(separator: "\n") where line.hasPrefix("    ") {
                let words = line.split(separator: " ").drop { $0 != "overtile" }.dropFirst()
                guard let command = words.first, command.allSatisfy(\.isLetter) else { continue }
                #expect(Self.commands.contains(String(command)), "\(page.lastPathComponent): \(line)")
                let snapshot = Self.folder.appendingPathComponent("\(command).txt")
                let help = try String(contentsOf: snapshot, encoding: .utf8)
                let options = Set(help.split { !($0.isLetter || $0.isNumber || $0 == "-") })
                for option in words where option.hasPrefix("-") {
                    #expect(options.contains(option), "\(page.lastPathComponent): \(option) of \(command)")
                }
                shown.insert(String(command))
            }
        }
        #expect(shown.isSuperset(of: ["segment", "batch", "watch", "status", "inspect", "plan", "train", "convert"]))
    }

    /// Only a build that was told its commit tells one: Tests/systems looks at the package's.
    @Test("the version is one line", arguments: ["--version", "version"])
    func version(_ word: String) throws {
        let outcome = try CommandProcess.run([word])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains(/^\d+\.\d+\.\d+(\+[0-9a-f]+(-dirty)?)?\n$/))
        #expect(outcome.output == OvertileCommand.configuration.version + "\n")
    }
}
