import InferenceEngine
import NetworkGraph
import RasterIO
import TileGeometry

/// Reads the part of a scene that a tile's mirrored input window shows.
struct TileReader: Sendable {
    private let reader: RasterReader
    private let bands: [Int]
    /// Where the network's input starts, relative to a tile's output of each size, and how large it is.
    private let inputs: [PixelSize: MapWindow]

    init(_ reader: RasterReader, bands: [Int], shapes: [TileShape]) {
        self.reader = reader
        self.bands = bands
        inputs = Dictionary(uniqueKeysWithValues: shapes.map { ($0.output, $0.input) })
    }

    /// - Throws: `RasterError` naming band and window.
    func read(_ tile: Tile, into slot: TileSlot) throws {
        let input = inputs[tile.output.size]!
        slot.tile = tile
        slot.columns = Mirroring.axis(
            start: tile.output.x + input.columns.lowerBound, length: input.columns.count, count: reader.size.width)
        slot.rows = Mirroring.axis(
            start: tile.output.y + input.rows.lowerBound, length: input.rows.count, count: reader.size.height)
        let window = PixelWindow(
            x: slot.columns.range.lowerBound, y: slot.rows.range.lowerBound, width: slot.columns.range.count,
            height: slot.rows.range.count)
        try reader.read(
            window, bands: bands,
            into: UnsafeMutableBufferPointer(rebasing: slot.samples[..<(bands.count * window.size.area)]),
            validity: UnsafeMutableBufferPointer(rebasing: slot.validity[..<window.size.area]))
    }
}
