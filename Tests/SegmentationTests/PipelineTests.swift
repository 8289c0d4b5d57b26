import Dispatch
import Foundation
import Synchronization
import Testing
import TileGeometry

@testable import Segmentation

/// The pipeline with stages that only count: order, back-pressure, and how it ends.
@Suite struct PipelineTests {
    struct StageFailure: Error, Equatable { var stage: String }

    private static let grid = TileGrid(scene: PixelSize(width: 50, height: 40), tile: 12, margin: 1, step: 10)
    private static let slotLayout = TileSlotLayout(bands: 1, inputPixels: 1, outputPixels: 1)

    /// Runs with stages that may fail at one tile each.
    ///
    /// - Returns: the tiles in the order in which the stitcher wrote them.
    private func run(
        workers: Int, cancellation: Cancellation = Cancellation(), readFailsAt: Int? = nil, computeFailsAt: Int? = nil,
        stitchFailsAt: Int? = nil, cancelAt: Int? = nil
    ) throws -> [Int] {
        let slots = (0..<3 * workers).map { _ in TileSlot(layout: Self.slotLayout) }
        let readers = (0..<3).map { DispatchQueue(label: "reader \($0)") }
        var order = TileOrder()
        var written: [Int] = []
        try Pipeline(grid: Self.grid, slots: slots, cancellation: cancellation).run(
            workers: workers,
            read: { tile, slot, done in
                // Three threads, of which one is slow: tiles are read out of order.
                readers[tile.index % 3].async {
                    if tile.index % 3 == 1 { usleep(1000) }
                    slot.tile = tile
                    done(tile.index == readFailsAt ? StageFailure(stage: "read") : nil)
                }
            },
            makeWorker: {
                { slot in
                    if slot.tile!.index == computeFailsAt { throw StageFailure(stage: "compute") }
                    // Every third tile is slow, so that workers finish out of order.
                    if slot.tile!.index % 3 == 0 { usleep(2000) }
                }
            },
            stitch: { slot in
                if slot.tile!.index == stitchFailsAt { throw StageFailure(stage: "stitch") }
                if slot.tile!.index == cancelAt { cancellation.cancel() }
                let released = order.accept(slot)
                written += released.map { $0.tile!.index }
                return released
            })
        return written
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyTileIsWrittenOnceAndInOrder(workers: Int) throws {
        #expect(try run(workers: workers) == Array(0..<Self.grid.count))
    }

    @Test(arguments: [0, 7, 19], [1, 4])
    func theFirstErrorOfAnyStageEndsTheRun(tile: Int, workers: Int) {
        #expect(throws: StageFailure(stage: "read")) { try run(workers: workers, readFailsAt: tile) }
        #expect(throws: StageFailure(stage: "compute")) { try run(workers: workers, computeFailsAt: tile) }
        #expect(throws: StageFailure(stage: "stitch")) { try run(workers: workers, stitchFailsAt: tile) }
    }

    @Test(arguments: [0, 5, 12])
    func cancellationEndsTheRun(tile: Int) {
        #expect(throws: CancellationError.self) { try run(workers: 3, cancelAt: tile) }
    }

    @Test func cancellationBeforeTheStartRunsNothing() {
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(throws: CancellationError.self) { try run(workers: 2, cancellation: cancellation) }
    }
}

@Suite struct HandoverQueueTests {
    @Test func firstInFirstOut() {
        let queue = HandoverQueue([1, 2])
        queue.push(3)
        #expect([queue.pop(), queue.pop(), queue.pop()] == [1, 2, 3])
    }

    @Test func closeLetsTheRestOutAndThenEndsEveryWaiter() {
        let queue = HandoverQueue([1])
        queue.close()
        queue.push(2)
        #expect(queue.pop() == 1)
        for _ in 0..<3 { #expect(queue.pop() == nil) }
    }

    @Test func closeWakesThreadsThatWait() {
        let queue = HandoverQueue<Int>()
        let group = DispatchGroup()
        for number in 0..<4 {
            DispatchQueue(label: "waiter \(number)").async(group: group) { while queue.pop() != nil {} }
        }
        queue.push(1)
        queue.close(discarding: true)
        #expect(group.wait(timeout: .now() + 30) == .success)
    }
}
