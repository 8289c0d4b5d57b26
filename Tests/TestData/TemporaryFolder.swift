package import Foundation

/// A folder of a test's own, removed with everything in it when the test is over.
package final class TemporaryFolder {
    package let url: URL
    private let isOwn: Bool

    package init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("overtile-\(UUID().uuidString)")
        isOwn = true
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// The folder of a test that has started this process, and removes it.
    package init(ofTest path: String) { (url, isOwn) = (URL(fileURLWithPath: path), false) }

    deinit { if isOwn { try? FileManager.default.removeItem(at: url) } }

    package func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// Names of all files, hidden ones included.
    package var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
    }

    package func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: url.appendingPathComponent(name))
        return path(name)
    }

    package func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url.appendingPathComponent(name)))
    }

    package func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// A copy of a file's first bytes.
    package func copy(_ path: String, as name: String, first count: Int? = nil) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try write([UInt8](data.prefix(count ?? data.count)), to: name)
    }
}
