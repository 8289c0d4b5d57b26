import FileIO
import Foundation
package import TileGeometry

/// The command that a part was made by, as the part remembers it, so that the merge can go on with it, and name it where a
/// part is missing.
package struct PartRequest: Codable, Equatable, Sendable {
    /// The version of this record.
    private static let currentFormat = 1

    private let format: Int
    /// The folder in which the command was given, which its paths begin in.
    package let folder: String
    /// The arguments behind `overtile segment` or `overtile batch`, without the part.
    package let arguments: [String]
    /// A digest of scene, settings and outputs, which is the same for all parts of one run.
    package let command: String
    /// The parts of a batch, where the command is one of a batch; nil for that of a single scene.
    package let batch: BatchParts?

    /// The parts of a batch as its pieces of scenes know them.
    package struct BatchParts: Codable, Equatable, Sendable {
        /// The number of parts that the batch is dealt into.
        package let count: Int
        /// The number of the part that makes each piece of the scene; nil where the request is that of a part itself.
        package let owners: [Int]?

        /// Remembers the number of parts, and which of them makes each piece of a scene.
        package init(count: Int, owners: [Int]? = nil) { (self.count, self.owners) = (count, owners) }
    }

    /// Remembers a command.
    package init(folder: String, arguments: [String], command: String, batch: BatchParts? = nil) {
        format = Self.currentFormat
        (self.folder, self.arguments, self.command, self.batch) = (folder, arguments, command, batch)
    }

    /// The name of the record in a part's folder.
    package static let fileName = "request.json"

    /// More bytes than a command line of this system can have.
    package static let mostBytes = 4 << 20

    /// Reads the record of a part; nil where there is none, or none that can be meant.
    ///
    /// - Parameter owner: the user that it has to belong to, as the merge does what it says; nil for any.
    package init?(folder: String, owner: UInt32? = nil) {
        guard let data = WorkFolder.read(folder + "/" + Self.fileName, owner: owner), data.count <= Self.mostBytes,
            let request = try? StoredJSON.decode(Self.self, from: data), request.isCurrent
        else { return nil }
        self = request
    }

    /// The bytes of the record.
    ///
    /// - Throws: `EncodingError`.
    func data() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// True for a record that this version writes.
    package var isCurrent: Bool { format == Self.currentFormat }

    /// Returns the command line that makes a part, as a shell takes it: of a scene that a batch has cut, that of the batch's
    /// part that has it.
    package func line(for part: ScenePart) -> String {
        var words = ["overtile", "segment"] + arguments + ["--part", part.argument]
        if let batch {
            let owner = batch.owners.map { $0.indices.contains(part.number - 1) ? $0[part.number - 1] : 0 }
            words = ["overtile", "batch"] + arguments + ["--part", "\(owner ?? part.number)/\(batch.count)"]
        }
        return words.map(Self.quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:+@%".contains($0)) }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
