import Testing

@testable import TileGeometry

/// A scene dealt into parts by rows of tiles.
@Suite struct ScenePartTests {
    @Test("a part is read as it is typed, and nothing else is")
    func arguments() {
        #expect(ScenePart(argument: "3/16") == ScenePart(3, of: 16))
        #expect(ScenePart(argument: "1/1")?.argument == "1/1")
        // No such part, more than anybody needs, and what is no pair of numbers.
        for text in [
            "0/3", "4/3", "-1/3", "1/0", "1/100001", "1", "1/2/3", "/", "1/", "/2", "+1/2", "1/ 2", "a/b", "٣/٤",
            "1/99999999999999999999",
        ] {
            #expect(ScenePart(argument: text) == nil, "\(text)")
        }
    }

    /// Scenes of one row, of a ragged last row, of very many rows; fewer and more parts than rows; a selection.
    @Test(
        "each row is in one part, in order, and no part is farther than a row from the mean",
        arguments: [1, 36, 37, 180, 1000, 20_000, 500_000], [1, 2, 3, 5, 16, 64, 1000])
    func dealing(height: Int, count: Int) {
        for grid in [
            TileGrid(scene: PixelSize(width: 90, height: height), tile: 76, margin: 20, step: 36, unit: 4),
            TileGrid(scene: PixelSize(width: 900, height: height), tile: 572, margin: 92, step: 384, unit: 16)
                .selecting(PixelWindow(x: 300, y: height / 3, width: 200, height: max(1, height / 2))),
        ] {
            let parts = (1...count).map { grid.tileRows(of: ScenePart($0, of: count)!) }
            #expect(parts.flatMap(Array.init) == Array(0..<grid.rows))
            let rows = (0..<grid.rows).map { row in
                (0..<grid.columns).reduce(0.0) { $0 + Double(grid[row * grid.columns + $1].input.size.area) }
            }
            let mean = rows.reduce(0, +) / Double(count)
            let costliest = rows.max()!
            for part in parts {
                let cost = part.reduce(0) { $0 + rows[$1] }
                #expect(abs(cost - mean) <= costliest * 1.000001, "\(part) of \(grid.rows), \(count)")
                #expect(abs(cost - grid.inputPixels(ofRows: part)) <= 1e-9 * cost)
            }
        }
    }
}
