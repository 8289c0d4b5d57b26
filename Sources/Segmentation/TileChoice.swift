import NetworkGraph
import TileGeometry

/// Input pixels of a tile on a side, those around the kept ones, and the kept ones.
struct TileShape: Hashable, Sendable {
    var tile: Int
    var margin: Int
    var step: Int
}

/// The tiles that a network allows, within what the user asked for.
struct TileChoice {
    let network: TiledNetwork
    /// The user's, nil where the network or the planner decides.
    let tile: Int?
    let margin: Int?

    /// Tiles larger than this are refused: no machine would profit.
    static let largestTile = 1 << 15

    /// The planner's own choice goes up to so many kept pixels on a side.
    private static let largestStep = 2048

    /// Input pixels on a side where a network of fixed tiles says nothing.
    private static let standardFixedTile = 512

    /// The shapes to choose from, at least one.
    ///
    /// - Throws: `SegmentationError` for a tile or margin that cannot be, naming the nearest that can.
    func shapes(for scene: PixelSize) throws -> [TileShape] {
        if let margin, margin > Self.largestTile {
            throw SegmentationError(.usage, "--margin \(margin) is beyond the largest tile, \(Self.largestTile) pixels")
        }
        switch network {
        case .seamless(let network): return try shapes(for: scene, network)
        case .fixedTiles: return [try fixedShape()]
        }
    }

    func computation(_ shape: TileShape) throws -> TileComputation {
        switch network {
        case .seamless(let network):
            return network.computation(height: shape.step, width: shape.step)
        case .fixedTiles(let network):
            do {
                return try network.computation(tile: shape.tile, margin: shape.margin)
            } catch {
                throw SegmentationError(
                    .usage, "tiles of \(shape.tile) pixels with a margin of \(shape.margin) cannot be: \(error)")
            }
        }
    }

    // MARK: Seamless networks

    private func shapes(for scene: PixelSize, _ network: SeamlessNetwork) throws -> [TileShape] {
        let margin = margin ?? network.margin
        guard margin >= network.margin else {
            throw SegmentationError(
                .usage,
                "--margin \(margin) is less than the \(network.margin) pixels that the network needs: "
                    + "give \(network.margin) or more, or leave it out")
        }
        func tile(forStep step: Int) -> Int { tileSize(atLeast: max(network.tile(forStep: step), step + 2 * margin)) }
        let unit = network.stride
        if let size = self.tile {
            try check(size, smallest: tile(forStep: unit))
            var step = (size - 2 * margin) / unit * unit
            while network.tile(forStep: step) > size { step -= unit }
            return [TileShape(tile: size, margin: margin, step: step)]
        }
        let block = leastCommonMultiple(unit, 16)
        let largest = min(Self.largestStep, (max(scene.width, scene.height) + block - 1) / block * block)
        return stride(from: block, through: max(block, largest), by: block)
            .filter { OutputBlock.divides(step: $0) }
            .map { TileShape(tile: tile(forStep: $0), margin: margin, step: $0) }
    }

    // MARK: Networks of fixed tiles

    private func fixedShape() throws -> TileShape {
        let unit = network.stride
        let size = tile ?? tileSize(atLeast: Self.standardFixedTile)
        try check(size, smallest: tileSize(atLeast: unit + 2 * (margin ?? 0)))
        let margin = margin ?? (size / 8 + unit - 1) / unit * unit
        let step = size - 2 * margin
        guard step > 0 else {
            throw SegmentationError(
                .usage, "--tile \(size) keeps nothing behind a margin of \(margin) on each side: give a larger tile")
        }
        return TileShape(tile: size, margin: margin, step: step)
    }

    // MARK: Sizes

    /// - Throws: `SegmentationError` for sizes out of range, or that the network's poolings do not divide.
    private func check(_ tile: Int, smallest: Int) throws {
        guard tile >= smallest && tile <= Self.largestTile else {
            throw SegmentationError(
                .usage,
                "--tile \(tile) is out of range: this network takes tiles of \(smallest) to \(Self.largestTile) pixels")
        }
        let above = tileSize(atLeast: tile)
        guard above == tile else {
            throw SegmentationError(
                .usage,
                "--tile \(tile) cannot be halved by all of the network's poolings: "
                    + "\(above - network.stride) or \(above) can")
        }
    }

    /// The smallest size from here on that all poolings divide evenly.
    private func tileSize(atLeast size: Int) -> Int {
        let unit = network.stride
        return size + (((network.tileRemainder - size) % unit) + unit) % unit
    }
}
