import ArgumentParser
import Foundation
import Overtile

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what became of the scenes that a batch or watch ran into a folder.",
        discussion: """
            States of a scene:
              pending    it was found, and is still to be run
              running    it is being run; or its run was killed, and the next run takes it up again
              done       its outputs are there
              failed     its last attempt failed, and it will be tried again
              set aside  it failed too often, and was moved out of the way

            Where a divided batch was not put together yet, the last line tells how far each part has come. The ledger learns \
            what they did when they are merged.

            The keys of --json, for each scene: scene, state, stamp (size in bytes, time modified in nanoseconds since \
            1970), observed (when it was first seen like this), identity (of all its files), settings (hash of model and \
            options), model, attempts, error, errorStatus (an exit code), started, finished, seconds, pixels, classShares, \
            warnings, outputs (with SHA-256 checksums), nextAttempt.
            """)

    @Argument(help: ArgumentHelp("The folder of outputs.", valueName: "dir"), completion: .directory)
    var folder: String

    @Flag(help: "Show only scenes that failed or were set aside.")
    var failed = false

    @Flag(help: "Print JSON: an object for each scene.")
    var json = false

    @Option(
        help: ArgumentHelp(
            """
            Write sums over all scenes for Prometheus, to a file (*.prom) that node_exporter's textfile collector \
            reads. Only what --json or --failed ask for is then printed.
            """, valueName: "file"), completion: .file(extensions: ["prom"]))
    var metrics: String?

    @Flag(
        help: "Forget the scenes that are not there any more, with all that the ledger knows of them. Outputs stay.")
    var forgetMissing = false

    @OptionGroup var place: ScratchOption

    func run() throws {
        let state = try FolderLayout.state(of: folder, scratch: place.scratch)
        if forgetMissing { try forgetThoseMissing(in: state) }
        if RemoteFile.isRemote(folder) { return try LedgerCopy(remote: folder, folder: state).read(show) }
        let parts = PartsFolder(of: folder).progress.map { "parts of a divided batch: \($0)" }
        if let parts, !json, metrics == nil, !FileStatus.exists(FileName.joined(folder, Ledger.fileName)) {
            // They have no ledger in common.
            return try Console.print(parts)
        }
        try show(try Ledger(folder: state, access: .reading), parts)
    }

    private func show(_ ledger: Ledger) throws { try show(ledger, nil) }

    private func show(_ ledger: Ledger, _ parts: String?) throws {
        if let metrics {
            try LedgerMetrics(folder: CanonicalPath.named(folder), totals: try ledger.totals(), time: Date())
                .write(to: metrics)
            if !json && !failed { return }
        }
        let entries = try ledger.entries(in: failed ? [.failed, .setAside] : [])
        if json { return try Console.print(try encoded(entries), isJSON: true) }
        if !entries.isEmpty { try Console.print(table(entries)) }
        try Console.print(([summary(try ledger.totals())] + [parts].compactMap { $0 }).joined(separator: "\n"))
    }

    private func forgetThoseMissing(in state: String) throws {
        let copy = RemoteFile.isRemote(folder) ? LedgerCopy(remote: folder, folder: state) : nil
        if copy != nil { try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true) }
        let claim = try FolderClaim(state)
        defer { withExtendedLifetime(claim) {} }
        try copy?.fetch()
        let ledger = try Ledger(folder: state, access: .writing)
        // What GDAL reaches by other ways than the file system cannot be missed there.
        let missing = try ledger.entries().map(\.scene).filter {
            if RemoteFile.isRemote($0), !$0.contains(",") { return try RemoteFile.stamp(of: $0) == nil }
            return $0.hasPrefix("/") && !$0.hasPrefix("/vsi") && !$0.contains(",") && !FileStatus.exists($0)
        }
        for scene in missing { try ledger.forget(scene) }
        try copy?.store(ledger)
        Console.note("\(Text.counted(missing.count, "scene")) forgotten")
    }

    private func encoded(_ entries: [LedgerEntry]) throws -> String {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(entries), as: UTF8.self)
    }

    private func table(_ entries: [LedgerEntry]) -> String {
        let rows = entries.map { entry in
            [
                Console.oneLine(entry.scene), entry.state.rawValue, entry.attempts > 0 ? "\(entry.attempts)" : "",
                entry.finished.map { $0.formatted(.iso8601) } ?? "",
                entry.state == .done ? entry.seconds.map { Text.time(.seconds($0)) } ?? "" : "",
                Console.oneLine(
                    entry.state == .done
                        ? Text.shares(entry.classShares) : Text.reason(entry.error ?? "", of: entry.scene)),
            ]
        }
        return Text.columns(
            ["SCENE", "STATE", "ATTEMPTS", "FINISHED", "TIME", "RESULT"], rows, numbers: [2, 4],
            spare: [3, 4, 2], fitting: Console.resultWidth)
    }

    private func summary(_ totals: LedgerTotals) -> String {
        let states = LedgerEntry.State.allCases.compactMap { state in
            totals.scenes[state].map { "\(Text.grouped($0)) \(state.rawValue)" }
        }
        let count = totals.scenes.values.reduce(0, +)
        return Text.counted(count, "scene") + (states.isEmpty ? "" : ": " + states.joined(separator: ", "))
    }
}
