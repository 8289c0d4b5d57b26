/// The tiles of a scene: where each one's kept output lies, and which input it needs.
///
/// Tile (column, row) keeps the output window that starts at `(column * step, row * step)`; its input starts `margin`
/// pixels before that on both axes and is `tile` pixels wide and high. The last column and row run past the scene's
/// edge; they are not moved back.
public struct TileGrid: Hashable, Sendable {
    public let scene: PixelSize
    /// Input pixels on a side.
    public let tile: Int
    /// Input pixels before the first kept one.
    public let margin: Int
    /// Kept output pixels on a side, and the distance between neighbouring tiles.
    public let step: Int

    public let columns: Int
    public let rows: Int

    /// - Precondition: `scene` is not empty and `0 < step <= tile`.
    public init(scene: PixelSize, tile: Int, margin: Int, step: Int) {
        precondition(scene.width > 0 && scene.height > 0, "a scene has pixels")
        precondition(
            step > 0 && step <= tile && margin >= 0, "a tile of \(tile) keeps \(step) behind a margin of \(margin)")
        self.scene = scene
        self.tile = tile
        self.margin = margin
        self.step = step
        columns = (scene.width + step - 1) / step
        rows = (scene.height + step - 1) / step
    }

    public var count: Int { columns * rows }

    /// Tile number `index`, row by row from the scene's upper left.
    public subscript(index: Int) -> Tile {
        precondition(index >= 0 && index < count, "tile \(index) of \(count)")
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        let output = PixelWindow(x: column * step, y: row * step, width: step, height: step)
        return Tile(
            index: index, column: column, row: row, output: output,
            kept: output.intersection(PixelWindow(scene)),
            input: PixelWindow(x: output.x - margin, y: output.y - margin, width: tile, height: tile))
    }

    /// Input pixels computed per scene pixel: 1 would be no overlap at all.
    public var inputPerScenePixel: Double {
        Double(count) * Double(tile * tile) / (Double(scene.width) * Double(scene.height))
    }
}

/// One tile of a grid. Windows are in scene pixels; `output` and `input` may reach beyond the scene.
public struct Tile: Hashable, Sendable {
    public let index: Int
    public let column: Int
    public let row: Int
    /// What the network computes of the result.
    public let output: PixelWindow
    /// The part of `output` inside the scene: what is written.
    public let kept: PixelWindow
    /// What the network reads.
    public let input: PixelWindow
}
