import Dispatch
import NetworkGraph
import RasterIO
import Synchronization
import TileGeometry

/// Reads the part of a scene that a tile's mirrored input window shows, on several threads where that helps.
///
/// Each thread has a dataset of its own, as GDAL wants it. The scene is divided into squares of whole blocks, each the
/// affair of one thread, so that no block is decoded by two. A tile's window is put together from the squares that it
/// touches; a thread that has read its own goes on to the next tile while others are still at this one.
final class TileReader: Sendable {
    private let lanes: [Lane]
    private let square: PixelSize
    private let scene: PixelSize
    /// The place and size of the network's input, relative to a tile's output of each size.
    private let inputs: [PixelSize: MapWindow]
    /// True for a tile of which something is wanted; others are not read.
    private let isWanted: @Sendable (Tile) -> Bool

    /// Threads: as many as this, and no more than `threads`.
    private static let mostLanes = 4
    /// Threads that read from a server, most of which wait for its answers.
    private static let remoteLanes = 8

    /// Takes a scene and what is to be read of it, on as many threads as there are workers at most.
    convenience init(_ scene: RasterReader, _ plan: Plan, times: StageTimes) {
        self.init(
            ResampledReader(scene, grid: plan.resampling.pixelGrid), bands: plan.bands, shapes: plan.tiling.shapes,
            threads: plan.tiling.workers, times: times, isWanted: plan.isWanted)
    }

    /// - Parameter threads: the most that may read at once, if they do not wait for a server.
    init(
        _ reader: ResampledReader, bands: [Int], shapes: [TileShape], threads: Int, times: StageTimes,
        isWanted: @escaping @Sendable (Tile) -> Bool = { _ in true }
    ) {
        self.isWanted = isWanted
        let most = RemoteFile.isOnServer(reader.raster.path) ? Self.remoteLanes : max(1, min(threads, Self.mostLanes))
        let count = reader.raster.decodesBlocksApart ? most : 1
        lanes = (0..<count).map { Lane(number: $0, of: reader, bands: bands, times: times) }
        let pixelGrid = reader.grid
        square =
            pixelGrid.isNative
            ? Self.square(of: reader.raster.bands[0].blockSize, in: pixelGrid.size) : pixelGrid.chunk
        scene = pixelGrid.size
        inputs = Dictionary(uniqueKeysWithValues: shapes.map { ($0.output, $0.input) })
    }

    var threads: Int { lanes.count }

    /// Fills a slot with a tile's pixels. Calls back when that is done, or has failed: at some later time, on any thread.
    ///
    /// - Parameter done: called with a `RasterError` that names band and window, or nil.
    func read(_ tile: Tile, into slot: TileSlot, done: @escaping @Sendable ((any Error)?) -> Void) {
        let input = inputs[tile.output.size]!
        slot.tile = tile
        slot.columns = Mirroring.axis(
            start: tile.output.x + input.columns.lowerBound, length: input.columns.count, count: scene.width)
        slot.rows = Mirroring.axis(
            start: tile.output.y + input.rows.lowerBound, length: input.rows.count, count: scene.height)
        guard isWanted(tile) else {
            UnsafeMutableBufferPointer(rebasing: slot.validity[..<slot.window.size.area]).update(repeating: 0)
            return done(nil)
        }
        let parts = parts(of: slot.window)
        let countdown = Countdown(parts.count, done)
        for part in parts { lanes[part.lane].read(part.window, of: slot, done: countdown.finish) }
    }

    /// The parts of a window that lie in different squares, and whose they are. Neighbouring squares are different
    /// lanes' where there are several.
    private func parts(of window: PixelWindow) -> [(window: PixelWindow, lane: Int)] {
        if lanes.count == 1 { return [(window, 0)] }
        var parts: [(window: PixelWindow, lane: Int)] = []
        for row in window.y / square.height...(window.maxY - 1) / square.height {
            for column in window.x / square.width...(window.maxX - 1) / square.width {
                let whole = PixelWindow(
                    x: column * square.width, y: row * square.height, width: square.width, height: square.height)
                parts.append((whole.intersection(window), (row + column) % lanes.count))
            }
        }
        return parts
    }

