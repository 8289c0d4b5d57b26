import Foundation
import RasterIO
import TileGeometry

/// What one band of a scene holds, judged by a sample of its pixels.
package struct BandRange: Sendable, Equatable {
    /// The value below which one pixel of a thousand lies.
    package let low: Float
    /// The value above which one pixel of a thousand lies.
    package let high: Float
    /// The mean.
    package let mean: Float
    /// The standard deviation.
    package let deviation: Float

    /// The range of some values; nil where there are none.
    init?(of values: [Float]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        low = sorted[sorted.count / 1000]
        high = sorted[sorted.count - 1 - sorted.count / 1000]
        let sum = values.reduce(0.0) { $0 + Double($1) }
        let mean = sum / Double(values.count)
        let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        self.mean = Float(mean)
        deviation = Float((squares / Double(values.count)).squareRoot())
    }
}

/// A few small tiles from different parts of a scene, in the scene's own numbers.
///
/// They are looked for at places that fill the scene evenly, and those that hold data everywhere are taken. So a scene is
/// not read whole, and a part without data is passed over.
struct FeedSample {
    /// Pixels of a tile on a side.
    let size: Int
    /// For each tile its pixels, [bands][size][size]; no data is the mean of the band's pixels in the tile.
    let tiles: [[Float]]
    /// What the bands hold, all tiles together.
    let ranges: [BandRange]

    /// A scene is looked at in no more places than this.
    private static let mostPlaces = 48
    /// A tile with this part of data, or more, counts as full.
    private static let full = 0.98
    /// A tile with less data than this is not taken at all.
    private static let least = 0.05

    /// Reads tiles of a scene on the grid of the pixels that the model is given.
    ///
    /// - Parameters:
    ///   - size: pixels of a tile on a side; beyond the scene it is mirrored.
    ///   - count: how many tiles are wanted.
    /// - Returns: nil where no place has data.
    /// - Throws: `RasterError`.
    init?(_ reader: ResampledReader, bands: [Int], size: Int, count: Int) throws {
        var found: [(share: Double, pixels: [Float])] = []
        for place in 0..<Self.mostPlaces {
            guard found.count(where: { $0.share >= Self.full }) < count else { break }
            let corner = Self.corner(place, of: reader.grid.size, size: size)
            // A scene of a single tile's size has one place.
            if place > 0, reader.grid.size.width <= size, reader.grid.size.height <= size { break }
            let tile = try Self.tile(reader, bands: bands, at: corner, size: size)
            if tile.share >= Self.least { found.append(tile) }
        }
        let fullest = found.enumerated().sorted {
            ($0.element.share >= Self.full ? 1 : $0.element.share, -$0.offset)
                > ($1.element.share >= Self.full ? 1 : $1.element.share, -$1.offset)
        }
        let chosen = fullest.prefix(count).map(\.element.pixels)
        guard !chosen.isEmpty else { return nil }
        let area = size * size
        let ranges = bands.indices.compactMap { band in
            BandRange(of: chosen.flatMap { $0[band * area..<(band + 1) * area].filter { !$0.isNaN } })
        }
        guard ranges.count == bands.count else { return nil }
        self.size = size
        self.ranges = ranges
        tiles = chosen.map { Self.filled($0, bands: bands.count, ranges: ranges) }
    }

    /// The upper left corner of the n-th place: after each number of places, they fill the scene about evenly
    /// (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
    private static func corner(_ place: Int, of scene: PixelSize, size: Int) -> (x: Int, y: Int) {
        func position(_ step: Double, _ length: Int) -> Int {
            let share = (0.5 + step * Double(place)).truncatingRemainder(dividingBy: 1)
            return length <= size ? 0 : Int(share * Double(length - size + 1))
        }
        return (position(0.754_877_666_246_693, scene.width), position(0.569_840_290_998_053, scene.height))
    }

    /// The pixels at a place, mirrored beyond the scene, and the part of them that has data in all bands.
    private static func tile(
        _ reader: ResampledReader, bands: [Int], at corner: (x: Int, y: Int), size: Int
    ) throws -> (share: Double, pixels: [Float]) {
        let columns = Mirroring.axis(start: corner.x, length: size, count: reader.grid.size.width)
        let rows = Mirroring.axis(start: corner.y, length: size, count: reader.grid.size.height)
        let window = PixelWindow(
            x: columns.range.lowerBound, y: rows.range.lowerBound, width: columns.range.count,
            height: rows.range.count)
        var samples = [Float](repeating: 0, count: bands.count * window.size.area)
        var validity = [UInt8](repeating: 0, count: window.size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try reader.read(window, bands: bands, into: samples, validity: validity)
            }
        }
        let (area, read) = (size * size, window.size.area)
        var pixels = [Float](repeating: .nan, count: bands.count * area)
        var valid = 0
        for (row, sourceRow) in rows.sources.enumerated() {
            for (column, sourceColumn) in columns.sources.enumerated() {
                let source = (sourceRow - window.y) * window.width + sourceColumn - window.x
                let place = row * size + column
                var hasAll = validity[source] == 1
                for band in bands.indices {
                    // An invalid sample is NaN already; a pixel is invalid in all bands or in some.
                    pixels[band * area + place] = samples[band * read + source]
                    hasAll = hasAll && !samples[band * read + source].isNaN
                }
                valid += hasAll ? 1 : 0
            }
        }
        return (Double(valid) / Double(area), pixels)
    }

    private static func filled(_ pixels: [Float], bands: Int, ranges: [BandRange]) -> [Float] {
        let area = pixels.count / bands
        var result = pixels
        for band in 0..<bands {
            let plane = band * area..<(band + 1) * area
            guard plane.contains(where: { pixels[$0].isNaN }) else { continue }
            let valid = plane.filter { !pixels[$0].isNaN }
            let mean =
                valid.isEmpty
                ? ranges[band].mean
                : Float(valid.reduce(0.0) { $0 + Double(pixels[$1]) } / Double(valid.count))
            for index in plane where pixels[index].isNaN { result[index] = mean }
        }
        return result
    }
}
