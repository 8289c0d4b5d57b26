import FileIO
import StoredTensors

/// Reads a run of bytes from front to back; whatever would pass its end throws `truncated`.
struct ByteCursor {
    let slice: FileSlice
    /// The name of what is being read, for errors: "its pickle".
    let subject: String
    /// Bytes read so far.
    private(set) var position = 0

    init(_ slice: FileSlice, subject: String) {
        self.slice = slice
        self.subject = subject
    }

    mutating func byte() throws(ModelFileError) -> UInt8 { try integer() }

    /// A little-endian integer.
    mutating func integer<Integer: FixedWidthInteger>() throws(ModelFileError) -> Integer {
        guard let value = slice.integer(at: position, as: Integer.self) else { throw truncated }
        position += MemoryLayout<Integer>.size
        return value
    }

    /// The next `count` bytes; `count` is any number that a file may hold.
    mutating func take(_ count: some BinaryInteger) throws(ModelFileError) -> FileSlice {
        guard let count = Int(exactly: count), let taken = slice.slice(at: position, count: count) else {
            throw truncated
        }
        position += count
        return taken
    }

    /// The bytes up to the next line feed, which is read and left out.
    mutating func line() throws(ModelFileError) -> FileSlice {
        let length = slice.withUnsafeBytes { $0[position...].firstIndex(of: UInt8(ascii: "\n")) }.map { $0 - position }
        guard let length else { throw truncated }
        let line = try take(length)
        _ = try byte()
        return line
    }

    private var truncated: ModelFileError {
        slice.file.error(.truncated, "\(subject) is cut short at byte \(slice.count): copy or download the file again")
    }
}
