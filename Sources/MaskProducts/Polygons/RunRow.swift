/// A row of a mask as runs of pixels of one class, from left to right. The first run lies before the raster and the
/// last one behind it; both have no class.
final class RunRow {
    /// The value of runs without a class: no data, a class that is not wanted, or outside the raster.
    static let none: Int32 = -1

    let width: Int32
    private(set) var count = 0
    /// The column at which each run begins. Behind the last run stands a column that no run reaches.
    let starts: UnsafeMutablePointer<Int32>
    let values: UnsafeMutablePointer<Int32>
    /// The connected piece that each run belongs to; 0 for runs without a class.
    let pieces: UnsafeMutablePointer<UInt32>
    /// The strand that leaves the lower end of the row along the left side of each run.
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

    /// Makes this a row without any class.
    func clear() {
        (starts[0], values[0], pieces[0], strands[0]) = (-1, Self.none, 0, 0)
        count = 1
        starts[1] = width + 1
    }

    /// Fills the row with the runs of a line of pixels.
    ///
    /// - Parameters:
    ///   - classes: `width` class numbers.
    ///   - wanted: true for each class number whose runs are kept; nil keeps all of them.
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
