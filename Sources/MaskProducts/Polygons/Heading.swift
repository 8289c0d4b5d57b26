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
