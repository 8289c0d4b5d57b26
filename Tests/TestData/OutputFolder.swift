package import Foundation

/// The folder that a command of a test writes to.
package struct OutputFolder {
    private let path: String

    /// Takes the folder `out` of a bench, which need not be there.
    package init(in bench: String) { path = bench + "/out" }

    /// Makes it an empty folder.
    package func clear() throws {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Returns the bytes of all files below it, hidden ones too, by their paths in it; those of a folder say that it is one.
    package func files() throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: path)
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, FileManager.default.contents(atPath: "\(path)/\($0)") ?? Data("a folder".utf8))
            })
    }
}
