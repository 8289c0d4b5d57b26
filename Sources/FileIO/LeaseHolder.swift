import Foundation
import Glibc

/// The process that a lease belongs to, as its file tells.
struct LeaseHolder: Codable, Equatable {
    /// The name of the machine.
    let host: String
    /// The run of the operating system and its space of process numbers: numbers of other systems say nothing here.
    let system: String
    /// The number of the process.
    let process: Int32
    /// The time at which the process began, in the system's own unit, as numbers come round again.
    let started: String
    /// Random digits, which no other lease has.
    let token: String

    /// This process, with a new token.
    static func current() -> LeaseHolder {
        let random = (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
        return LeaseHolder(
            host: Self.hostName, system: Self.thisSystem, process: getpid(), started: Self.start(of: getpid()),
            token: random)
    }

    private init(host: String, system: String, process: Int32, started: String, token: String) {
        (self.host, self.system, self.process, self.started, self.token) = (host, system, process, started, token)
    }

    /// Reads the file of a lease; nil where there is none, or none that can be meant.
    init?(path: String) {
        guard let bytes = Self.read(path), let holder = try? StoredJSON.decode(Self.self, from: Data(bytes)) else {
            return nil
        }
        self = holder
    }

    /// The file's bytes.
    var bytes: [UInt8] {
        guard let data = try? JSONEncoder().encode(self) else { preconditionFailure("names and numbers are JSON") }
        return Array(data)
    }

    /// True if the number of the process means something here.
    var isOfThisSystem: Bool { !system.isEmpty && system == Self.thisSystem && host == Self.hostName }

    /// True if the process has not ended; nil where the system hides what other users' processes are.
    ///
    /// - Precondition: it is one of this system.
    var isRunning: Bool? {
        guard process > 0, kill(process, 0) == 0 || errno == EPERM else { return false }
        let start = Self.start(of: process)
        return start.isEmpty || started.isEmpty ? nil : start == started
    }

    /// Returns a holder in words.
    static func text(_ holder: LeaseHolder?) -> String {
        guard let holder else { return "another process" }
        let host = holder.host.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
        return "process \(holder.process) on \(host.prefix(64))"
    }

    private static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()

    /// Linux's name of this run of the system, and of the space of process numbers; empty where it does not say.
    private static let thisSystem: String = {
        guard let boot = read("/proc/sys/kernel/random/boot_id"),
            let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        else { return "" }
        return String(decoding: boot.prefix { $0 != 10 }, as: UTF8.self) + " " + space
    }()

    /// The 22nd field of what Linux says of a process; the second is a name in brackets, which may hold anything.
    private static func start(of process: Int32) -> String {
        guard let text = read("/proc/\(process)/stat"), let end = text.lastIndex(of: UInt8(ascii: ")")) else {
            return ""
        }
        let fields = String(decoding: text[end...], as: UTF8.self).split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : ""
    }

    /// The bytes of a small file; nil for one that is larger than any of a lease.
    private static func read(_ path: String) -> [UInt8]? {
        let file = FileCall.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4097)
        let count = FileCall.read(file, &bytes, bytes.count)
        return (0...4096).contains(count) ? Array(bytes[..<count]) : nil
    }
}