    /// About 512 x 512 pixels in whole blocks; strips as wide as the scene make flat ones.
    private static func square(of block: PixelSize, in scene: PixelSize) -> PixelSize {
        let side = 512
        let width = (side + block.width - 1) / block.width * block.width
        let rows = side * side / min(width, scene.width)
        return PixelSize(width: width, height: max(1, (rows + block.height - 1) / block.height) * block.height)
    }
}

extension RasterReader {
    /// True if any block can be read without those before it, by a driver that uses one thread: several readers then
    /// share the work. JPEG 2000 is decoded on several threads by its drivers; archives are read from the front.
    fileprivate var decodesBlocksApart: Bool {
        let archives = ["/vsizip", "/vsigzip", "/vsitar", "/vsi7z", "/vsirar", "/vsistdin"]
        return driverName == "GTiff" && !archives.contains { path.hasPrefix($0) }
    }
}

/// One of the threads that read a scene, with a dataset of its own.
///
/// @unchecked Sendable: all that changes is used on the lane's serial queue alone.
private final class Lane: @unchecked Sendable {
    private let queue: DispatchQueue
    private let scene: ResampledReader
    private let bands: [Int]
    private let times: StageTimes
    /// The scene itself for the first lane; opened when it is first needed for others.
    private var reader: ResampledReader?
    /// [bands][rows][columns] of a part of a slot's window, and its [rows][columns].
    private var samples: [Float] = []
    private var validity: [UInt8] = []

    init(number: Int, of scene: ResampledReader, bands: [Int], times: StageTimes) {
        queue = DispatchQueue(label: "overtile.reader \(number)")
        self.scene = scene
        self.bands = bands
        self.times = times
        reader = number == 0 ? scene : nil
    }

    /// Reads a part of a slot's window to its place there, after what was asked for before.
    func read(_ part: PixelWindow, of slot: TileSlot, done: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async {
            do {
                try self.times.measure(.reading) { try self.readNow(part, slot) }
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    private func readNow(_ part: PixelWindow, _ slot: TileSlot) throws {
        let reader = try self.reader ?? scene.reopened()
        self.reader = reader
        if part == slot.window {
            let count = part.size.area
            try reader.read(
                part, bands: bands, into: UnsafeMutableBufferPointer(rebasing: slot.samples[..<(bands.count * count)]),
                validity: UnsafeMutableBufferPointer(rebasing: slot.validity[..<count]))
            return
        }
        let missing = part.size.area - validity.count
        if missing > 0 {
            samples += repeatElement(0, count: bands.count * missing)
            validity += repeatElement(0, count: missing)
        }
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try reader.read(part, bands: bands, into: samples, validity: validity)
                slot.put(part, samples: UnsafeBufferPointer(samples), validity: UnsafeBufferPointer(validity))
            }
        }
    }
}

extension TileSlot {
    /// Copies a part of the window, read for itself, to its place.
    fileprivate func put(
        _ part: PixelWindow, samples source: UnsafeBufferPointer<Float>,
        validity sourceValidity: UnsafeBufferPointer<UInt8>
    ) {
        let window = self.window
        let bands = samples.count / validity.count
        for row in 0..<part.height {
            let place = (part.y - window.y + row) * window.width + part.x - window.x
            for band in 0..<bands {
                let from = source.baseAddress! + (band * part.height + row) * part.width
                (samples.baseAddress! + band * window.size.area + place).update(from: from, count: part.width)
            }
            let from = sourceValidity.baseAddress! + row * part.width
            (validity.baseAddress! + place).update(from: from, count: part.width)
        }
    }
}

/// Calls back once, when the last of several things is done: with the first error, if there was one.
final class Countdown: Sendable {
    private let state: Mutex<(missing: Int, error: (any Error)?)>
    private let done: @Sendable ((any Error)?) -> Void

    init(_ count: Int, _ done: @escaping @Sendable ((any Error)?) -> Void) {
        state = Mutex((count, nil))
        self.done = done
    }

    func finish(_ error: (any Error)?) {
        let result = state.withLock { state in
            state.missing -= 1
            state.error = state.error ?? error
            return state.missing == 0 ? Optional(state.error) : nil
        }
        if let result { done(result) }
    }
}
