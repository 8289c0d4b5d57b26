/// The regions that reach the row under way, and what is known of each.
///
/// A region is a polygon's worth of connected pixels. Where corners connect too, it is made of pieces that are connected by
/// sides, each of which becomes a polygon of a multipolygon; else it is one piece. Numbers are used again as soon as no run
/// of the current row has them, so that memory follows the width of the raster.
final class RegionTable {
    struct Piece: BitwiseCopyable {
        var parent: UInt32 = 0
        var region: UInt32 = 0
        /// Its sides of arcs, a list from `first` to `last`.
        var first: UInt32 = 0
        var last: UInt32 = 0
        /// The last row that it was seen in.
        var row: Int32 = 0
        /// The next of its region's finished pieces.
        var next: UInt32 = 0
    }

    struct Region: BitwiseCopyable {
        var parent: UInt32 = 0
        var value: Int32 = 0
        /// Its uppermost pixel, the leftmost of these: different for all regions.
        var origin = LatticePoint(x: 0, y: 0)
        var pixels = 0
        /// In square metres; 0 where that is not known.
        var area = 0.0
        /// Sum of its pixels' confidences, as they are stored: 255 a pixel at most.
        var confidence = 0
        /// Pieces that may still grow.
        var growing: Int32 = 0
        var firstFinished: UInt32 = 0
        var lastFinished: UInt32 = 0
    }

    let arcs: ArcTable
    let pieces = Pool(blank: Piece())
    let regions = Pool(blank: Region())
    /// Numbers that became part of others in this row.
    private var mergedPieces: [UInt32] = []
    private var mergedRegions: [UInt32] = []

    init(arcs: ArcTable) { self.arcs = arcs }

    /// A new piece, in a region of its own.
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

    /// The region of a piece.
    func region(of piece: UInt32) -> UInt32 {
        var region = pieces[root(piece)].region
        while regions[region].parent != region { region = regions[region].parent }
        return region
    }

    /// Makes one piece of two.
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

    /// Makes one region of two pieces' regions: they meet at a corner.
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

    /// Gives a piece a side of an arc.
    func add(_ side: UInt32, to piece: UInt32) {
        let piece = root(piece)
        arcs.link(side, before: pieces[piece].first)
        if pieces[piece].first == 0 { pieces[piece].last = side }
        pieces[piece].first = side
    }

    /// Tells that a piece will not grow any more.
    ///
    /// - Returns: its region, where that is complete now.
    func finish(_ piece: UInt32) -> UInt32? {
        let region = region(of: piece)
        pieces[piece].next = 0
        append(finished: piece, to: region, last: piece)
        regions[region].growing -= 1
        return regions[region].growing == 0 ? region : nil
    }

    /// Lets go of the numbers that became part of others: no run may have them any more.
    func forgetMerged() {
        for piece in mergedPieces { pieces.release(piece) }
        for region in mergedRegions { regions.release(region) }
        mergedPieces.removeAll(keepingCapacity: true)
        mergedRegions.removeAll(keepingCapacity: true)
    }

    /// Lets go of a complete region and its pieces.
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
