/// A corner of pixels: (0, 0) is the upper left corner of the raster, (width, height) the lower right one.
struct LatticePoint: Hashable, BitwiseCopyable {
    var x: Int32
    var y: Int32

    /// Returns twice the signed area that the line from this point to another sweeps around (0, 0).
    func cross(_ other: LatticePoint) -> Int { Int(x) * Int(other.y) - Int(other.x) * Int(y) }
}

/// The direction of a boundary on the lattice of pixel corners. Rows count downwards.
enum Heading: UInt8 {
    case east, south, west, north

    var left: Heading { Heading(rawValue: (rawValue + 3) & 3)! }
    var right: Heading { Heading(rawValue: (rawValue + 1) & 3)! }
    var opposite: Heading { Heading(rawValue: (rawValue + 2) & 3)! }

    /// The direction from one corner to another in the same row or column.
    init(from: LatticePoint, to: LatticePoint) {
        self = from.y == to.y ? (to.x > from.x ? .east : .west) : (to.y > from.y ? .south : .north)
    }
}

/// The corners at which boundaries turn or meet, one bit for each point on the last few lines of the lattice.
struct CornerMap {
    private let rows: Int
    private let wordsAcross: Int
    private var words: [UInt64]
    private var row = 0

    /// - Parameters:
    ///   - width: the width of the raster, in pixels.
    ///   - rows: the number of lines that are remembered, including the current one.
    init(width: Int, rows: Int) {
        self.rows = rows
        wordsAcross = width / 64 + 1
        words = [UInt64](repeating: 0, count: rows * wordsAcross)
    }

    /// Marks a corner on the current line.
    mutating func insert(_ column: Int32) {
        words[row % rows * wordsAcross + Int(column) >> 6] |= 1 << UInt64(column & 63)
    }

    /// Moves on to the next line, which replaces the oldest one.
    mutating func advance() {
        row += 1
        let first = row % rows * wordsAcross
        for index in first..<first + wordsAcross { words[index] = 0 }
    }

    /// Returns the first marked column of a line in a range, or nil if there is none.
    func first(in columns: ClosedRange<Int>, line: Int) -> Int? {
        let base = line % rows * wordsAcross
        var word = columns.lowerBound >> 6
        var bits = words[base + word] & (~0 << UInt64(columns.lowerBound & 63))
        while true {
            if bits != 0 {
                let column = word << 6 + bits.trailingZeroBitCount
                return column <= columns.upperBound ? column : nil
            }
            word += 1
            guard word << 6 <= columns.upperBound else { return nil }
            bits = words[base + word]
        }
    }
}

/// Variable-length numbers, seven bits in a byte (LEB128). They keep a boundary of a million vertices in one or two
/// bytes a vertex.
enum VertexCode {
    /// The most bytes that a number takes.
    static let longest = 5

    static func zigzag(_ value: Int32) -> UInt32 { UInt32(bitPattern: (value << 1) ^ (value >> 31)) }
    static func unzigzag(_ code: UInt32) -> Int32 { Int32(bitPattern: code >> 1) ^ -Int32(bitPattern: code & 1) }

    /// Writes a number, and returns how many bytes it took.
    @inline(__always)
    static func write(_ number: UInt32, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        var (rest, count) = (number, 0)
        while rest >= 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            count += 1
        }
        bytes[count] = UInt8(rest)
        return count + 1
    }

    /// Reads the number at `offset`, and moves `offset` past it.
    @inline(__always)
    static func read(_ bytes: UnsafeMutablePointer<UInt8>, _ offset: inout Int) -> UInt32 {
        var (number, shift): (UInt32, UInt32) = (0, 0)
        while true {
            let byte = bytes[offset]
            offset += 1
            number |= UInt32(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number }
            shift += 7
        }
    }
}
