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
