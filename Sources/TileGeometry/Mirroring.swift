/// Mirroring of one axis without repeating the edge pixel, as numpy's `pad(mode="reflect")` does: … 2 1 | 0 1 2 3 | 2 1 0 1 …
///
/// The overlap-tile strategy of the U-Net paper (Ronneberger et al. 2015, section 2) extrapolates missing context this way.
package enum Mirroring {
    /// Returns the pixel of an axis of `count` pixels that stands at position `index`, which may lie any distance outside.
    ///
    /// The mirrored axis has period `2 * (count - 1)`: it folds as often as needed. An axis of one pixel repeats it.
    package static func source(of index: Int, count: Int) -> Int {
        precondition(count > 0, "an axis of \(count) pixels cannot be mirrored")
        if index >= 0 && index < count { return index }
        if count == 1 { return 0 }
        let period = 2 * (count - 1)
        let remainder = index % period
        let position = remainder < 0 ? remainder + period : remainder
        return position < count ? position : period - position
    }

    /// Returns the pixels of the axis that positions `start ..< start + length` show, and the smallest range that holds
    /// them all.
    ///
    /// - Parameter length: at least 1.
    package static func axis(start: Int, length: Int, count: Int) -> MirroredAxis {
        precondition(length > 0, "a window of \(length) pixels shows nothing")
        let sources = (start..<start + length).map { source(of: $0, count: count) }
        return MirroredAxis(sources: sources, range: sources.min()!..<sources.max()! + 1)
    }
}

/// The part of one mirrored axis that a window shows.
package struct MirroredAxis: Sendable, Equatable {
    /// The axis's pixel at each position of the window.
    package let sources: [Int]
    /// The range of pixels that has to be read.
    package let range: Range<Int>

    /// Makes the view of a window from what it shows.
    package init(sources: [Int], range: Range<Int>) {
        self.sources = sources
        self.range = range
    }

    /// True if the window lies inside the axis, so that nothing is mirrored.
    package var isPlain: Bool { sources.count == range.count && sources[0] == range.lowerBound }
}
