import Models
import NetworkGraph
import TileGeometry

/// The tiles that a network allows, within what the user asked for.
struct AllowedTiles {
    let network: TiledNetwork
    /// The user's, nil where the network or the planner decides.
    let tile: Int?
    let margin: Int?
    /// The model's own, for networks of fixed tiles.
    let described: ModelDescription

    /// Tiles larger than this are refused: no machine would profit.
    static let largestTile = 1 << 15

    /// The planner's own choice goes up to so many kept pixels on a side.
    private static let largestStep = 2048

    /// A network that sees one pixel at a time has no overlap to pay for, and no use for tiles of fewer pixels on a side.
    private static let smallestStepWithoutMargin = 256

    /// Input pixels on a side where a network of fixed tiles says nothing.
    private static let standardFixedTile = 512

    /// The grids to choose from, at least one.
    ///
    /// - Throws: `SegmentationError` for a tile or margin that cannot be, naming the nearest that can.
    func grids(for scene: PixelSize) throws -> [TileGrid] {
        if let margin, margin > Self.largestTile {
            throw SegmentationError(.usage, "--margin \(margin) is beyond the largest tile, \(Self.largestTile) pixels")
        }
        switch network {
        case .seamless(let network): return try grids(for: scene, network)
        case .fixedTiles: return [try fixedGrid(for: scene)]
        }
    }

    /// Returns the computation of a tile of one of these grids.
    ///
    /// - Parameter output: one of the grid's output sizes, or the size of a whole tile's output.
    func computation(_ grid: TileGrid, output: PixelSize) throws -> TileComputation {
        switch network {
        case .seamless(let network):
            return network.computation(height: output.height, width: output.width)
        case .fixedTiles(let network):
            do {
                return try network.computation(tile: grid.tile, margin: grid.margin)
            } catch {
                throw SegmentationError(
                    .usage, "tiles of \(grid.tile) pixels with a margin of \(grid.margin) cannot be: \(error)")
            }
        }
    }

    // MARK: Seamless networks

    private func grids(for scene: PixelSize, _ network: SeamlessNetwork) throws -> [TileGrid] {
        let margin = margin ?? network.margin
        guard margin >= network.margin else {
            throw SegmentationError(
                .usage,
                "--margin \(margin) is less than the \(network.margin) pixels that the network needs: "
                    + "give \(network.margin) or more, or leave it out")
        }
        func tile(forStep step: Int) -> Int { tileSize(atLeast: max(network.tile(forStep: step), step + 2 * margin)) }
        let unit = network.stride
        func grid(_ tile: Int, _ step: Int) -> TileGrid {
            TileGrid(scene: scene, tile: tile, margin: margin, step: step, unit: unit)
        }
        if let size = self.tile {
            try check(size, smallest: tile(forStep: unit))
            var step = (size - 2 * margin) / unit * unit
            while network.tile(forStep: step) > size { step -= unit }
            return [grid(size, step)]
        }
        let block = leastCommonMultiple(unit, 16)
        let largest = min(Self.largestStep, (max(scene.width, scene.height) + block - 1) / block * block)
        // Small tiles are for scenes that must be shared out in spite of the overlap; without one they only cost time.
        let smallest = margin == 0 ? max(block, Self.smallestStepWithoutMargin / block * block) : block
        return stride(from: smallest, through: max(smallest, largest), by: block)
            .filter { OutputBlock.divides(step: $0) }
            .map { grid(tile(forStep: $0), $0) }
    }

    // MARK: Networks of fixed tiles

    /// Whole tiles only: what such a network says of a pixel depends on its tile.
    private func fixedGrid(for scene: PixelSize) throws -> TileGrid {
        let unit = network.stride
        let size = tile ?? network.onlyTile ?? describedTile ?? tileSize(atLeast: Self.standardFixedTile)
        if let only = network.onlyTile, only != size {
            throw SegmentationError(
                .usage, "--tile \(size) cannot be: the model file holds a network for tiles of \(only) pixels alone")
        }
        try check(size, smallest: tileSize(atLeast: unit + 2 * (margin ?? 0)))
        let margin =
            margin ?? marginOfOneTile(scene, size) ?? describedMargin(ofTile: size) ?? standardMargin(ofTile: size)
        let step = size - 2 * margin
        guard step > 0 else {
            throw SegmentationError(
                .usage, "--tile \(size) keeps nothing behind a margin of \(margin) on each side: give a larger tile")
        }
        return TileGrid(scene: scene, tile: size, margin: margin, step: step)
    }

