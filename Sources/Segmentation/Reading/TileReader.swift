import InferenceEngine
import NetworkGraph
import RasterIO
import TileGeometry

/// Reads the part of a scene that a tile's mirrored input window shows, on several threads where that helps.
///
/// Each thread has a dataset of its own, as GDAL wants it. The scene is divided into squares of whole blocks, each the
/// affair of one thread, so that no block is decoded by two. A tile's window is put together from the squares that it
/// touches; a thread that has read its own goes on to the next tile while others are still at this one.
final class TileReader: Sendable {
    private let lanes: [ReaderLane]
    private let square: PixelSize
    private let scene: PixelSize
    /// Where the network's input starts, relative to a tile's output of each size, and how large it is.
    private let inputs: [PixelSize: MapWindow]

    /// Threads: as many as this, and no more than `threads`.
    private static let mostLanes = 4

    /// - Parameter threads: how many may read at once.
    init(_ reader: ResampledReader, bands: [Int], shapes: [TileShape], threads: Int, times: StageTimes) {
        let count = reader.raster.decodesBlocksApart ? max(1, min(threads, Self.mostLanes)) : 1
        lanes = (0..<count).map { ReaderLane(number: $0, of: reader, bands: bands, times: times) }
        let grid = reader.grid
        square = grid.isNative ? Self.square(of: reader.raster.bands[0].blockSize, in: grid.size) : grid.chunk
        scene = grid.size
        inputs = Dictionary(uniqueKeysWithValues: shapes.map { ($0.output, $0.input) })
    }

    var threads: Int { lanes.count }

    /// Fills a slot with a tile's pixels. Calls back when that is done, or has failed: at some later time, on any thread.
    ///
    /// - Parameter done: with a `RasterError` naming band and window, or nil.
    func read(_ tile: Tile, into slot: TileSlot, done: @escaping @Sendable ((any Error)?) -> Void) {
        let input = inputs[tile.output.size]!
        slot.tile = tile
        slot.columns = Mirroring.axis(
            start: tile.output.x + input.columns.lowerBound, length: input.columns.count, count: scene.width)
        slot.rows = Mirroring.axis(
            start: tile.output.y + input.rows.lowerBound, length: input.rows.count, count: scene.height)
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
    /// Whether any block can be read without those before it, by a driver that uses one thread: several readers then
    /// share the work. JPEG 2000 is decoded on several threads by its drivers; archives are read from the front.
    fileprivate var decodesBlocksApart: Bool {
        let archives = ["/vsizip", "/vsigzip", "/vsitar", "/vsi7z", "/vsirar", "/vsistdin"]
        return driverName == "GTiff" && !archives.contains { path.hasPrefix($0) }
    }
}
