import SceneRunner
import FileIO
import Foundation
import Logging
import TestData
import Testing

/// Lines of a log, for people and for programs, in a file that may be moved away at any time.
struct LogTests {
    let folder: TemporaryFolder
    var file: String { folder.path("night.log") }

    init() throws { folder = try TemporaryFolder() }

    private func logger(_ format: LogFormat, level: Logger.Level = .info) throws -> Logger {
        let handler = LineLogHandler(
            format, to: try LogDestination(file: file), level: level,
            now: { Date(timeIntervalSince1970: 1_700_000_000) })
        return Logger(label: "test") { _ in handler }
    }

    private var lines: [String] {
        get throws {
            String(decoding: try folder.bytes(of: file), as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test("text: time, level, message, fields in order; one line whatever is in a name")
    func text() throws {
        try logger(.text).info(
            "scene\ndone",
            metadata: [
                "scene": "/in/a b\n.tif", "pixels": .stringConvertible(13500), "error": "say \"no\\\"", "empty": "",
                "classShares": .dictionary(["dry land": .stringConvertible(0.25)]), "warnings": .array(["one", "t=o"]),
            ])
        let words = [
            "2023-11-14T22:13:20Z info scene done", "classShares.dry_land=0.25", "empty=\"\"",
            #"error="say \"no\\\"""#, "pixels=13500", #"scene="/in/a b .tif""#, #"warnings=one warnings="t=o""#,
        ]
        #expect(try lines == [words.joined(separator: " ")])
    }

    @Test("JSON: an object on a line, numbers as numbers")
    func json() throws {
        let log = try logger(.json)
        log.warning("a \"quote\"\nand more")
        log.info(
            "scene done",
            metadata: [
                "pixels": .stringConvertible(1 << 40), "seconds": .stringConvertible(2.5),
                "classShares": .dictionary(["land": .stringConvertible(0.75)]), "warnings": .array([]),
                "nothing": .stringConvertible(Double.nan),
            ])
        let lines = try lines
        #expect(lines.count == 2)
        let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(first["message"] as? String == "a \"quote\"\nand more" && first["level"] as? String == "warning")
        let second = try #require(try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
        #expect(second["pixels"] as? Int == 1 << 40 && second["seconds"] as? Double == 2.5)
        #expect((second["classShares"] as? [String: Double]) == ["land": 0.75])
        #expect((second["warnings"] as? [String]) == [] && second["nothing"] as? String == "nan")
        #expect(second["time"] as? String == "2023-11-14T22:13:20Z")
    }

    @Test("what is below the level is not written")
    func level() throws {
        let log = try logger(.text, level: .warning)
        log.info("quiet")
        log.error("loud")
        #expect(try lines.count == 1)
    }

    @Test("a file that was there is added to; one that is moved away or removed is begun anew")
    func rotation() throws {
        _ = try folder.write(Array("before\n".utf8), to: "night.log")
        let log = try logger(.text)
        log.info("first")
        #expect(try lines.first == "before" && lines.count == 2)
        try FileManager.default.moveItem(atPath: file, toPath: folder.path("night.log.1"))
        log.info("second")
        #expect(try lines.count == 1 && lines[0].hasSuffix("second"))
        try FileManager.default.removeItem(atPath: file)
        log.info("third")
        #expect(try lines.count == 1 && lines[0].hasSuffix("third"))
        // copytruncate, logrotate's other way.
        _ = try folder.write([], to: "kept")
        truncate(file, 0)
        log.info("fourth")
        #expect(try lines.count == 1 && lines[0].hasSuffix("fourth"))
    }

    @Test("lines from many threads stay whole")
    func threads() throws {
        let log = try logger(.text)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for line in 0..<200 { log.info("thread \(thread) line \(line) \(String(repeating: "x", count: 500))") }
        }
        let lines = try lines
        #expect(lines.count == 1600)
        #expect(lines.allSatisfy { $0.contains(/^2023\S+ info thread \d line \d+ x{500}$/) })
    }

    @Test("a log that cannot be made is refused at once")
    func refused() throws {
        let error = #expect(throws: FileError.self) { _ = try LogDestination(file: folder.path("none/a.log")) }
        #expect(error?.code == .cannotCreate)
    }
}
