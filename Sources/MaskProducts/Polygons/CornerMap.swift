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
