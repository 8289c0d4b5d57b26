import FileIO
import Foundation
import Logging
import Segmentation
import TestData
import Testing

@testable import BatchRunner

#if canImport(Glibc)
    import Glibc
#endif

/// Passes over a real folder; what runs the scenes is the test's own.
final class FolderWatchTests {
    private let input: TemporaryFolder
    private let output: TemporaryFolder
    private let ledger: Ledger
    private let cancellation = Cancellation()
    private var root: String { CanonicalPath.named(input.url.path) }
    private var ran: [String] = []
    private var warnings: [String] = []

    init() throws {
        input = try TemporaryFolder()
        output = try TemporaryFolder()
        ledger = try Ledger(folder: output.url.path, access: .writing)
    }

    /// Long settled, unless it is told otherwise.
    private func write(_ name: String, _ bytes: [UInt8] = [1], age: Int = 1000) throws {
        _ = try input.write(bytes, to: name)
        let time = timespec(tv_sec: Int(Date().timeIntervalSince1970) - age, tv_nsec: 0)
        utimensat(AT_FDCWD, input.path(name), [time, time], 0)
    }

    /// - Parameter body: what a run does beside: by default it succeeds.
    private func watch(
        pauses: [TimeInterval] = [0], _ body: @escaping (String) throws -> FolderWatch.Ending = { _ in .done }
    ) -> FolderWatch {
        var settings = FolderWatch.Settings(folder: root)
        settings.retry = RetryRule(maxAttempts: 3, pauses: pauses)
        let rule = settings.retry
        return FolderWatch(
            settings, ledger: ledger, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            cancellation: cancellation, warn: { self.warnings.append($0) }
        ) { [unowned self] scene in
            ran.append(String(scene.dropFirst(root.count + 1)))
            try ledger.begin(scene, identity: nil, settings: "s", model: "m", outputs: [], at: Date())
            let ending = try body(scene)
            switch ending {
            case .done: try ledger.change(scene) { $0.state = .done }
            case .failed:
                let next = rule.next(after: try ledger.entry(of: scene)?.attempts ?? 0, failedAt: Date())
                try ledger.fail(scene, error: "it is bad", status: 65, at: Date(), nextAttempt: next)
            case .changed: try ledger.fail(scene, error: "it changed", status: 65, at: Date())
            }
            return ending
        }
    }

    @Test("each scene once, also when passes follow each other, and again when it was replaced")
    func once() throws {
        for name in ["b.tif", "a.tif"] { try write(name) }
        #expect(try watch().pass() == .init(done: 2))
        #expect(try watch().pass() == .init())
        #expect(ran == ["a.tif", "b.tif"])
        try write("b.tif", [1, 2], age: 999)
        #expect(try watch().pass() == .init(done: 1))
        #expect(ran == ["a.tif", "b.tif", "b.tif"])
    }

    @Test("what arrives during a pass belongs to it, and what is not complete does not")
    func meanwhile() throws {
        try write("a.tif")
        let tally = try watch { [unowned self] _ in
            if ran.count == 1 {
                try write("b.tif")
                _ = try input.write([1], to: "c.tif")
            }
            return .done
        }.pass()
        #expect(tally == .init(done: 2, arriving: 1))
        #expect(ran == ["a.tif", "b.tif"])
    }

    @Test("three attempts, then aside with a text; moved back, it begins anew")
    func aside() throws {
        try write("a.tif")
        try write("a.tif.aux.xml")
        for pass in 1...3 {
            let tally = try watch { _ in .failed }.pass()
            #expect(tally == .init(failed: 1, movedAside: pass == 3 ? 1 : 0))
            #expect(ran.count == pass)
        }
        #expect(try input.names == ["failed"])
        let text = String(decoding: try input.bytes("failed/a.tif.txt"), as: UTF8.self)
        #expect(text.contains("it is bad") && text.contains("3 failed attempts") && text.contains("\(root)/a.tif"))
        #expect(try ledger.entry(of: root + "/a.tif")?.state == .setAside)
        #expect(warnings.count == 1 && warnings[0].contains("failed/a.tif"))
        #expect(try watch().pass() == .init())

        rename(input.path("failed/a.tif"), input.path("a.tif"))
        #expect(try watch { _ in .failed }.pass() == .init(failed: 1))
        #expect(try ledger.entry(of: root + "/a.tif")?.attempts == 1)
        #expect(try watch().pass() == .init(done: 1))
    }

    @Test("a scene that failed rests")
    func rests() throws {
        try write("a.tif")
        #expect(try watch(pauses: [300]) { _ in .failed }.pass() == .init(failed: 1, resting: 1))
        #expect(try watch(pauses: [300]).pass() == .init(resting: 1))
        #expect(ran == ["a.tif"])
    }

    @Test("a scene that cannot be moved aside is told of once, and not run again until it changes")
    func stuck() throws {
        try write("a.tif")
        _ = try input.write([], to: "failed")  // no folder can be made here
        for _ in 1...5 { _ = try watch { _ in .failed }.pass() }
        #expect(ran.count == 3)
        #expect(warnings.count == 1 && warnings[0].contains("cannot move"))
        #expect(try ledger.entry(of: root + "/a.tif")?.state == .failed)
        try write("a.tif", [1, 2])
        #expect(try watch().pass() == .init(done: 1))
    }

    @Test("a scene that was written to while it was run is waited for again")
    func changed() throws {
        try write("a.tif")
        let tally = try watch { [unowned self] _ in
            guard ran.count == 1 else { return .done }
            _ = try input.write([1, 2, 3], to: "a.tif")
            return .changed
        }.pass()
        #expect(tally == .init(arriving: 1))
        #expect(try ledger.entry(of: root + "/a.tif")?.attempts == 0)
        try write("a.tif", [1, 2, 3], age: 100)
        #expect(try watch().pass() == .init(done: 1))
    }

    @Test("a pass that was killed is gone on with; the attempt counts")
    func killed() throws {
        try write("a.tif")
        struct Killed: Error {}
        for _ in 1...3 { #expect(throws: Killed.self) { try watch { _ in throw Killed() }.pass() } }
        #expect(ran.count == 3)
        // It has ended every run that touched it.
        #expect(try watch().pass() == .init(movedAside: 1))
        #expect(ran.count == 3)
        let text = String(decoding: try input.bytes("failed/a.tif.txt"), as: UTF8.self)
        #expect(text.contains("killed, or out of memory"))
    }

    /// Renamed within the hour that it would have to settle for: only the system's own word tells.
    @Test(
        "one that stays takes what is renamed into place at once, and ends when it is told to", .timeLimit(.minutes(1)))
    func follows() throws {
        var settings = FolderWatch.Settings(folder: root)
        settings.arrival = ArrivalRule(settle: .seconds(3600))
        _ = try input.write([1], to: "slow.tif")
        let watch = FolderWatch(
            settings, ledger: ledger, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            cancellation: cancellation, warn: { self.warnings.append($0) }
        ) { [unowned self] scene in
            ran.append(String(scene.dropFirst(root.count + 1)))
            try ledger.change(scene) { $0.state = .done }
            if ran.count == 2 { cancellation.cancel() }
            return .done
        }
        var passes = 0
        try watch.follow { [unowned self] tally in
            passes += 1
            #expect(tally.arriving == 1)
            for number in 1...2 where passes == number {
                _ = try input.write([1], to: "\(number).tif.part")
                rename(input.path("\(number).tif.part"), input.path("\(number).tif"))
            }
        }
        #expect(ran == ["1.tif", "2.tif"])
    }
}
