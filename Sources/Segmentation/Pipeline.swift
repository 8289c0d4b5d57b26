import Dispatch
import Synchronization
import TileGeometry

/// A reader, some workers and one stitcher, each on its own thread, with a fixed number of tile slots going round.
///
///     Reading ═slots═> Computing ═slots═> Stitching ──> Encoding
///
/// The stations of a tile, from the scene's file to the output's:
///
/// 1. `RasterReader` decodes the scene's blocks.
/// 2. `ResampledReader` makes the pixels that the model is given; the scene's own pass untouched.
/// 3. `TileReader` puts the tile's input window together in a slot.
/// 4. `TileSlot` carries the tile, and is handed from thread to thread by a `HandoverQueue`.
/// 5. `TileWorker` mirrors and normalises the samples, and makes classes and probabilities of the scores.
/// 6. `InferenceSession` runs the network.
/// 7. `Stitcher` brings tiles into the grid's order, and back to the scene's pixels where they were resampled.
/// 8. `RawRaster` holds what is done, so that a later run can go on with it.
/// 9. `BlockEncoder` takes whole blocks of it as soon as their rows are complete.
/// 10. `RasterWriter` compresses them into the file, which gets its name at the very end.
///
/// Slots are the back-pressure: a stage that runs ahead finds none. The reader takes tiles up in order and every tile
/// owns its slot until it is written, so the tile that the stitcher waits for is always on its way.
/// The first error, or a cancellation, closes all queues; every stage then leaves after the tile it is at.
final class Pipeline: Sendable {
    /// The work that a worker does on a tile.
    typealias Compute = (TileSlot) throws -> Void

    /// The work that a reader does: it starts to fill a slot, and calls back when that is done or has failed, on any thread.
    typealias Read = @Sendable (Tile, TileSlot, _ done: @escaping @Sendable ((any Error)?) -> Void) -> Void

    /// Slots for each worker: one in work, one waiting to be computed, and one on its way to or from the files. Of small
    /// slots there are more, which tide over a block that takes long to decode or to compress.
    static func slotsPerWorker(_ layout: TileSlotLayout) -> Int {
        max(3, min(16, smallSlotBytes / max(1, layout.byteCount)))
    }

    /// Memory of a worker's slots up to which there are more than three.
    private static let smallSlotBytes = 16 << 20

    private let grid: TileGrid
    private let tiles: Range<Int>
    private let cancellation: Cancellation
    private let free: HandoverQueue<TileSlot>
    private let read = HandoverQueue<TileSlot>()
    private let computed = HandoverQueue<TileSlot>()
    private let failure = Mutex<(any Error)?>(nil)

    /// - Parameter tiles: the numbers of those that are run; nil for all of the grid.
    init(grid: TileGrid, tiles: Range<Int>? = nil, slots: [TileSlot], cancellation: Cancellation) {
        self.grid = grid
        self.tiles = tiles ?? 0..<grid.count
        self.cancellation = cancellation
        free = HandoverQueue(slots)
    }

    /// Runs until every tile is written.
    ///
    /// - Parameters:
    ///   - read: fills slots; called on one thread, for the next tile whether or not the last is done.
    ///   - makeWorker: called once on each worker's thread, for what that worker keeps from tile to tile.
    ///   - stitch: writes what has its turn, and returns the slots that are free again; called on the calling thread.
    /// - Throws: the first error of any stage; `CancellationError` after a cancellation.
    func run(
        workers: Int, read: @escaping Read,
        makeWorker: @escaping @Sendable () throws -> Compute, stitch: (TileSlot) throws -> [TileSlot]
    ) throws {
        let group = DispatchGroup()
        start("reader", in: group) { try self.readTiles(read) }
        for worker in 0..<workers {
            start("worker \(worker)", in: group) { try self.computeTiles(makeWorker) }
        }
        do { try stitchTiles(stitch) } catch { stop(error) }
        group.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// A serial queue for each stage: its thread may wait without holding up others.
    private func start(_ name: String, in group: DispatchGroup, _ body: @escaping @Sendable () throws -> Void) {
        DispatchQueue(label: "overtile.\(name)").async(group: group) {
            do { try body() } catch { self.stop(error) }
        }
    }

    private func stop(_ error: any Error) {
        failure.withLock { $0 = $0 ?? error }
        for queue in [free, read, computed] { queue.close(discarding: true) }
    }

    private func checkCancellation() throws {
        if cancellation.isCancelled { throw CancellationError() }
    }

    private func readTiles(_ body: Read) throws {
        let reading = DispatchGroup()
        defer { reading.wait() }
        for index in tiles {
            try checkCancellation()
            guard let slot = free.pop() else { return }
            reading.enter()
            body(grid[index], slot) { error in
                if let error { self.stop(error) } else { self.read.push(slot) }
                reading.leave()
            }
        }
        reading.wait()
        read.close()
    }

    private func computeTiles(_ makeWorker: () throws -> Compute) throws {
        let compute = try makeWorker()
        while let slot = read.pop() {
            try checkCancellation()
            try compute(slot)
            computed.push(slot)
        }
    }

    private func stitchTiles(_ stitch: (TileSlot) throws -> [TileSlot]) throws {
        var written = tiles.lowerBound
        while written < tiles.upperBound {
            try checkCancellation()
            guard let slot = computed.pop() else { return }
            let released = try stitch(slot)
            written += released.count
            for slot in released { free.push(slot) }
        }
    }
}
