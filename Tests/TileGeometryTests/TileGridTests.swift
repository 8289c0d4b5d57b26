import Testing
import TileGeometry

@Suite struct TileGridTests {
    @Test func paperGridToThePixel() {
        // The paper's tiles: 572 in; 388 out is no multiple of 16, so 384 are kept.
        let grid = TileGrid(scene: PixelSize(width: 1000, height: 700), tile: 572, margin: 92, step: 384)
        #expect((grid.columns, grid.rows, grid.count) == (3, 2, 6))
        #expect(grid[0].input == PixelWindow(x: -92, y: -92, width: 572, height: 572))
        #expect(grid[4].output == PixelWindow(x: 384, y: 384, width: 384, height: 384))
        // The last column runs past the edge and is not moved back.
        #expect(grid[5].output == PixelWindow(x: 768, y: 384, width: 384, height: 384))
        #expect(grid[5].kept == PixelWindow(x: 768, y: 384, width: 232, height: 316))
        #expect(grid[5].input == PixelWindow(x: 676, y: 292, width: 572, height: 572))
    }

    @Test(arguments: [(1, 1), (16, 16), (17, 15), (383, 384), (385, 769), (36000, 18000)])
    func keptWindowsCoverTheSceneOnce(width: Int, height: Int) {
        let grid = TileGrid(scene: PixelSize(width: width, height: height), tile: 572, margin: 92, step: 384)
        let kept = (0..<grid.count).map { grid[$0].kept }
        #expect(kept.allSatisfy { !$0.isEmpty && PixelWindow(grid.scene).contains($0) })
        #expect(kept.map(\.size.area).reduce(0, +) == grid.scene.area)
        for (index, window) in kept.enumerated() where index % grid.columns > 0 {
            #expect(window.x == kept[index - 1].maxX)
        }
        for (index, window) in kept.enumerated() where index >= grid.columns {
            #expect(window.y == kept[index - grid.columns].maxY)
        }
    }

    @Test func blocksOfTheOutputTileTheStep() {
        for step in stride(from: 16, through: 2048, by: 16) where OutputBlock.divides(step: step) {
            let side = OutputBlock.side(forStep: step)
            #expect(step % side == 0 && side % 16 == 0 && side <= 512, "step \(step)")
        }
        // No good block divides these; the writer then puts blocks together from several tiles.
        #expect(!OutputBlock.divides(step: 688) && OutputBlock.side(forStep: 688) == 256)
        #expect(!OutputBlock.divides(step: 36) && OutputBlock.side(forStep: 36) == 256)
    }
}

@Suite struct TilePlannerTests {
    /// Tiles whose cost is the input's area and whose memory is 100 bytes a pixel, with the paper's overlap of 188.
    private static let candidates = stride(from: 64, through: 2048, by: 64).map { step in
        let tile = step + 188
        return TileCandidate(
            tile: tile, margin: 92, step: step, cost: Double(tile * tile), expectedBytesPerWorker: 100 * tile * tile)
    }

    private func plan(_ side: Int, workers: Int = 2, memory: Int = 1 << 33) throws -> TilePlan {
        try TilePlanner.plan(
            scene: PixelSize(width: side, height: side), candidates: Self.candidates, workers: workers, memory: memory)
    }

    @Test func planDoesNotDependOnWorkersOrSpareMemory() throws {
        for side in [30, 500, 2000, 5000, 40000] {
            let grids = try [(1, 1 << 33), (2, 1 << 33), (64, 1 << 40)].map {
                try plan(side, workers: $0.0, memory: $0.1).grid
            }
            #expect(Set(grids).count == 1, "scene of \(side)")
        }
    }

    @Test func largeScenesGetLargeTilesAndEnoughOfThem() throws {
        #expect(try plan(40000).grid.step >= 1024)
        #expect(try plan(2000).grid.count >= 9)
        #expect(try plan(30).grid.count == 1)
    }

    @Test func memoryTakesWorkersFirstAndThenTheTileSize() throws {
        let roomy = try plan(5000, workers: 4)
        #expect(roomy.workers == 4 && roomy.preferredTile == nil)
        let tight = try plan(5000, workers: 4, memory: 2 * roomy.bytesPerWorker)
        #expect(tight.workers == 2 && tight.grid == roomy.grid && tight.preferredTile == nil)
        let short = try plan(5000, workers: 4, memory: roomy.bytesPerWorker / 2)
        #expect(short.workers == 1 && short.grid.tile < roomy.grid.tile && short.preferredTile == roomy.grid.tile)
        #expect(short.bytesPerWorker <= roomy.bytesPerWorker / 2)
    }

    @Test func tooLittleMemoryForAnyTileIsAnError() {
        #expect(throws: TilePlanError.memoryTooSmall(needed: 100 * 252 * 252, available: 1000, tile: 252)) {
            try plan(5000, memory: 1000)
        }
    }
}
