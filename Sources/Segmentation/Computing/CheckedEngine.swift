import FileIO
import Foundation
package import InferenceEngine
import Synchronization

/// Overtile's kernels, compared with the reference operations before they are trusted.
///
/// The first run of a build on a machine makes the comparison, and so does the first one after a library or the processor
/// has changed. A line in the user's cache (`$XDG_CACHE_HOME/overtile`, else `~/.cache/overtile`) remembers what passed;
/// where it cannot be written, each process compares anew.
package enum CheckedEngine {
    /// The names of the engines that this process may use.
    private static let passed = Mutex(Set<String>())

    /// The kernels to segment with.
    ///
    /// - Throws: `EngineCheckError` where they give other results than the reference operations; `InstructionSetError`.
    package static func backend(savesMemory: Bool = false) throws -> OvertileBackend {
        let backend = try OvertileBackend()
        try passed.withLock { passed in
            // A process asks once for each scene, and neither its libraries nor its processor change meanwhile.
            if passed.contains(backend.name) { return }
            let (record, line) = (EngineRecord(), EngineRecord.line(for: backend))
            if record?.contains(line) != true {
                try check(backend)
                record?.add(line)
            }
            passed.insert(backend.name)
        }
        return try OvertileBackend(savesMemory: savesMemory)
    }

    private static func check(_ backend: OvertileBackend) throws {
        let failures = try EngineCheck(backend).failures
        if !failures.isEmpty { throw EngineCheckError(backend: backend.name, failures: failures) }
    }
}

/// The kernels on this machine give other results than the reference operations, so that nothing is segmented with them.
package struct EngineCheckError: Error, CustomStringConvertible, Sendable {
    /// One line: which layers differ, by how much, and what to do.
    package let description: String

    package init(backend: String, failures: [EngineCheck.Comparison]) {
        let worst = failures.max { $0.difference < $1.difference }!
        let percent = worst.difference.isFinite ? "\(Int((100 * worst.difference).rounded(.up))) %" : "no number"
        description =
            "\(backend) computes wrong results on this machine: \(worst.layers), \(worst.size) x \(worst.size) pixels, "
            + "differs by \(percent) from the reference (\(failures.count) such cases); nothing was segmented. "
            + "'overtile doctor' shows all of them; another version of oneDNN, or \(OvertileBackend.variable)=scalar, may be right"
    }
}

/// The lines of engines that passed, the newest last.
private struct EngineRecord {
    private let file: URL
    /// Engines of earlier builds and libraries are forgotten beyond so many.
    private static let most = 20

    /// Returns nil where the system has no place for a user's cache.
    init?() {
        guard let path = UserCache.path("checked-engines") else { return nil }
        file = URL(fileURLWithPath: path)
    }

    func contains(_ line: String) -> Bool { lines.contains(line) }

    /// A record that cannot be written costs the next process a second, and nothing else.
    func add(_ line: String) {
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let text = (lines + [line]).suffix(Self.most).joined(separator: "\n") + "\n"
        try? Data(text.utf8).write(to: file, options: .atomic)
    }

    private var lines: [String] {
        // The limit keeps a file that is not ours from being read whole.
        guard let handle = try? FileHandle(forReadingFrom: file), let data = try? handle.read(upToCount: 1 << 16) else {
            return []
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// All that an engine's results depend on: the program, the library, the processor, and what the environment asks of them.
    static func line(for backend: OvertileBackend) -> String {
        let files = ["/proc/self/exe", OvertileBackend.libraryPath].compactMap { $0 }.map { path in
            FileStamp(path: path).map { "\($0.size) bytes of \($0.modified)" } ?? "unknown"
        }
        let environment = ProcessInfo.processInfo.environment.filter { $0.key.contains("DNNL_") }
            .map { "\($0.key)=\($0.value)" }.sorted()
        let parts = [OvertileVersion.current, backend.name] + files + [processor] + environment
        return parts.joined(separator: "; ").replacingOccurrences(of: "\n", with: " ")
    }

    /// The processor's name and what it can do, as a checksum.
    private static var processor: String {
        var checksum = FNV1a()
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        for name in ["model name", "flags", "Features", "CPU part"] {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { continue }
            Array(line.utf8).withUnsafeBytes { checksum.add($0) }
        }
        return "processor " + String(checksum.value, radix: 16)
    }
}
