/// A row of a mask as runs of equal class: from left to right, the first before the raster and the last behind it, both
/// without a class.
final class RunRow {
    /// No class: no data, a class that is not wanted, or beyond the raster.
    static let none: Int32 = -1

    let width: Int32
    private(set) var count = 0
    /// The column that each run begins at; behind the last one, a column that no run reaches.
    let starts: UnsafeMutablePointer<Int32>
    let values: UnsafeMutablePointer<Int32>
    /// The connected piece that each run belongs to; 0 for those without a class.
    let pieces: UnsafeMutablePointer<UInt32>
    /// The strand that runs down along each run's left side, at the lower end of the row.
    let strands: UnsafeMutablePointer<UInt32>

    init(width: Int) {
        self.width = Int32(width)
        starts = .allocate(capacity: width + 3)
        values = .allocate(capacity: width + 3)
        pieces = .allocate(capacity: width + 3)
        strands = .allocate(capacity: width + 3)
        clear()
    }

    deinit {
        starts.deallocate()
        values.deallocate()
        pieces.deallocate()
        strands.deallocate()
    }

    /// A row without any class.
    func clear() {
        (starts[0], values[0], pieces[0], strands[0]) = (-1, Self.none, 0, 0)
        count = 1
        starts[1] = width + 1
    }

    /// - Parameters:
    ///   - classes: `width` of them.
    ///   - wanted: whether a class, by its number, is looked at; nil for all.
    func fill(_ classes: UnsafePointer<Int32>, wanted: [Bool]?) {
        clear()
        var current = Self.none
        var run = 0
        for column in 0..<width {
            var value = classes[Int(column)]
            if let wanted, value >= 0, !wanted[Int(value)] { value = Self.none }
            guard value != current else { continue }
            current = value
            run += 1
            (starts[run], values[run], pieces[run], strands[run]) = (column, value, 0, 0)
        }
        if current != Self.none {
            run += 1
            (starts[run], values[run], pieces[run], strands[run]) = (width, Self.none, 0, 0)
        }
        count = run + 1
        starts[count] = width + 1
    }
}
