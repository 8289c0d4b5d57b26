import Dispatch
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import FileIO

/// Leases, which keep one process of many machines at a folder.
@Suite struct LeaseTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path(Lease.fileName) }

    init() throws { folder = try TemporaryFolder() }

    /// Writes the lease of another process, so many seconds old.
    private func write(_ change: (inout [String: Any]) -> Void, age: Double) throws {
        var fields = try JSONSerialization.jsonObject(with: Data(LeaseHolder.current().bytes)) as! [String: Any]
        change(&fields)
        try JSONSerialization.data(withJSONObject: fields).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: path)
    }

    @Test("a folder is leased once, and again when it was given back")
    func once() throws {
        let lease = try Lease(folder: folder.url.path, of: "out.tif")
        #expect(lease.isHeld)
        #expect(try Lease.holder(ofFolder: folder.url.path)?.name.hasPrefix("process \(getpid()) on ") == true)
        let error = #expect(throws: FileError.self) { try Lease(folder: folder.url.path, of: "out.tif") }
        #expect(error?.code == .locked && error?.message.hasPrefix("out.tif: another run (process \(getpid())") == true)
        lease.release()
        #expect(!lease.isHeld)
        #expect(try Lease.holder(ofFolder: folder.url.path) == nil)
        do { _ = try Lease(folder: folder.url.path, of: "out.tif") }
        #expect(try folder.names.isEmpty, "nothing is left, of attempts either")
    }

    /// Who holds a lease, how old it is, and whether it may be taken.
    static let holders: [(name: String, age: Double, isTaken: Bool, change: @Sendable (inout [String: Any]) -> Void)] =
        [
            // Processes of this system: dead ones lose it at once, whatever its age; living ones never do.
            ("a number that no process has", 0, true, { $0["process"] = Int(Int32.max) }),
            ("a number that another process has by now", 0, true, { $0["started"] = "1" }),
            ("no number of a process", 0, true, { $0["process"] = -1 }),
            ("this very process, long ago", 10_000, false, { _ in }),
            // Other machines: their numbers of processes mean nothing here.
            (
                "another machine, just now", 0, false,
                {
                    $0["host"] = "node7"; $0["process"] = Int(Int32.max)
                }
            ),
            ("another machine, a few renewals ago", 100, false, { $0["host"] = "node7" }),
            ("another machine, long ago", 400, true, { $0["host"] = "node7" }),
            (
                "another run of this machine, just now", 0, false,
                {
                    $0["system"] = "other"; $0["process"] = 1
                }
            ),
            ("another run of this machine, long ago", 400, true, { $0["system"] = "other" }),
            ("the future", -10_000, false, { $0["host"] = "node7" }),
            // What tells nothing counts by its age alone.
            ("nobody knows whom, just now", 0, false, { $0 = ["a": 1] }),
            ("nobody knows whom, long ago", 400, true, { $0 = ["a": 1] }),
        ]

    @Test("a lease is taken over from the dead and the silent alone", arguments: holders.indices)
    func takeover(index: Int) throws {
        let (name, age, isTaken, change) = Self.holders[index]
        try write(change, age: age)
        let before = try folder.bytes(Lease.fileName)
        #expect(try (Lease.holder(ofFolder: folder.url.path) == nil) == isTaken, "\(name)")
        let lease = try? Lease(folder: folder.url.path, of: "out.tif")
        #expect((lease != nil) == isTaken, "\(name)")
        #expect(try folder.names == [Lease.fileName], "\(name)")
        if !isTaken { #expect(try folder.bytes(Lease.fileName) == before) }
    }

    @Test("what the dead left of their attempts is removed, and nothing of the living")
    func removesDead() throws {
        try write({ $0["process"] = Int(Int32.max) }, age: 0)
        let dead = try folder.bytes(Lease.fileName)
        try write({ $0["host"] = "node7" }, age: 0)
        _ = try folder.write(dead, to: "lease-abc")
        _ = try folder.write(Array(LeaseHolder.current().bytes), to: "lease-def")
        _ = try folder.write(dead, to: "mask.raw")
        Lease.removeDead(inFolder: folder.url.path)
        #expect(try Set(folder.names) == [Lease.fileName, "lease-def", "mask.raw"])
        // The decisive look makes a file, and leaves none.
        #expect(try Lease.holder(ofFolder: folder.url.path, isDecisive: true)?.advice.contains("5 minutes") == true)
        #expect(try folder.names.count == 3)
    }

    @Test("of many that find a dead lease at once, one gets it")
    func race() throws {
        for _ in 0..<20 {
            try write({ $0["process"] = Int(Int32.max) }, age: 0)
            let (leases, place) = (LeaseList(), folder.url.path)
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                if let lease = try? Lease(folder: place, of: "out.tif") { leases.add(lease) }
            }
            #expect(leases.held == 1)
            leases.removeAll()
            #expect(try folder.names.isEmpty)
        }
    }

    @Test("a holder that was silent for too long sees that its lease is gone, and leaves the other's alone")
    func lost() throws {
        let lease = try Lease(folder: folder.url.path, of: "out.tif")
        #expect(rename(path, folder.path("aside")) == 0)
        #expect(!lease.isHeld)
        let other = try Lease(folder: folder.url.path, of: "out.tif")
        lease.release()
        #expect(other.isHeld && !lease.isHeld)
    }

    @Test("a file that was never a lease is bounded when it is read")
    func hostile() throws {
        for bytes in [[], [UInt8](repeating: 0x5b, count: 4000), [UInt8](repeating: 0x5b, count: 1 << 20)] {
            _ = try folder.write(bytes, to: Lease.fileName)
            #expect(LeaseHolder(path: path) == nil)
        }
        unlink(path)
        #expect(symlink("/dev/zero", path) == 0)
        #expect(LeaseHolder(path: path) == nil)
    }
}

/// @unchecked Sendable: guarded by the lock.
private final class LeaseList: @unchecked Sendable {
    private let lock = NSLock()
    private var leases: [Lease] = []

    func add(_ lease: Lease) { lock.withLock { leases.append(lease) } }
    var held: Int { lock.withLock { leases.count { $0.isHeld } } }
    func removeAll() { lock.withLock { leases = [] } }
}
