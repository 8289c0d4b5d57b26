import FileIO
import MaskProducts
package import RasterIO
package import TileGeometry
import Training
import VectorIO

/// A scene with the class of each of its pixels, as far as somebody said it.
///
/// The labels lie in memory, a byte for a pixel; the pixels too where they fit.
package final class LabelledScene: @unchecked Sendable {
    // @unchecked: the reader is used under the lock of whoever reads windows, and the rest does not change after preparation.

    /// The scene's file.
    package let path: String
    /// The scene.
    package let reader: RasterReader
    /// The scene's bands that the network takes, counted from 1.
    package let bands: [Int]
    /// The size of the scene.
    package var size: PixelSize { reader.size }
    /// The class of each pixel, row by row; `Loss.unlabelled` where nobody said one.
    package let labels: [UInt8]
    /// The part that is held out to judge by; nil for none.
    package internal(set) var heldOut: PixelWindow?
    /// [bands][height][width], NaN where there is no data; nil where they are read by windows.
    private(set) var pixels: [Float]?

    init(_ reader: RasterReader, bands: [Int], labels: [UInt8]) {
        path = reader.path
        self.reader = reader
        self.bands = bands
        self.labels = labels
    }

    /// True if nothing of the scene is learned from.
    package var isForJudging: Bool { heldOut == PixelWindow(size) }

    /// The bytes that all pixels take in memory.
    var pixelByteCount: Int { bands.count * size.area * MemoryLayout<Float>.stride }

    /// Reads all pixels into memory.
    ///
    /// - Throws: `RasterError`.
    func load() throws(RasterError) { pixels = try read(PixelWindow(size)) }

    /// Reads a window inside the scene: [bands][height][width], NaN where there is no data.
    ///
    /// - Throws: `RasterError`.
    func read(_ window: PixelWindow) throws(RasterError) -> [Float] {
        var samples = [Float](repeating: 0, count: bands.count * window.size.area)
        var validity = [UInt8](repeating: 0, count: window.size.area)
        try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
            try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                try reader.read(window, bands: bands, into: samples, validity: validity)
            }
        }
        return samples
    }

    /// The number of pixels of each class, in a part of the scene.
    func counts(in window: PixelWindow, classes: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: classes)
        for y in window.y..<window.maxY {
            for x in window.x..<window.maxX {
                let label = Int(labels[y * size.width + x])
                if label < classes { counts[label] += 1 }
            }
        }
        return counts
    }

    /// The number of pixels, in a part of the scene, whose right or lower neighbour is of another class.
    func borders(in window: PixelWindow) -> Int {
        var count = 0
        for y in window.y..<window.maxY {
            for x in window.x..<window.maxX {
                let place = y * size.width + x
                guard labels[place] != Loss.unlabelled else { continue }
                let neighbours = [
                    x + 1 < size.width ? labels[place + 1] : labels[place],
                    y + 1 < size.height ? labels[place + size.width] : labels[place],
                ]
                if neighbours.contains(where: { $0 != labels[place] && $0 != Loss.unlabelled }) { count += 1 }
            }
        }
        return count
    }

    /// Holds out a part of the scene to judge by: a strip across its shorter side whose classes are the most like those of
    /// the whole.
    ///
    /// - Parameter share: 0 to 0.5.
    func holdOut(_ share: Double, classes: Int) {
        let (isWide, length) = (size.width >= size.height, max(size.width, size.height))
        let extent = Int((share * Double(length)).rounded())
        guard extent > 0 else { return }
        let whole = counts(in: PixelWindow(size), classes: classes)
        let total = Double(max(1, whole.reduce(0, +)))
        func distance(_ window: PixelWindow) -> Double {
            let part = counts(in: window, classes: classes)
            let labelled = Double(part.reduce(0, +))
            guard labelled > 0 else { return .infinity }
            // A strip with few labels judges nothing.
            let missing = max(0, share - labelled / total)
            return zip(part, whole).reduce(missing) { $0 + abs(Double($1.0) / labelled - Double($1.1) / total) }
        }
        let places = Set((0...8).map { $0 * (length - extent) / 8 }).sorted()
        let windows = places.map { start in
            isWide
                ? PixelWindow(x: start, y: 0, width: extent, height: size.height)
                : PixelWindow(x: 0, y: start, width: size.width, height: extent)
        }
        let best = windows.map { (distance($0), $0) }.min { $0.0 < $1.0 }
        if let best, best.0.isFinite { heldOut = best.1 }
    }

    /// The part whose labels are not learned from: what is held out, and a margin around it; nil for none.
    func hidden(margin: Int) -> PixelWindow? {
        heldOut.map { part in
            PixelWindow(
                x: part.x - margin, y: part.y - margin, width: part.width + 2 * margin, height: part.height + 2 * margin
            ).intersection(PixelWindow(size))
        }
    }
}

extension RasterReader {
    /// Labels of this scene without those of pixels that have no data in any of the bands: of these, nothing can be learned,
    /// and by these, nothing is judged.
    ///
    /// - Parameters:
    ///   - labels: the class of each pixel, row by row.
    ///   - bands: those that the network takes, counted from 1.
    /// - Returns: the same with `Loss.unlabelled` where there is no data.
    /// - Throws: `RasterError`.
    func withoutLabelsBesideData(_ labels: [UInt8], bands: [Int]) throws(RasterError) -> [UInt8] {
        var labels = labels
        let rows = max(1, min(size.height, (1 << 20) / size.width))
        var samples = [Float](repeating: 0, count: bands.count * rows * size.width)
        var validity = [UInt8](repeating: 0, count: rows * size.width)
        for y in stride(from: 0, to: size.height, by: rows) {
            let window = PixelWindow(x: 0, y: y, width: size.width, height: min(rows, size.height - y))
            try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
                try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                    try read(window, bands: bands, into: samples, validity: validity)
                }
            }
            for place in 0..<window.size.area where validity[place] == 0 {
                labels[y * size.width + place] = Loss.unlabelled
            }
        }
        return labels
    }
}
