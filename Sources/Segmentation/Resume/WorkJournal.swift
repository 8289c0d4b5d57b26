import FileIO
import Glibc
import RasterIO

/// The progress of a run, on disk: a record is appended for each row of tiles, and for each time that all before it was
/// brought to the disk.
///
/// A record of the first kind survives the process, as what it speaks of is in the system's hands by then; after a power
/// loss it may be there without the samples, and is believed only while the system has not been started anew. One of the
/// second kind is believed always.
final class WorkJournal {
    struct Progress: Equatable {
        /// Rows of tiles from the top of which all samples are written.
        var tileRows = 0
        /// The number of their tiles that the network ran on.
        var tilesComputed = 0
    }

    private struct Record {
        /// "OVERTIL1"
        static let magic: UInt64 = 0x4f56_4552_5449_4c31

        var magic = Record.magic
        /// The key of the work.
        var key: UInt64
        /// The run of the operating system, 0 where it does not tell; in records of what is on the disk, `UInt64.max`.
        var boot: UInt64
        var tileRows: UInt64
        var tilesComputed: UInt64
        var checksum: UInt64 = 0

        var expectedChecksum: UInt64 {
            var hash = FNV1a()
            for word in [magic, key, boot, tileRows, tilesComputed] { withUnsafeBytes(of: word) { hash.add($0) } }
            return hash.value
        }
    }

    private static let recordByteCount = MemoryLayout<Record>.size
    /// Rows and syncs of many runs; more is no journal of ours.
    private static let mostRecords = 1 << 20
    private static let onDisk = UInt64.max

    private let output: String
    private let key: UInt64
    private let boot: UInt64
    private let descriptor: Int32

    /// Opens or makes the journal, and cuts off what is no whole record.
    ///
    /// - Parameters:
    ///   - key: of the work, so that no other's records count.
    ///   - output: for messages.
    ///   - boot: the run of the operating system, 0 where it does not tell.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    init(
        path: String, key: UInt64, output: String, boot: UInt64 = WorkJournal.currentBoot
    ) throws(FileError) {
        self.key = key
        self.boot = boot
        self.output = output
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_APPEND, 0o666)
        guard descriptor >= 0 else { throw Self.failure(output, errno) }
    }

    deinit { close(descriptor) }

    /// Returns the progress of all runs so far, as far as it is certain.
    ///
    /// - Parameter tileRows: the rows of tiles that the work has.
    /// - Returns: nil for a journal that contradicts itself.
    func recover(tileRows: Int) -> Progress? {
        var best = Progress()
        var count = 0
        while count < Self.mostRecords, let record = record(count) {
            count += 1
            guard record.key == key, record.boot == Self.onDisk || (record.boot == boot && boot != 0) else { continue }
            guard record.tileRows <= UInt64(tileRows), record.tilesComputed <= UInt64(Int32.max) else { return nil }
            guard record.tileRows >= best.tileRows else { continue }
            best = Progress(tileRows: Int(record.tileRows), tilesComputed: Int(record.tilesComputed))
        }
        ftruncate(descriptor, count * Self.recordByteCount)
        return best
    }

    /// - Parameter isOnDisk: true if all samples of these rows were synced before.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func append(_ progress: Progress, isOnDisk: Bool) throws(FileError) {
        var record = Record(
            key: key, boot: isOnDisk ? Self.onDisk : boot, tileRows: UInt64(progress.tileRows),
            tilesComputed: UInt64(progress.tilesComputed))
        record.checksum = record.expectedChecksum
        let written = withUnsafeBytes(of: &record) { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == Self.recordByteCount else { throw Self.failure(output, written < 0 ? errno : ENOSPC) }
        guard !isOnDisk || fdatasync(descriptor) == 0 else { throw Self.failure(output, errno) }
    }

    /// The record at a place, or nil where there is none that is whole.
    private func record(_ index: Int) -> Record? {
        var record = Record(key: 0, boot: 0, tileRows: 0, tilesComputed: 0)
        let count = withUnsafeMutableBytes(of: &record) {
            pread(descriptor, $0.baseAddress, $0.count, index * Self.recordByteCount)
        }
        guard count == Self.recordByteCount, record.magic == Record.magic else { return nil }
        return record.checksum == record.expectedChecksum ? record : nil
    }

    /// Linux's name of this run of the system, shortened; 0 where it does not say.
    static let currentBoot: UInt64 = {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 36)
        guard read(descriptor, &text, text.count) == text.count else { return 0 }
        let digits = String(decoding: text, as: UTF8.self).filter { $0 != "-" }
        return UInt64(digits.prefix(16), radix: 16) ?? 0
    }()

    private static func failure(_ output: String, _ number: Int32) -> FileError {
        FileError(.writeFailed, "write the journal of", path: output, number: number)
    }
}

/// A short checksum against torn and mixed up files, not against people. Source: RFC 9923.
struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
