/// A corner of pixels: (0, 0) is the raster's upper left, (width, height) its lower right.
struct LatticePoint: Hashable, BitwiseCopyable {
    var x: Int32
    var y: Int32

    /// Twice the area that the line from this point to another sweeps around (0, 0).
    func cross(_ other: LatticePoint) -> Int { Int(x) * Int(other.y) - Int(other.x) * Int(y) }
}

/// The way in which a boundary runs along the lattice of pixel corners; rows are counted downwards.
enum Heading: UInt8 {
    case east, south, west, north

    var left: Heading { Heading(rawValue: (rawValue + 3) & 3)! }
    var right: Heading { Heading(rawValue: (rawValue + 1) & 3)! }
    var opposite: Heading { Heading(rawValue: (rawValue + 2) & 3)! }

    /// From one corner to another on the same row or column.
    init(from: LatticePoint, to: LatticePoint) {
        self = from.y == to.y ? (to.x > from.x ? .east : .west) : (to.y > from.y ? .south : .north)
    }
}

/// Where boundaries turn or meet, on the last lines of the lattice: a bit for each place.
struct CornerMap {
    private let rows: Int
    private let wordsAcross: Int
    private var words: [UInt64]
    private var row = 0

    /// - Parameters:
    ///   - width: of the raster, in pixels.
    ///   - rows: how many lines are remembered, the one under way included.
    init(width: Int, rows: Int) {
        self.rows = rows
        wordsAcross = width / 64 + 1
        words = [UInt64](repeating: 0, count: rows * wordsAcross)
    }

    /// Marks a place on the line under way.
    mutating func insert(_ column: Int32) {
        words[row % rows * wordsAcross + Int(column) >> 6] |= 1 << UInt64(column & 63)
    }

    /// Goes on to the next line, in place of the oldest.
    mutating func advance() {
        row += 1
        let first = row % rows * wordsAcross
        for index in first..<first + wordsAcross { words[index] = 0 }
    }

    /// The first marked column of a line in a range; nil where there is none.
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

/// Numbers of any size as bytes, seven bits in each: boundaries of a million vertices are kept so, one or two bytes a vertex.
enum VertexCode {
    /// At most this many bytes a number.
    static let longest = 5

    static func zigzag(_ value: Int32) -> UInt32 { UInt32(bitPattern: (value << 1) ^ (value >> 31)) }
    static func unzigzag(_ code: UInt32) -> Int32 { Int32(bitPattern: code >> 1) ^ -Int32(bitPattern: code & 1) }

    /// - Returns: the number of bytes written.
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

    /// Moves `offset` past the number.
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
