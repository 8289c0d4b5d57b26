/// The regions that reach the current row, and what is known of each.
///
/// A region is the set of connected pixels that becomes one feature. With eight-connectedness it consists of pieces,
/// whose pixels are connected by sides and each of which becomes a polygon of a multipolygon; otherwise it is one
/// piece. Numbers are used again as soon as no run of the current row has them, so memory follows the width of the
/// raster.
final class RegionTable {
    struct Piece: BitwiseCopyable {
        var parent: UInt32 = 0
        var region: UInt32 = 0
        /// The sides of arcs that bound the piece, a list from `first` to `last`.
        var first: UInt32 = 0
        var last: UInt32 = 0
        /// The last row in which the piece was seen.
        var row: Int32 = 0
        /// The next finished piece of the same region.
        var next: UInt32 = 0
    }

    struct Region: BitwiseCopyable {
        var parent: UInt32 = 0
        var value: Int32 = 0
        /// The leftmost pixel of its uppermost row, which no other region has.
        var origin = LatticePoint(x: 0, y: 0)
        var pixels = 0
        /// The area in square metres; 0 if areas are not known.
        var area = 0.0
        /// The sum of the stored confidences of its pixels, at most 255 each.
        var confidence = 0
        /// The number of pieces that may still grow.
        var growing: Int32 = 0
        var firstFinished: UInt32 = 0
        var lastFinished: UInt32 = 0
    }

    let arcs: ArcTable
    let pieces = Pool(blank: Piece())
    let regions = Pool(blank: Region())
    /// The numbers that were merged into others in this row.
    private var mergedPieces: [UInt32] = []
    private var mergedRegions: [UInt32] = []

    init(arcs: ArcTable) { self.arcs = arcs }

    /// Makes a new piece in a region of its own.
    func make(value: Int32, at origin: LatticePoint) -> UInt32 {
        let (piece, region) = (pieces.make(), regions.make())
        pieces[piece] = Piece(parent: piece, region: region, row: origin.y)
        regions[region] = Region(parent: region, value: value, origin: origin, growing: 1)
        return piece
    }

    @inline(__always)
    func root(_ piece: UInt32) -> UInt32 {
        var piece = piece
        while pieces[piece].parent != piece {
            pieces[piece].parent = pieces[pieces[piece].parent].parent
            piece = pieces[piece].parent
        }
        return piece
    }

    /// Returns the region of a piece.
    func region(of piece: UInt32) -> UInt32 {
        var region = pieces[root(piece)].region
        while regions[region].parent != region { region = regions[region].parent }
        return region
    }

    /// Merges two pieces into one.
    func unite(_ first: UInt32, _ second: UInt32) {
        let (kept, gone) = (root(first), root(second))
        guard kept != gone else { return }
        let region = regionOfUnited(kept, gone)
        regions[region].growing -= 1
        pieces[kept].region = region
        pieces[gone].parent = kept
        mergedPieces.append(gone)
        guard pieces[gone].first != 0 else { return }
        if pieces[kept].first == 0 {
            pieces[kept].first = pieces[gone].first
        } else {
            arcs.link(pieces[kept].last, before: pieces[gone].first)
        }
        pieces[kept].last = pieces[gone].last
    }

    /// Merges the regions of two pieces, which meet at a corner.
    func uniteRegions(_ first: UInt32, _ second: UInt32) { _ = regionOfUnited(root(first), root(second)) }

    private func regionOfUnited(_ first: UInt32, _ second: UInt32) -> UInt32 {
        var (kept, gone) = (region(of: first), region(of: second))
        guard kept != gone else { return kept }
        // The older one stays: its origin is above, or to the left.
        let (one, other) = (regions[kept].origin, regions[gone].origin)
        if (other.y, other.x) < (one.y, one.x) { (kept, gone) = (gone, kept) }
        regions[gone].parent = kept
        regions[kept].pixels += regions[gone].pixels
        regions[kept].area += regions[gone].area
        regions[kept].confidence += regions[gone].confidence
        regions[kept].growing += regions[gone].growing
        if regions[gone].firstFinished != 0 {
            append(finished: regions[gone].firstFinished, to: kept, last: regions[gone].lastFinished)
        }
        mergedRegions.append(gone)
        return kept
    }

    private func append(finished first: UInt32, to region: UInt32, last: UInt32) {
        if regions[region].firstFinished == 0 {
            regions[region].firstFinished = first
        } else {
            pieces[regions[region].lastFinished].next = first
        }
        regions[region].lastFinished = last
    }

    /// Adds a side of an arc to the boundary of a piece.
    func add(_ side: UInt32, to piece: UInt32) {
        let piece = root(piece)
        arcs.link(side, before: pieces[piece].first)
        if pieces[piece].first == 0 { pieces[piece].last = side }
        pieces[piece].first = side
    }

    /// Marks a piece as one that will not grow any more.
    ///
    /// - Returns: the region of the piece if it is complete now, else nil.
    func finish(_ piece: UInt32) -> UInt32? {
        let region = region(of: piece)
        pieces[piece].next = 0
        append(finished: piece, to: region, last: piece)
        regions[region].growing -= 1
        return regions[region].growing == 0 ? region : nil
    }

    /// Releases the numbers that were merged into others. No run may still have one of them.
    func forgetMerged() {
        for piece in mergedPieces { pieces.release(piece) }
        for region in mergedRegions { regions.release(region) }
        mergedPieces.removeAll(keepingCapacity: true)
        mergedRegions.removeAll(keepingCapacity: true)
    }

    /// Releases a complete region and its pieces.
    func release(_ region: UInt32) {
        var piece = regions[region].firstFinished
        while piece != 0 {
            let next = pieces[piece].next
            pieces.release(piece)
            piece = next
        }
        regions.release(region)
    }
}
