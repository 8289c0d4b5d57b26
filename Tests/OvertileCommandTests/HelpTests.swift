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

    /// Only a build that was told its commit tells one: Tests/systems looks at the package's.
    @Test("the version is one line", arguments: ["--version", "version"])
    func version(_ word: String) throws {
        let outcome = try CommandProcess.run([word])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains(/^\d+\.\d+\.\d+(\+[0-9a-f]+(-dirty)?)?\n$/))
        #expect(outcome.output == OvertileCommand.configuration.version + "\n")
    }
}
