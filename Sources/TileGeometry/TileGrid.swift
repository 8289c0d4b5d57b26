/// The tiles of a scene: where each one's kept output lies, and which input it needs.
///
/// Tile (column, row) computes the output window that starts at `(column * step, row * step)`; its input starts `margin`
/// pixels before that on both axes. Tiles are `step` pixels wide and high, but for those of the last column and row:
/// they end with the first multiple of `unit` that reaches the scene's edge. No tile is moved.
///
/// Where only a part of the scene is wanted, the grid stays the scene's, and only the tiles that touch that part are
/// taken: columns, rows and numbers of tiles count from the first of these.
package struct TileGrid: Hashable, Sendable {
    /// The size of the scene, in the pixels that the model is given.
    package let scene: PixelSize
    /// The input pixels of a whole tile on a side.
    package let tile: Int
    /// The input pixels before the first kept one.
    package let margin: Int
    /// The kept output pixels of a whole tile on a side, which is the distance between neighbouring tiles.
    package let step: Int
    /// The number that divides every tile's width and height: the network's stride, or the step where all tiles are whole.
    package let unit: Int

    /// The part of the scene that is wanted.
    package let selection: PixelWindow

    /// The number of tiles side by side.
    package let columns: Int
    /// The number of tiles one above the other.
    package let rows: Int
    /// The columns of tiles to the left of the part that is wanted.
    package let firstColumn: Int
    /// The rows of tiles above the part that is wanted.
    package let firstRow: Int

    /// Lays a grid over a scene.
    ///
    /// - Parameters:
    ///   - scene: the size of the scene, in the pixels that the model is given.
    ///   - tile: the input pixels of a whole tile on a side.
    ///   - margin: the input pixels before the first kept one.
    ///   - step: the kept pixels of a whole tile on a side.
    ///   - unit: what divides every tile's width and height; nil for whole tiles only.
    /// - Precondition: `scene` is not empty, `0 < step <= tile`, and `unit` divides `step`.
    package init(scene: PixelSize, tile: Int, margin: Int, step: Int, unit: Int? = nil) {
        precondition(scene.width > 0 && scene.height > 0, "a scene has pixels")
        precondition(
            step > 0 && step <= tile && margin >= 0, "a tile of \(tile) keeps \(step) behind a margin of \(margin)")
        let unit = unit ?? step
        precondition(unit > 0 && step % unit == 0, "a step of \(step) is no multiple of \(unit)")
        self.scene = scene
        self.tile = tile
        self.margin = margin
        self.step = step
        self.unit = unit
        selection = PixelWindow(scene)
        (firstColumn, firstRow) = (0, 0)
        columns = (scene.width + step - 1) / step
        rows = (scene.height + step - 1) / step
    }

    /// Takes the tiles that touch a part of the scene, and of these no more than that part.
    ///
    /// - Precondition: the part and the scene have common pixels.
    package func selecting(_ part: PixelWindow) -> TileGrid { TileGrid(self, selecting: part) }

    private init(_ whole: TileGrid, selecting part: PixelWindow) {
        (scene, tile, margin) = (whole.scene, whole.tile, whole.margin)
        (step, unit) = (whole.step, whole.unit)
        selection = part.intersection(PixelWindow(scene))
        precondition(!selection.isEmpty, "\(part) is no part of a scene of \(scene.width) x \(scene.height) pixels")
        (firstColumn, firstRow) = (selection.x / step, selection.y / step)
        columns = (selection.maxX + step - 1) / step - firstColumn
        rows = (selection.maxY + step - 1) / step - firstRow
    }

    /// The number of tiles.
    package var count: Int { columns * rows }

    /// The tile of a number, row by row from the scene's upper left.
    package subscript(index: Int) -> Tile {
        precondition(index >= 0 && index < count, "tile \(index) of \(count)")
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        let output = PixelWindow(
            x: (firstColumn + column) * step, y: (firstRow + row) * step,
            width: column == columns - 1 ? lastWidth : step, height: row == rows - 1 ? lastHeight : step)
        let overlap = tile - step
        return Tile(
            index: index, column: column, row: row, output: output, kept: output.intersection(selection),
            input: PixelWindow(
                x: output.x - margin, y: output.y - margin, width: output.width + overlap,
                height: output.height + overlap))
    }

    /// The sizes of the tiles' outputs and how many tiles have each, at most four, the largest first.
    package var outputSizes: [TileCount] {
        let widths = Self.extents(count: columns, step: step, last: lastWidth)
        let heights = Self.extents(count: rows, step: step, last: lastHeight)
        return heights.flatMap { height in
            widths.map { width in
                TileCount(
                    output: PixelSize(width: width.extent, height: height.extent), count: width.count * height.count)
            }
        }
    }

    private var lastWidth: Int { lastExtent(of: scene.width, tiles: firstColumn + columns) }
    private var lastHeight: Int { lastExtent(of: scene.height, tiles: firstRow + rows) }

    /// The output of the last of so many tiles: up to the scene's edge where it is the scene's last, else whole.
    private func lastExtent(of length: Int, tiles: Int) -> Int {
        min(step, (length - (tiles - 1) * step + unit - 1) / unit * unit)
    }

    private static func extents(count: Int, step: Int, last: Int) -> [(extent: Int, count: Int)] {
        if last == step { return [(step, count)] }
        return count == 1 ? [(last, 1)] : [(step, count - 1), (last, 1)]
    }
}

