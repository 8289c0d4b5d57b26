import RasterIO
import TileGeometry

/// The windows of the outputs that tiles fill, in the order in which they are written.
struct OutputWindows {
    /// The side of a piece of an output that has other pixels than the tiles.
    private static let pieceSide = 256

    let grid: TileGrid
    /// The tiles' pixels over the scene's; nil where the outputs have the tiles' own.
    let pixelGrid: ResampledGrid?
    /// The part of the scene that the outputs have.
    let part: PixelWindow
    /// The first row of tiles, from which on rows are counted.
    var firstTileRow = 0

    /// Returns the windows of the scene that a tile fills in the outputs: one, or where these have other pixels than the
    /// tile, small pieces of one.
    func windows(of tile: Tile) -> [PixelWindow] {
        guard let pixelGrid else { return [tile.kept] }
        let window = pixelGrid.rasterWindow(under: tile.kept).intersection(part)
        guard !window.isEmpty else { return [] }
        let side = Self.pieceSide
        return (window.y / side...(window.maxY - 1) / side).flatMap { row in
            (window.x / side...(window.maxX - 1) / side).map { column in
                PixelWindow(x: column * side, y: row * side, width: side, height: side).intersection(window)
            }
        }
    }

    /// Returns the place of one of the scene's windows in the outputs.
    func place(of window: PixelWindow) -> PixelWindow { window.moved(from: part) }

    /// Returns the windows of the outputs that a row of tiles fills.
    func places(ofTileRow row: Int) -> [PixelWindow] {
        let first = (firstTileRow + row) * grid.columns
        return (first..<first + grid.columns).flatMap { windows(of: grid[$0]).map(place) }
    }
}
