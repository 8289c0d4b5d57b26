package import FileIO
package import Foundation
import Glibc

/// A command, and a fault in the place of each call about files that it makes.
///
/// Some of the calls are tried in each run of the tests, and all of them, with each kind of error, where
/// `OVERTILE_ALL_FAULTS` is set; `OVERTILE_FAULT_STEP` sets how many calls lie between two that are tried.
package struct FaultSweep {
    /// The kinds of error that the system has for calls about files.
    package static let effects: [FileFault.Effect] = [
        .error(ENOSPC), .error(EIO), .error(EACCES), .error(EINTR), .shortWrite,
    ]

    /// What the command is called in messages.
    package let name: String
    private let begin: () throws -> Void
    private let command: () throws -> Void
    private let files: () throws -> [String: Data]

    /// Takes a command and the folder that it writes to.
    ///
    /// - Parameters:
    ///   - begin: brings the folder into the state in which the command finds it.
    ///   - files: returns what lies in the folder, hidden files too, but for those that stay.
    ///   - command: throws where it does not end well.
    package init(
        _ name: String, begin: @escaping () throws -> Void, files: @escaping () throws -> [String: Data],
        command: @escaping () throws -> Void
    ) {
        (self.name, self.begin, self.files, self.command) = (name, begin, files, command)
    }

    /// Returns how many calls lie between two that are tried.
    package static func step(_ usual: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        if let step = environment["OVERTILE_FAULT_STEP"].flatMap(Int.init) { return max(1, step) }
        return environment["OVERTILE_ALL_FAULTS"] == nil ? usual : 1
    }

    /// Shows how many points were tried by a process that a test has started, from what it printed.
    package static func show(_ output: [UInt8]?) {
        let lines = String(decoding: output ?? [], as: UTF8.self).split(separator: "\n")
        for line in lines where line.hasPrefix("faults: ") { print(line) }
    }

    private static func visible(_ files: [String: Data]) -> [String: Data] {
        files.filter { !$0.key.split(separator: "/").contains { $0.hasPrefix(".") } }
    }

    /// Makes calls fail, one in each run.
    ///
    /// - Parameter step: the calls between two that are tried; with 1, each is tried with all kinds of errors.
    /// - Returns: what was not as it should be, a line for each point; empty where all was well.
    package func errors(step: Int) throws -> [String] {
        try begin()
        let calls = try FileFault.count(command)
        let whole = try files()
        var wrong: [String] = []
        var points = 0
        for call in stride(from: 1, through: calls, by: step) {
            let effects = step == 1 ? Self.effects : [Self.effects[points % Self.effects.count]]
            for effect in effects {
                points += 1
                let point = "\(name), \(effect) at call \(call) of \(calls)"
                try begin()
                let before = try Self.visible(files())
                do {
                    try FileFault(call: call, effect: effect).strike(command)
                    if try files() != whole { wrong.append("\(point): it ended well, with \(try difference(whole))") }
                } catch let failure {
                    let found = try Self.visible(files())
                    if !isAllOrNone(found, before, Self.visible(whole)) {
                        wrong.append("\(point): it failed (\(failure)), with \(try difference(whole))")
                    }
                    wrong += try again(whole, point)
                }
            }
        }
        print("faults: \(points) points of \(calls) calls of \(name)")
        if calls < 5 { wrong.append("\(name): only \(calls) calls were seen") }
        return wrong
    }

    /// Looks at what a process left that was killed, and gives the same command again.
    ///
    /// - Returns: what was not as it should be.
    package func afterKill(before: [String: Data], whole: [String: Data], _ point: String) throws -> [String] {
        var wrong: [String] = []
        let found = try Self.visible(files())
        if !isWhole(found, before, whole) { wrong.append("\(point): a file is not whole: \(try difference(whole))") }
        return wrong + (try again(whole, "\(name), \(point)"))
    }

    private func again(_ whole: [String: Data], _ point: String) throws -> [String] {
        do { try command() } catch {
            // It may be over: then all is there.
            guard try files() == whole else { return ["\(point), then again: \(error), \(try difference(whole))"] }
        }
        return try files() == whole ? [] : ["\(point), then again: \(try difference(whole))"]
    }

    /// Each scene of a folder has all its outputs or none: they are in one folder under its name, or alone.
    private func isAllOrNone(_ found: [String: Data], _ before: [String: Data], _ whole: [String: Data]) -> Bool {
        func scene(_ path: String) -> String {
            FileName.last(of: path).split(separator: ".").first.map(String.init) ?? path
        }
        guard isWhole(found, before, whole) else { return false }
        let scenes = Dictionary(grouping: whole.keys.filter { !$0.contains("report") }, by: scene)
        return scenes.values.allSatisfy { files in
            files.allSatisfy { found[$0] == whole[$0] } || files.allSatisfy { found[$0] == before[$0] }
        }
    }

    private func isWhole(_ found: [String: Data], _ before: [String: Data], _ whole: [String: Data]) -> Bool {
        found.allSatisfy { $0.value == whole[$0.key] || $0.value == before[$0.key] }
    }

    /// Returns the files that differ from those of a run that nothing disturbed, in words.
    private func difference(_ whole: [String: Data]) throws -> String {
        let found = try files()
        let names = Set(found.keys).union(whole.keys).filter { found[$0] != whole[$0] }.sorted()
        return names.map { name in
            whole[name] == nil ? "\(name) left" : found[name] == nil ? "\(name) missing" : "other bytes in \(name)"
        }.joined(separator: ", ")
    }
}
