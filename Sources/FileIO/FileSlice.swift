/// A run of bytes of a mapped file, which it keeps alive. Nothing outside the run can be reached through it.
package struct FileSlice: Sendable {
    /// The file that the run is a part of.
    package let file: MappedFile
    /// The offset of the run in the file.
    private let start: Int
    /// The number of bytes.
    package let count: Int

    /// Takes the whole file.
    package init(_ file: MappedFile) {
        self.init(file: file, start: 0, count: file.count)
    }

    private init(file: MappedFile, start: Int, count: Int) {
        self.file = file
        self.start = start
        self.count = count
    }

    /// Returns the `count` bytes from `offset` on, or nil if they do not all lie inside.
    package func slice(at offset: Int, count: Int) -> FileSlice? {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
        return FileSlice(file: file, start: start + offset, count: count)
    }

    /// Returns a part of the run for numbers from a file, which may be any 64 bits, or nil if it does not lie inside.
    package func slice(at offset: UInt64, count: UInt64) -> FileSlice? {
        guard let offset = Int(exactly: offset), let count = Int(exactly: count) else { return nil }
        return slice(at: offset, count: count)
    }

    /// Returns the little-endian integer at `offset`, aligned or not, or nil if it does not lie inside.
    package func integer<Integer: FixedWidthInteger>(at offset: Int, as type: Integer.Type) -> Integer? {
        slice(at: offset, count: MemoryLayout<Integer>.size)?.withUnsafeBytes {
            Integer(littleEndian: $0.loadUnaligned(as: Integer.self))
        }
    }

    /// Returns true if the run has these bytes from an offset on, by default from its beginning.
    package func starts(with bytes: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        slice(at: offset, count: bytes.count)?.withUnsafeBytes { $0.elementsEqual(bytes) } ?? false
    }

    /// Gives the bytes' memory back to the system until they are read again.
    package func releasePages() { file.releasePages(start..<start + count) }

    /// A copy of the bytes.
    package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// The bytes as text, or nil if they are not valid UTF-8.
    package var text: String? { withUnsafeBytes { String(validating: $0, as: UTF8.self) } }

    /// Lends the bytes; the pointer is valid inside `body` only.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withUnsafeBytes { (whole) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: whole[start..<start + count]))
        }
    }
}
