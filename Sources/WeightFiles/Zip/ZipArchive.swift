import FileIO
import StoredTensors

/// A zip archive of stored (uncompressed) entries in a mapped file, read through its central directory.
///
/// Names, sizes and places come from the central directory alone: a writer that streams, as PyTorch's does, knows them
/// only after the data. Checksums are not verified, because that would read every weight when the file is opened, and
/// PyTorch can be told to leave them out.
/// Source: PKWARE APPNOTE 6.3.10.
struct ZipArchive {
    /// The entries, in the order of the central directory.
    let entries: [ZipEntry]
    private let file: FileSlice
    private let indices: [String: Int]
    /// The offset of the central directory. All data lie before it.
    private let dataEnd: Int

    /// Returns true if the file starts as a zip archive does: with a local header, or with the end of an empty archive.
    static func isZip(_ file: FileSlice) -> Bool {
        file.starts(with: [0x50, 0x4b, 0x03, 0x04]) || file.starts(with: [0x50, 0x4b, 0x05, 0x06])
    }

    /// Reads the directory of an archive.
    ///
    /// - Throws: `truncated`, `malformed` (also if two entries have one name), `unsupportedContainer`.
    init(_ file: FileSlice) throws(ModelFileError) {
        let end = try ZipEnd(file)
        var cursor = ByteCursor(end.directory, subject: "its zip directory")
        var entries: [ZipEntry] = []
        var indices: [String: Int] = [:]
        for index in 0..<end.entryCount {
            let entry = try ZipEntry(&cursor)
            guard indices.updateValue(index, forKey: entry.name) == nil else {
                throw file.file.error(.malformed, "its zip directory names \(ModelFileError.quoted(entry.name)) twice")
            }
            entries.append(entry)
        }
        self.file = file
        self.entries = entries
        self.indices = indices
        dataEnd = end.directoryOffset
    }

    func entry(named name: String) -> ZipEntry? { indices[name].map { entries[$0] } }

    /// Returns the bytes of an entry.
    ///
    /// - Throws: `unsupportedContainer` for a compressed or encrypted entry; `malformed` or `truncated` if the local
    ///   header differs from the central directory, or the data do not lie before it.
    func data(of entry: ZipEntry) throws(ModelFileError) -> FileSlice {
        let name = ModelFileError.quoted(entry.name)
        let encryptionBits: UInt16 = 1 << 0 | 1 << 6 | 1 << 13
        guard entry.flags & encryptionBits == 0 else {
            throw file.file.error(.unsupportedContainer, "zip entry \(name) is encrypted: decrypt the archive first")
        }
        guard entry.method == 0, entry.compressedSize == entry.size else {
            throw file.file.error(
                .unsupportedContainer,
                "zip entry \(name) is compressed, which torch.save never does: "
                    + "unpack it and zip it again without compression (zip -0), or save the state dict again")
        }
        let headerSize = 30
        guard let header = file.slice(at: entry.headerOffset, count: UInt64(headerSize)),
            let signature = header.integer(at: 0, as: UInt32.self), signature == 0x0403_4b50,
            let method = header.integer(at: 8, as: UInt16.self), method == entry.method,
            let nameLength = header.integer(at: 26, as: UInt16.self),
            let extraLength = header.integer(at: 28, as: UInt16.self),
            let headerOffset = Int(exactly: entry.headerOffset),
            file.starts(with: entry.name.utf8, at: headerOffset + headerSize), nameLength == entry.name.utf8.count
        else {
            throw file.file.error(
                .malformed, "zip entry \(name) is not where the directory says: copy or download the file again")
        }
        let start = headerOffset + headerSize + Int(nameLength) + Int(extraLength)
        guard start <= dataEnd, entry.size <= UInt64(dataEnd - start),
            let data = file.slice(at: UInt64(start), count: entry.size)
        else {
            throw file.file.error(
                .truncated, "zip entry \(name) of \(entry.size) bytes does not fit: copy or download the file again")
        }
        return data
    }
}