/// The number of tiles of a grid that compute an output of one size.
package struct TileCount: Hashable, Sendable {
    /// The size of the output.
    package let output: PixelSize
    /// The number of tiles.
    package let count: Int
}

/// One tile of a grid. Windows are in scene pixels; `output` and `input` may reach beyond the scene.
package struct Tile: Hashable, Sendable {
    /// The number of the tile, row by row from 0 on.
    package let index: Int
    /// The column of the grid, from 0 on.
    package let column: Int
    /// The row of the grid, from 0 on.
    package let row: Int
    /// The part of the result that the network computes.
    package let output: PixelWindow
    /// The part of `output` that is wanted, inside the scene, which is written.
    package let kept: PixelWindow
    /// The part of the scene that the network reads.
    package let input: PixelWindow
}

extension TileGrid {
    /// Returns tiles as large as the grid's largest, each across the borders of several others: one of them computes in one
    /// piece what the grid puts together of parts.
    ///
    /// - Parameters:
    ///   - count: how many tiles, spread evenly over the scene; there are fewer where it has not so many places.
    ///   - stride: the number that their places are multiples of, as those of the grid's tiles are.
    /// - Returns: none where the grid has a single tile.
    package func straddling(_ count: Int, stride: Int) -> [Tile] {
        let size = outputSizes[0].output
        let half = step / 2 / stride * stride
        guard self.count > 1, count > 0, half > 0 else { return [] }
        // Between two columns and two rows; in the only one where there is one.
        let (across, down) = (max(1, columns - 1), max(1, rows - 1))
        let places = min(count, across * down)
        return (0..<places).map { number in
            let (row, column) = (number * across * down / places).quotientAndRemainder(dividingBy: across)
            let output = PixelWindow(
                x: columns > 1 ? (firstColumn + column) * step + half : firstColumn * step,
                y: rows > 1 ? (firstRow + row) * step + half : firstRow * step, width: size.width, height: size.height)
            let overlap = tile - step
            return Tile(
                index: number, column: column, row: row, output: output, kept: output.intersection(selection),
                input: PixelWindow(
                    x: output.x - margin, y: output.y - margin, width: output.width + overlap,
                    height: output.height + overlap))
        }
    }
}

/// The blocks of a tiled GeoTIFF that output tiles line up with; their sides are multiples of 16.
package enum OutputBlock {
    private static let smallest = 128
    private static let largest = 512

    /// Returns true if blocks of a good size tile the step, so that each block comes from one tile.
    package static func divides(step: Int) -> Bool { step < smallest ? step % 16 == 0 : block(dividing: step) != nil }

    /// Returns the side of a block for a step; 256 where no good size divides it.
    package static func side(forStep step: Int) -> Int {
        if step < smallest && step % 16 == 0 { return step }
        return block(dividing: step) ?? 256
    }

    private static func block(dividing step: Int) -> Int? {
        stride(from: largest, through: smallest, by: -16).first { step % $0 == 0 }
    }
}
