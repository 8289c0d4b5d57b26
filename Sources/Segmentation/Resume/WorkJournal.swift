import FileIO
import Glibc
import RasterIO

/// The progress of a run, on disk: a record is appended for each row of tiles, with the checksums of its samples, and for
/// each time that all before it was brought to the disk.
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

    /// What is known of a finished row of tiles.
    struct Row: Equatable {
        /// The number of tiles that the network ran on, of this row and of those above it.
        let tilesComputed: Int
        /// The checksum of the row's samples in each raster.
        let checksums: [UInt64]
    }

    private struct Record {
        /// "OVERTIL3"
        static let magic: UInt64 = 0x4f56_4552_5449_4c33
        /// The most rasters that a run makes: there is room for kinds to come.
        static let sumCount = 8

        var magic = Record.magic
        /// The key of the work.
        var key: UInt64
        /// The run of the operating system, 0 where it does not tell; in records of what is on the disk, `UInt64.max`.
        var boot: UInt64
        var tileRows: UInt64
        var tilesComputed: UInt64
        /// The checksum of the last row's samples in each raster; 0 for rasters that there are not, and in records of what is
        /// on the disk.
        var sums = InlineArray<8, UInt64>(repeating: 0)
        var checksum: UInt64 = 0

        var expectedChecksum: UInt64 {
            var hash = FNV1a()
            for word in [magic, key, boot, tileRows, tilesComputed] { withUnsafeBytes(of: word) { hash.add($0) } }
            for index in sums.indices { withUnsafeBytes(of: sums[index]) { hash.add($0) } }
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
    /// The last record of each row, by the number of rows from the top down to it.
    private var rows: [UInt64: Record] = [:]

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
        descriptor = FileCall.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_APPEND)
        guard descriptor >= 0 else { throw Self.failure(output, errno) }
    }

    /// Opens a journal that another process may be writing, to read it alone.
    ///
    /// - Returns: nil where it cannot be read.
    init?(reading path: String, key: UInt64) {
        (self.key, output, boot) = (key, path, WorkJournal.currentBoot)
        descriptor = FileCall.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
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
            // Whether samples are there is what their checksum tells.
            if record.key == key, record.boot != Self.onDisk { rows[record.tileRows] = record }
            guard record.key == key, record.boot == Self.onDisk || (record.boot == boot && boot != 0) else { continue }
            guard record.tileRows <= UInt64(tileRows), record.tilesComputed <= UInt64(Int32.max) else { return nil }
            guard record.tileRows >= best.tileRows else { continue }
            best = Progress(tileRows: Int(record.tileRows), tilesComputed: Int(record.tilesComputed))
        }
        _ = FileCall.resize(descriptor, count * Self.recordByteCount)
        return best
    }

    /// Returns the record of a row of tiles after `recover`; nil if there is none.
    ///
    /// - Parameter row: counted from 0.
    func row(_ row: Int, rasters: Int) -> Row? {
        guard let record = rows[UInt64(row + 1)], record.tilesComputed <= UInt64(Int32.max),
            rasters <= Record.sumCount
        else { return nil }
        return Row(
            tilesComputed: Int(record.tilesComputed), checksums: (0..<rasters).map { record.sums[$0] })
    }

    /// - Parameters:
    ///   - checksums: those of the last row's samples in each raster, eight at most.
    ///   - isOnDisk: true if all samples of these rows were synced before.
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func append(_ progress: Progress, checksums: [UInt64] = [], isOnDisk: Bool) throws(FileError) {
        var record = Record(
            key: key, boot: isOnDisk ? Self.onDisk : boot, tileRows: UInt64(progress.tileRows),
            tilesComputed: UInt64(progress.tilesComputed))
        for (index, sum) in checksums.enumerated() { record.sums[index] = sum }
        record.checksum = record.expectedChecksum
        let number = withUnsafeBytes(of: &record) { FileCall.writeAll(descriptor, $0) }
        guard number == 0 else { throw Self.failure(output, number) }
        guard !isOnDisk || FileCall.syncData(descriptor) == 0 else { throw Self.failure(output, errno) }
    }

    /// The record at a place, or nil where there is none that is whole.
    private func record(_ index: Int) -> Record? {
        var record = Record(key: 0, boot: 0, tileRows: 0, tilesComputed: 0)
        let count = withUnsafeMutableBytes(of: &record) {
            FileCall.read(descriptor, $0.baseAddress, $0.count, at: index * Self.recordByteCount)
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
