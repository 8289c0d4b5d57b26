import FileIO
import Foundation
import Glibc
import SceneRunner
import Segmentation
import Synchronization
import TileGeometry

/// The record of a part of a batch: what the batch is, and what became of each scene and piece that the part has.
///
/// It is a file of lines, each a value in JSON: first a head, then a line whenever a scene begins or ends, of which the last one
/// about it counts, and at the end of the part a checksum of all that. A part that was killed has left a file without that
/// end, from which the next run of the part knows which outputs are its own.
struct PartRecord: Sendable {
    /// The name of the file in a part's folder.
    static let fileName = "record"
    /// The version of the record.
    private static let currentFormat = 1
    /// The most bytes of a record that is read.
    private static let mostBytes = 1 << 30

    /// The batch that a part is one of. All parts of a batch have the same, but for their number and the command's folder.
    struct Head: Codable, Equatable, Sendable {
        var format = PartRecord.currentFormat
        var version = OvertileVersion.current
        /// The checksum of the model.
        let model: String
        /// The digest of the model and of all options that change results.
        let settings: String
        /// The names of all kernels that the part was made by, in order: others give other last digits.
        var kernels: [String]
        /// The digest of the deal.
        let deal: String
        /// The number of scenes that the batch has.
        let scenes: Int
        /// The first scenes that could not be opened; nil where there are none.
        var unopened: [String]?
        let part: ScenePart
        /// The number of scenes and pieces that the part has.
        let portions: Int
        let request: PartRequest

        /// Returns in words what differs from the head of another part of the same batch; empty where nothing does.
        func differences(from other: Head) -> [String] {
            var found: [String] = []
            if format != other.format || version != other.version { found.append("Overtile's version") }
            if model != other.model { found.append("the model") }
            if settings != other.settings, model == other.model { found.append("the options") }
            if unopened != other.unopened {
                let parts = [self, other].compactMap { head in
                    head.unopened.map { "\(head.part) could not open \($0.joined(separator: ", "))" }
                }
                found.append("the list of scenes that can be opened (\(parts.joined(separator: "; ")))")
            } else if deal != other.deal || scenes != other.scenes || part.count != other.part.count {
                found.append("the list of scenes, or the tiles of one of them")
            }
            return found
        }
    }

    /// The end of a scene, or of a piece of one, so far.
    enum Ending: String, Codable, Sendable {
        /// It has begun.
        case underway
        /// All outputs are there.
        case done
        /// The scene was done before, and has not changed.
        case unchanged
        /// The scene has no pixel in the area that is wanted.
        case outside
        case failed
        /// The part was stopped meanwhile.
        case stopped
        /// The tiles of a piece are there, to be merged.
        case computed
    }

    /// A line about a scene or a piece.
    struct Line: Codable, Sendable {
        let portion: BatchDeal.Portion
        /// The scene as it was named.
        let scene: String
        let ending: Ending
        /// All that a ledger has to remember of the scene; nil for a piece that was computed, or has failed.
        var entry: LedgerEntry?
        /// What a report tells beside that; nil where the scene was not done.
        var facts: OutcomeFacts?
        /// The error of a piece that has failed, and its exit status.
        var message: String?
        var status: Int?
    }

    /// One line of the file.
    private struct Row: Codable {
        var head: Head?
        var line: Line?
        var checksum: String?
    }

    /// The head; nil where it cannot be read.
    private(set) var head: Head?
    /// The last line about each scene and piece.
    private(set) var lines: [BatchDeal.Portion: Line] = [:]
    /// True if the part has come to its end, and nothing has changed in the record since.
    private(set) var isComplete = false
    /// True if it has a line that nobody has written.
    private(set) var isDamaged = false

    /// The number of scenes and pieces that have ended, well or not.
    var ended: Int { lines.values.count { $0.ending != .underway && $0.ending != .stopped } }

