import Testing

@testable import TileGeometry

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

    @Test(
        "the tiles of a part are the scene's own, all that touch it, and keep no more than it",
        arguments: [(0, 0, 1000, 700), (383, 383, 2, 2), (384, 0, 1, 1), (999, 699, 1, 1), (100, 380, 900, 10)])
    func selection(x: Int, y: Int, width: Int, height: Int) {
        let part = PixelWindow(x: x, y: y, width: width, height: height)
        let whole = TileGrid(scene: PixelSize(width: 1000, height: 700), tile: 572, margin: 92, step: 384, unit: 16)
        let grid = whole.selecting(part)
        let all = (0..<whole.count).map { whole[$0] }
        let some = (0..<grid.count).map { grid[$0] }
        let touched = all.filter { !$0.kept.intersection(part).isEmpty }
        #expect(some.map(\.output) == touched.map(\.output) && some.map(\.input) == touched.map(\.input))
        #expect(some.map(\.kept) == touched.map { $0.kept.intersection(part) })
        #expect(some.map(\.kept.size.area).reduce(0, +) == part.size.area)
        for (size, count) in grid.outputSizes.map({ ($0.output, $0.count) }) {
            #expect(some.count { $0.output.size == size } == count)
        }
        #expect(grid.outputSizes.map(\.count).reduce(0, +) == grid.count)
    }

    /// Scenes around multiples of the step and of the unit, and some smaller than either.
    private static let cutScenes = [
        (1, 1), (15, 17), (384, 384), (385, 768), (769, 400), (1152, 383), (1000, 700), (16, 5000),
    ]

    @Test(arguments: cutScenes, [16, 48, 384])
    func cutTilesComputeWhatIsKeptAndLessThanAUnitMore(scene: (Int, Int), unit: Int) {
        let scene = PixelSize(width: scene.0, height: scene.1)
        let grid = TileGrid(scene: scene, tile: 572, margin: 92, step: 384, unit: unit)
        let whole = TileGrid(scene: scene, tile: 572, margin: 92, step: 384)
        #expect(grid.count == whole.count)
        for index in 0..<grid.count {
            let (tile, uncut) = (grid[index], whole[index])
            // Cuts take from what is computed, at the right and the bottom, and nothing from what is kept.
            #expect(tile.kept == uncut.kept && tile.output.contains(tile.kept) && uncut.output.contains(tile.output))
            #expect((tile.output.x, tile.output.y) == (uncut.output.x, uncut.output.y))
            #expect((tile.input.x, tile.input.y) == (uncut.input.x, uncut.input.y))
            #expect(tile.output.width % unit == 0 && tile.output.width - tile.kept.width < unit)
            #expect(tile.output.height % unit == 0 && tile.output.height - tile.kept.height < unit)
            #expect(tile.input.width - tile.output.width == 188 && tile.input.height - tile.output.height == 188)
        }
    }

    @Test(arguments: cutScenes)
    func outputSizesCountEveryTileOnce(width: Int, height: Int) {
        let grid = TileGrid(scene: PixelSize(width: width, height: height), tile: 572, margin: 92, step: 384, unit: 16)
        let counted = Dictionary(grouping: (0..<grid.count).map { grid[$0].output.size }) { $0 }.mapValues(\.count)
        #expect(Dictionary(uniqueKeysWithValues: grid.outputSizes.map { ($0.output, $0.count) }) == counted)
        #expect(grid.outputSizes[0].output.area == counted.keys.map(\.area).max())
    }

    @Test func multiplesOfTheStepAreNotCut() {
        let scene = PixelSize(width: 3 * 384, height: 2 * 384)
        let grid = TileGrid(scene: scene, tile: 572, margin: 92, step: 384, unit: 16)
        let whole = TileGrid(scene: scene, tile: 572, margin: 92, step: 384)
        #expect((0..<grid.count).allSatisfy { grid[$0] == whole[$0] })
        #expect(grid.outputSizes == [TileCount(output: PixelSize(width: 384, height: 384), count: 6)])
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
    private func candidates(_ scene: PixelSize) -> [TileCandidate] {
        stride(from: 64, through: 2048, by: 64).map { step in
            let tile = step + 188
            let grid = TileGrid(scene: scene, tile: tile, margin: 92, step: step, unit: 16)
            let costs = grid.outputSizes.map { ($0.output, Double(($0.output.width + 188) * ($0.output.height + 188))) }
            return TileCandidate(
                grid: grid, costs: Dictionary(uniqueKeysWithValues: costs), expectedBytesPerWorker: 100 * tile * tile)
        }
    }

    private func plan(_ side: Int, workers: Int = 2, memory: Int = 1 << 33) throws -> TilePlan {
        try TilePlanner.plan(
            candidates: candidates(PixelSize(width: side, height: side)), workers: workers, memory: memory)
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
        #expect(try plan(40000).grid.count >= 16)
        #expect(try plan(4000).grid.count >= 16)
        #expect(try plan(2000).grid.count >= 4)
        #expect(try plan(30).grid.count == 1)
    }

    @Test func theLastRoundCounts() {
        // One more tile than four workers can share out evenly costs nearly as much as four more.
        func costOf(_ tiles: Int) -> Double {
            let size = PixelSize(width: 100, height: 100)
            let grid = TileGrid(scene: PixelSize(width: 100 * tiles, height: 100), tile: 100, margin: 0, step: 100)
            return TilePlanner.cost(of: TileCandidate(grid: grid, costs: [size: 1], expectedBytesPerWorker: 0))
        }
        #expect(costOf(9) - costOf(8) > 1.4 && costOf(12) - costOf(9) < 2.6)
    }

    @Test(arguments: [2, 3, 4])
    func aScenesLastPixelsCostLittle(tiles: Int) throws {
        // A scene of so many whole tiles, and the same scene with one row and column of pixels more.
        let whole = try plan(tiles * 1024)
        let ragged = try plan(tiles * 1024 + 1)
        let least = Double(((tiles * 1024) + 188) * ((tiles * 1024) + 188))
        let more =
            TileSchedule(ragged.grid, costs: ragged.costs).work - TileSchedule(whole.grid, costs: whole.costs).work
        #expect(more < least / 5)
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

@Suite struct TileScheduleTests {
    /// Three columns and two rows; the last column's tiles are half as wide, the last row's half as high.
    private let grid = TileGrid(scene: PixelSize(width: 50, height: 30), tile: 20, margin: 0, step: 20, unit: 10)

    private func schedule() -> TileSchedule {
        let costs = grid.outputSizes.map { ($0.output, Double($0.output.area)) }
        return TileSchedule(grid, costs: Dictionary(uniqueKeysWithValues: costs))
    }

    @Test func tilesGoToTheFirstWorkerThatIsFree() {
        // 400, 400, 200, 200, 200, 100
        #expect(schedule().work == 1500)
        #expect(schedule().makespan(workers: 1) == 1500)
        #expect(schedule().makespan(workers: 2) == 800)
        #expect(schedule().makespan(workers: 3) == 600)
        for workers in [6, 7, 1000] { #expect(schedule().makespan(workers: workers) == 400) }
    }
}
