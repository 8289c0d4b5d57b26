/// One of the parts that a scene is dealt into, each of which another machine may compute: number 3 of 16.
package struct ScenePart: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The number of the part, from 1 on.
    package let number: Int
    /// The number of parts that there are.
    package let count: Int

    /// The most parts that a scene is dealt into.
    package static let mostParts = 100_000

    /// Makes the part of a number.
    ///
    /// - Returns: nil where there is no such part, or there are more than anybody needs.
    package init?(_ number: Int, of count: Int) {
        guard (1...Self.mostParts).contains(count), (1...count).contains(number) else { return nil }
        (self.number, self.count) = (number, count)
    }

    /// Reads a part as it is typed: "3/16".
    ///
    /// - Returns: nil for anything else.
    package init?(argument: String) {
        let words = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard words.count == 2, words.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }),
            let number = Int(words[0]), let count = Int(words[1])
        else { return nil }
        self.init(number, of: count)
    }

    /// The part as it is typed: "3/16".
    package var argument: String { "\(number)/\(count)" }

    /// The part in words: "part 3 of 16".
    package var description: String { "part \(number) of \(count)" }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

extension TileGrid {
    /// Returns the rows of tiles of a part: together all rows, in order, each in one part.
    ///
    /// A part ends with the row whose lower border is nearest to its share of the whole cost, so that no part's cost is
    /// farther than that of a row from the mean. Of more parts than rows, some have none. All of it follows from the grid,
    /// and is the same on every machine.
    package func tileRows(of part: ScenePart) -> Range<Int> {
        let (whole, last) = (inputPixels(ofRow: 0), inputPixels(ofRow: rows - 1))
        let total = Double(rows - 1) * whole + last
        /// The number of rows that the first parts have.
        func end(_ parts: Int) -> Int {
            if parts == part.count { return rows }
            let share = total * Double(parts) / Double(part.count)
            let full = min(Int(share / whole), rows - 1)
            let next = full == rows - 1 ? last : whole
            return share - Double(full) * whole >= next / 2 ? full + 1 : full
        }
        return end(part.number - 1)..<end(part.number)
    }

    /// Returns the pixels of the network's input that the tiles of some rows have: what they cost.
    package func inputPixels(ofRows range: Range<Int>) -> Double {
        let hasLast = range.contains(rows - 1)
        let inner = Double(range.count - (hasLast ? 1 : 0))
        return (inner > 0 ? inner * inputPixels(ofRow: 0) : 0) + (hasLast ? inputPixels(ofRow: rows - 1) : 0)
    }

    private func inputPixels(ofRow row: Int) -> Double {
        (0..<columns).reduce(0) { $0 + Double(self[row * columns + $1].input.size.area) }
    }
}
