/// Pixels at each of the four sides of a map: how many are cut off, or added.
package struct Borders: Hashable, Sendable {
    /// Rows at the upper side.
    package var top: Int
    /// Columns at the left side.
    package var left: Int
    /// Rows at the lower side.
    package var bottom: Int
    /// Columns at the right side.
    package var right: Int

    /// A number of its own for each side.
    package init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// As many pixels on every side.
    package init(all pixels: Int) { self.init(top: pixels, left: pixels, bottom: pixels, right: pixels) }

    /// The same numbers with the other sign: what undoes a crop, or a padding.
    package var negated: Borders { Borders(top: -top, left: -left, bottom: -bottom, right: -right) }

    /// The positive numbers as they are, and 0 for the negative ones.
    package var clampedAtZero: Borders {
        Borders(top: max(0, top), left: max(0, left), bottom: max(0, bottom), right: max(0, right))
    }

    /// What lies before the map's first pixel along an axis.
    func before(_ axis: Axis) -> Int { axis == .vertical ? top : left }

    /// What lies behind the map's last pixel along an axis.
    func after(_ axis: Axis) -> Int { axis == .vertical ? bottom : right }
}

/// Pixels that are added around a map.
package struct Padding: Hashable, Sendable {
    /// What the added pixels are.
    package enum Mode: Hashable, Sendable {
        /// One value everywhere.
        case constant(Float)
        /// The map's own pixels, mirrored without repeating the edge pixel.
        case reflect
        /// The edge pixel repeated.
        case edge

        /// Zeros, which convolutions leave out of their sums instead of storing them.
        package static var zero: Mode { .constant(0) }
    }

    /// What the added pixels are.
    package var mode: Mode
    /// Pixels to add at each side, 0 or more.
    package var amounts: Borders

    /// So many pixels of one kind at each side.
    package init(_ mode: Mode, amounts: Borders) {
        self.mode = mode
        self.amounts = amounts
    }
}

extension Graph {
    /// Appends what takes `borders` off a map, and adds zeros where they are negative: a crop, a padding with zeros, or
    /// one after the other.
    ///
    /// - Returns: the new map. It has a node of its own also where all borders are 0.
    @discardableResult
    package mutating func append(moving borders: Borders, of map: Value, label: String) -> Value {
        let (cut, added) = (borders.clampedAtZero, borders.negated.clampedAtZero)
        var map = map
        if cut != Borders(all: 0) { map = append(.crop(cut), map, label: label) }
        guard cut == Borders(all: 0) || added != Borders(all: 0) else { return map }
        return append(.padding(Padding(.zero, amounts: added)), map, label: label)
    }
}
