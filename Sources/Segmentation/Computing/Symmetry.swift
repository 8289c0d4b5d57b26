import NetworkGraph
import TileGeometry

extension SegmentationOptions {
    /// The symmetries under which each tile is run for test-time augmentation: what is written is the mean of what they
    /// give.
    ///
    ///     var options = SegmentationOptions()
    ///     options.augmentation = .flips
    public enum Augmentation: String, Sendable, CaseIterable {
        /// The tile as it is, mirrored left to right, top to bottom, and both.
        case flips
        /// The tile turned by 0, 90, 180 and 270 degrees.
        case rotations
        /// All eight symmetries of the square: both of the above, and what they make together.
        case all
    }

    /// The symmetries that each tile is run under, that which changes nothing first.
    var symmetries: [Symmetry] {
        switch augmentation {
        case nil: [.identity]
        case .flips: Symmetry.all.filter { !$0.isTransposed }
        // A quarter turn is a transposition and one flip.
        case .rotations: Symmetry.all.filter { $0.isTransposed == ($0.flipsRows != $0.flipsColumns) }
        case .all: Symmetry.all
        }
    }
}

/// One of the eight symmetries of the square, as it leads from a turned or mirrored tile back to the tile.
///
/// A tile begins and ends at multiples of the network's stride. So a seamless network sees the mirrored scene as it would
/// see a scene of that kind, and tiles fit together as they do without.
struct Symmetry: Hashable, Sendable {
    /// True if rows and columns change places first.
    let isTransposed: Bool
    /// True if the tile's rows run upwards.
    let flipsRows: Bool
    /// True if the tile's columns run to the left.
    let flipsColumns: Bool

    static let identity = Symmetry(isTransposed: false, flipsRows: false, flipsColumns: false)

    static let all = [false, true].flatMap { transposed in
        [false, true].flatMap { rows in
            [false, true].map { Symmetry(isTransposed: transposed, flipsRows: rows, flipsColumns: $0) }
        }
    }

    /// The size of a tile's output after it was turned, and the other way round.
    func size(of tile: PixelSize) -> PixelSize {
        isTransposed ? PixelSize(width: tile.height, height: tile.width) : tile
    }

    /// The tile's columns, or rows, that stand at positions of the turned tile's columns or rows.
    ///
    /// - Parameter extent: the tile's kept columns, or rows, from 0 on, about which it is flipped.
    private func source(_ position: Int, extent: Int, isFlipped: Bool) -> Int {
        isFlipped ? extent - 1 - position : position
    }

    /// The tile's rows for positions of the turned tile along the axis that becomes its rows.
    func row(_ position: Int, of tile: PixelSize) -> Int {
        source(position, extent: tile.height, isFlipped: flipsRows)
    }

    /// The tile's columns for positions of the turned tile along the axis that becomes its columns.
    func column(_ position: Int, of tile: PixelSize) -> Int {
        source(position, extent: tile.width, isFlipped: flipsColumns)
    }

    /// The part of the tile that a window of the turned tile shows. Both are counted from the first pixel that is kept.
    func window(_ window: MapWindow, of tile: PixelSize) -> MapWindow {
        let (rows, columns) = isTransposed ? (window.columns, window.rows) : (window.rows, window.columns)
        func span(_ range: Range<Int>, _ source: (Int) -> Int) -> Range<Int> {
            let ends = [source(range.lowerBound), source(range.upperBound - 1)]
            return ends.min()!..<ends.max()! + 1
        }
        return MapWindow(rows: span(rows) { row($0, of: tile) }, columns: span(columns) { column($0, of: tile) })
    }
}

/// The mean of what a network says of a tile under several symmetries: of its probabilities, or of the values of a
/// regression. The runs are added up in the order in which they come.
final class MeanScores {
    private let sum: UnsafeMutableBufferPointer<Float>
    private let channels: Int
    private let runs: Int
    private var size = PixelSize(width: 0, height: 0)
    /// The scores of one pixel, by output channel.
    private var scores: [Float]

    /// - Parameters:
    ///   - pixels: those of the largest tile's output.
    ///   - runs: how many there are for each tile.
    init(channels: Int, pixels: Int, runs: Int) {
        sum = .allocate(capacity: channels * pixels)
        scores = Array(repeating: 0, count: channels)
        (self.channels, self.runs) = (channels, runs)
    }

    deinit { sum.deallocate() }

    private var map: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: sum[..<(channels * size.area)])
    }

    /// Begins another tile.
    func begin(_ size: PixelSize) {
        self.size = size
        map.update(repeating: 0)
    }

    /// Adds a run.
    ///
    /// - Parameter scores: the network's output, [channels][height][width] of the turned tile.
    func add(_ turned: UnsafeBufferPointer<Float>, under symmetry: Symmetry, _ output: OutputEncoding) {
        let (plane, turnedSize) = (size.area, symmetry.size(of: size))
        for row in 0..<turnedSize.height {
            for column in 0..<turnedSize.width {
                let (down, across) = symmetry.isTransposed ? (column, row) : (row, column)
                let place = symmetry.row(down, of: size) * size.width + symmetry.column(across, of: size)
                let source = row * turnedSize.width + column
                for channel in scores.indices { scores[channel] = turned[channel * plane + source] }
                output.becomeProbabilities(&scores)
                for channel in scores.indices { sum[channel * plane + place] += scores[channel] }
            }
        }
    }

    /// The mean, [channels][height][width] of the tile.
    func finish() -> UnsafeBufferPointer<Float> {
        let map = map
        for index in map.indices { map[index] /= Float(runs) }
        return UnsafeBufferPointer(map)
    }
}
