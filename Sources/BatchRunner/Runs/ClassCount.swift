import GISOutputs
import RasterIO
public import Segmentation
import TileGeometry

/// Counts the pixels of a mask by class.
public enum ClassCount {
    /// Pixels of a window that is read at once: small beside the memory that a run needs.
    private static let windowArea = 1 << 20

    /// Reads a whole mask, window by window.
    ///
    /// - Returns: the classes that have a pixel, by ascending value, and last, where there are any, the pixels without data.
    /// - Throws: `RasterError`; `CancellationError`.
    public static func shares(ofMask path: String, cancellation: Cancellation) throws -> [ClassShare] {
        let mask = try RasterReader(path: path)
        let legend = ClassLegend(of: mask)
        var counts: [Int: Int] = [:]
        var tally = [Int](repeating: 0, count: 1 << 16)
        var withoutData = 0
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: windowArea)
        let validity = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: windowArea)
        defer {
            samples.deallocate()
            validity.deallocate()
        }
        for window in windows(of: mask.size) {
            if cancellation.isCancelled { throw CancellationError() }
            try mask.read(window, bands: [1], into: samples, validity: validity)
            tally.withUnsafeMutableBufferPointer { tally in
                for pixel in 0..<window.size.area {
                    if validity[pixel] == 0 {
                        withoutData += 1
                    } else {
                        tally[Int(samples[pixel]) & 0xffff] += 1
                    }
                }
            }
        }
        for (value, count) in tally.enumerated() where count > 0 { counts[value] = count }
        let valid = counts.values.reduce(0, +)
        var shares = counts.sorted { $0.key < $1.key }.map { value, count in
            ClassShare(
                value: value, name: legend.name(of: value), pixels: count, share: Double(count) / Double(valid))
        }
        if withoutData > 0 {
            shares.append(
                ClassShare(
                    value: nil, name: "no data", pixels: withoutData,
                    share: Double(withoutData) / Double(mask.size.area)))
        }
        return shares
    }

    /// Windows of whole blocks, so that each is decoded once: blocks of masks have up to 512 rows.
    private static func windows(of size: PixelSize) -> [PixelWindow] {
        let (width, height) = (2048, 512)
        return stride(from: 0, to: size.height, by: height).flatMap { y in
            stride(from: 0, to: size.width, by: width).map { x in
                PixelWindow(x: x, y: y, width: min(width, size.width - x), height: min(height, size.height - y))
            }
        }
    }
}