    /// The least margin, for a scene that is seen as a whole with it: a larger one would cut it into tiles, none of which
    /// would see all of it. Nil for larger scenes.
    private func marginOfOneTile(_ scene: PixelSize, _ size: Int) -> Int? {
        guard case .fixedTiles(let network) = network, let least = network.leastMargin(ofTile: size) else { return nil }
        let isOne = max(scene.width, scene.height) <= size - 2 * least
        return isOne && (try? network.computation(tile: size, margin: least)) != nil ? least : nil
    }

    /// An eighth of the tile, rounded up to a multiple of the stride. Where that leaves nothing, or less than the network
    /// gives, it is rounded down, or not at all: no phase is lost where every tile is computed as a whole.
    private func standardMargin(ofTile size: Int) -> Int {
        if let margin = describedMargin(ofTile: size) { return margin }
        let (unit, eighth) = (network.stride, size / 8)
        let margins = [(eighth + unit - 1) / unit * unit, eighth / unit * unit, eighth]
        guard case .fixedTiles(let network) = network else { return margins[0] }
        let fitting = margins.first { margin in
            2 * margin < size && margin > 0 && (try? network.computation(tile: size, margin: margin)) != nil
        }
        return fitting ?? network.leastMargin(ofTile: size) ?? margins[0]
    }

    /// The model's own tile, if the network takes it and leaves something of it.
    private var describedTile: Int? {
        guard let size = described.tile?.value, size <= Self.largestTile, tileSize(atLeast: size) == size,
            case .fixedTiles(let network) = network,
            size > 2 * (margin ?? 0), (try? network.computation(tile: size, margin: margin ?? 0)) != nil
        else { return nil }
        return size
    }

    /// Half of the model's own overlap, for each side; nil where that leaves nothing.
    private func describedMargin(ofTile size: Int) -> Int? {
        guard let overlap = described.overlap?.value else { return nil }
        let unit = network.stride
        let margin = (Int((Double(size) * overlap / 200).rounded(.up)) + unit - 1) / unit * unit
        return 2 * margin < size ? margin : nil
    }

    /// The warnings about parts of the model's description that cannot be followed.
    var warnings: [PlanWarning] {
        guard case .fixedTiles = network else { return [] }
        var warnings: [PlanWarning] = []
        if tile == nil, let described = described.tile, describedTile == nil {
            warnings.append(.describedTileUnused(tile: described.value, source: described.source))
        }
        if margin == nil, let overlap = described.overlap,
            describedMargin(ofTile: tile ?? describedTile ?? tileSize(atLeast: Self.standardFixedTile)) == nil
        {
            warnings.append(.describedOverlapUnused(overlap: overlap.value, source: overlap.source))
        }
        return warnings
    }

    // MARK: Sizes

    /// - Throws: `SegmentationError` for sizes out of range, or that the network's poolings do not divide.
    private func check(_ tile: Int, smallest: Int) throws {
        guard tile >= smallest && tile <= Self.largestTile else {
            guard self.tile != nil else { throw unfit(tile, smallest: smallest) }
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

    /// The error about a tile that nobody asked for: the network's own, or the usual one.
    private func unfit(_ tile: Int, smallest: Int) -> SegmentationError {
        guard let margin else {
            return SegmentationError(
                .usage,
                "tiles of \(tile) pixels are not possible: this network takes \(smallest) to \(Self.largestTile); give --tile"
            )
        }
        return SegmentationError(
            .usage,
            "--margin \(margin) leaves nothing of tiles of \(tile) pixels, which this network is run on: give a smaller one"
                + ", or --tile \(smallest) or more where the network takes it")
    }

    /// The smallest size from here on that all poolings divide evenly.
    private func tileSize(atLeast size: Int) -> Int {
        let unit = network.stride
        return size + (((network.tileRemainder - size) % unit) + unit) % unit
    }
}
