import RasterIO
import TileGeometry

/// The windows of the outputs that tiles fill, in the order in which they are written.
struct OutputWindows {
    /// The side of a piece of an output that has other pixels than the tiles.
    private static let pieceSide = 256

    let grid: TileGrid
    /// The tiles' pixels over the scene's; nil where the outputs have the tiles' own.
    let pixelGrid: ResampledGrid?

    /// Returns the windows of a tile: one, or where the outputs have other pixels, small pieces of one.
    func windows(of tile: Tile) -> [PixelWindow] {
        guard let pixelGrid else { return [tile.kept] }
        let window = pixelGrid.rasterWindow(under: tile.kept)
        guard !window.isEmpty else { return [] }
        let side = Self.pieceSide
        return (window.y / side...(window.maxY - 1) / side).flatMap { row in
            (window.x / side...(window.maxX - 1) / side).map { column in
                PixelWindow(x: column * side, y: row * side, width: side, height: side).intersection(window)
            }
        }
    }

    /// Returns the windows of a row of tiles.
    func windows(ofTileRow row: Int) -> [PixelWindow] {
        (0..<grid.columns).flatMap { windows(of: grid[row * grid.columns + $0]) }
    }
}
