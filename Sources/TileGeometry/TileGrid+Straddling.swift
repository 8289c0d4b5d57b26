extension TileGrid {
    /// Tiles as large as the grid's largest, each across the borders of several others: what the grid puts together of parts
    /// there, one of these computes in one piece.
    ///
    /// - Parameters:
    ///   - count: how many, spread evenly over the scene; fewer where there are not so many places.
    ///   - stride: what their places are multiples of, as those of the grid's tiles are.
    /// - Returns: none where the grid has a single tile.
    public func straddling(_ count: Int, stride: Int) -> [Tile] {
        let size = outputSizes[0].output
        let half = step / 2 / stride * stride
        guard self.count > 1, count > 0, half > 0 else { return [] }
        // Between two columns and two rows; in the only one where there is one.
        let (across, down) = (max(1, columns - 1), max(1, rows - 1))
        let places = min(count, across * down)
        return (0..<places).map { number in
            let (row, column) = (number * across * down / places).quotientAndRemainder(dividingBy: across)
            let output = PixelWindow(
                x: columns > 1 ? column * step + half : 0, y: rows > 1 ? row * step + half : 0, width: size.width,
                height: size.height)
            let overlap = tile - step
            return Tile(
                index: number, column: column, row: row, output: output,
                kept: output.intersection(PixelWindow(scene)),
                input: PixelWindow(
                    x: output.x - margin, y: output.y - margin, width: output.width + overlap,
                    height: output.height + overlap))
        }
    }
}