    /// Reads the record of a part.
    ///
    /// - Parameters:
    ///   - folder: the part's folder.
    ///   - owner: the user that the file has to belong to, as the merge does what it says; nil for who only looks at it.
    ///   - headOnly: true to read no more than the head.
    /// - Returns: nil where there is none of this user's.
    init?(folder: String, owner: UInt32?, headOnly: Bool = false) {
        guard let bytes = Self.bytes(of: folder + "/" + Self.fileName, owner: owner) else { return nil }
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard !isComplete, !isDamaged, let row = try? StoredJSON.decode(Row.self, from: Data(bytes[start..<end]))
            else {
                isDamaged = true
                break
            }
            take(row, after: bytes[..<start])
            start = end + 1
            if headOnly { return }
        }
        // The last line of a process that was killed may be half a one.
        if isDamaged || start < bytes.endIndex { isComplete = false }
        if head == nil { isDamaged = true }
    }

    private mutating func take(_ row: Row, after bytes: Data) {
        if let head = row.head, self.head == nil, head.format == Self.currentFormat, head.request.isCurrent,
            head.part.isPossible, head.scenes >= 0, head.portions >= 0
        {
            self.head = head
        } else if let line = row.line, let head, (0..<head.scenes).contains(line.portion.scene),
            line.portion.piece?.isPossible ?? true, line.facts?.isPossible ?? true
        {
            lines[line.portion] = line
        } else if let checksum = row.checksum, head != nil {
            isComplete = checksum == bytes.withUnsafeBytes { SHA256.checksum(of: $0) }
            isDamaged = !isComplete
        } else {
            isDamaged = true
        }
    }

    /// The bytes of a file of this user's; nil where there is none, or none that can be meant.
    private static func bytes(of path: String, owner: UInt32?) -> Data? {
        let descriptor = FileCall.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { _ = FileCall.close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor), status.kind == .file, status.size <= mostBytes,
            owner == nil || status.owner == owner
        else { return nil }
        var bytes = Data(count: status.size)
        let count = bytes.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = FileCall.read(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                guard count > 0 else { break }
                done += count
            }
            return done
        }
        return bytes.prefix(count)
    }

    /// Has a ledger know what the record tells of scenes.
    ///
    /// - Returns: false for entries that make no sense, of which none is believed: what outputs they name is somebody else's.
    /// - Throws: `LedgerError`.
    func isAdopted(by ledger: Ledger) throws(LedgerError) -> Bool {
        do {
            try ledger.adopt(lines.values.compactMap(\.entry))
            return true
        } catch  where error.code == .damaged {
            return false
        }
    }

    /// Returns the bytes of a line.
    ///
    /// - Throws: `EncodingError`.
    private static func bytes(_ row: Row) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(row)) + [UInt8(ascii: "\n")]
    }

    /// Writes a record, from any thread.
    final class Writer: Sendable {
        private struct State: ~Copyable {
            var hash = SHA256()
            var failure: (any Error)?
        }

        private let path: String
        private let descriptor: Int32
        private let state = Mutex(State())
        /// Called before each write: it throws where another process has taken the part over.
        let requireLease: @Sendable () throws -> Void

        /// Begins a record, in place of the one that is there.
        ///
        /// - Parameter lines: what is known already.
        /// - Throws: `FileError`; `EncodingError`.
        init(
            folder: String, head: Head?, lines: [Line], requireLease: @escaping @Sendable () throws -> Void
        ) throws {
            path = folder + "/" + PartRecord.fileName
            self.requireLease = requireLease
            let hidden = path + ".new"
            FileCall.unlink(hidden)
            descriptor = FileCall.open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            guard descriptor >= 0 else { throw FileError(.cannotCreate, "write", path: path, number: errno) }
            try append((head.map { [Row(head: $0)] } ?? []) + lines.map { Row(line: $0) })
            guard FileCall.rename(hidden, path) == 0 else {
                throw FileError(.cannotCreate, "write", path: path, number: errno)
            }
        }

        deinit { _ = FileCall.close(descriptor) }

        /// Adds a line, which is on the disk when this returns.
        ///
        /// - Throws: `FileError`; `EncodingError`. The record cannot be gone on with then.
        func append(_ line: Line) throws { try append([Row(line: line)]) }

        /// Ends the record.
        ///
        /// - Throws: as `append`.
        func end() throws {
            try append([Row(checksum: state.withLock { $0.hash.finishedCopy })])
        }

        private func append(_ rows: [Row]) throws {
            let bytes = try rows.flatMap(PartRecord.bytes)
            try state.withLock { state in
                // A line behind half a one would be lost as well.
                if let failure = state.failure { throw failure }
                do {
                    try requireLease()
                    let number = bytes.withUnsafeBytes { FileCall.writeAll(descriptor, $0) }
                    guard number == 0, FileCall.syncData(descriptor) == 0 else {
                        throw FileError(.writeFailed, "write", path: path, number: number == 0 ? errno : number)
                    }
                } catch {
                    state.failure = error
                    throw error
                }
                bytes.withUnsafeBytes { state.hash.add($0) }
            }
        }
    }
}

extension SHA256 {
    /// The checksum of what was added so far; more may follow.
    fileprivate var finishedCopy: String {
        let copy = self
        return copy.finish()
    }
}

extension ScenePart {
    /// False for a part that a file has, and that cannot be.
    fileprivate var isPossible: Bool { ScenePart(number, of: count) != nil }
}
