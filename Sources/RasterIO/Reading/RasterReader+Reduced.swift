import Dispatch
import Synchronization
package import TileGeometry

/// The way in which a pixel of a reduced raster is made of a few stored pixels, evenly spread over its area.
package enum Reduction: Sendable {
    /// The mean of the pixels that have data, for measurements.
    case mean
    /// The most frequent value, for classes. Of equally frequent ones, the lowest wins. No data counts as a value after
    /// all others.
    case mode
}

extension RasterReader {
    /// Reads a window at fewer pixels, through the raster's overviews where it has any.
    ///
    /// At most 3 x 3 stored pixels are used for each pixel of the result, so that a raster without overviews costs
    /// little more than decoding its blocks. Several threads decode large windows; the result does not depend on their
    /// number.
    ///
    /// - Parameters:
    ///   - window: lies inside the raster.
    ///   - size: of the result, at most the window's.
    ///   - bands: numbers from 1, in the order wanted.
    ///   - samples: planar, `bands.count` times height x width of the result; NaN without data.
    ///   - validity: height x width of the result: 1 where at least half of the stored pixels that were looked at have
    ///     data, 0 elsewhere.
    /// - Throws: `.badArgument` for windows outside the raster, bands that it has not, and sizes beyond the window's;
    ///   `.readFailed`.
    /// - Precondition: both buffers are large enough.
    package func readReduced(
        _ window: PixelWindow, to size: PixelSize, bands chosen: [Int], by reduction: Reduction,
        into samples: UnsafeMutableBufferPointer<Float>, validity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        try check(window, chosen)
        guard (1...window.width).contains(size.width), (1...window.height).contains(size.height) else {
            throw RasterError(
                .badArgument, path: path,
                "cannot reduce \(window) of \(path) to \(size.width) x \(size.height) pixels: these are more, or none")
        }
        precondition(
            samples.count >= chosen.count * size.area && validity.count >= size.area, "buffers too small for the size")
        guard let samples = samples.baseAddress, let validity = validity.baseAddress else { return }
        let target = ReducedTarget(
            window: window, size: size, bands: chosen, reduction: reduction, samples: samples, validity: validity)

        // Each lane decodes its own rows through its own reader.
        let lanes = window.size.area < 1 << 24 ? 1 : min(4, size.height)
        let failure = Mutex<RasterError?>(nil)
        DispatchQueue.concurrentPerform(iterations: lanes) { lane in
            let rows = lane * size.height / lanes..<(lane + 1) * size.height / lanes
            do throws(RasterError) {
                try target.fill(rows, from: lane == 0 ? self : try reopened())
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// The result of reading a reduced window, which is filled row by row.
///
/// - Note: `@unchecked Sendable`: threads fill rows that are not another's.
private struct ReducedTarget: @unchecked Sendable {
    let window: PixelWindow
    let size: PixelSize
    let bands: [Int]
    let reduction: Reduction
    let samples: UnsafeMutablePointer<Float>
    let validity: UnsafeMutablePointer<UInt8>

    /// The number of stored pixels across (and down) that are used for one pixel of the result.
    private var across: Int { min(3, (window.width - 1) / size.width + 1) }
    private var down: Int { min(3, (window.height - 1) / size.height + 1) }

    func fill(_ rows: Range<Int>, from reader: RasterReader) throws(RasterError) {
        let finer = PixelSize(width: size.width * across, height: size.height * down)
        let rowsAtOnce = max(1, (1 << 22) / (bands.count * finer.width * down))
        let largest = min(rowsAtOnce, rows.count) * down * finer.width
        let looked = UnsafeMutableBufferPointer<Float>.allocate(capacity: bands.count * largest)
        defer { looked.deallocate() }
        let valid = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: largest)
        defer { valid.deallocate() }
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtOnce) {
            let strip = first..<min(first + rowsAtOnce, rows.upperBound)
            let area = SampledArea(window, reducedTo: finer, rows: strip.lowerBound * down..<strip.upperBound * down)
            try reader.read(area, bands: bands, into: looked, validity: valid)
            reduce(strip, looked, valid, areaOfBand: area.size.area)
        }
    }

    private func reduce(
        _ strip: Range<Int>, _ looked: UnsafeMutableBufferPointer<Float>, _ valid: UnsafeMutableBufferPointer<UInt8>,
        areaOfBand: Int
    ) {
        let rowLength = size.width * across
        let lookedAt = across * down
        withUnsafeTemporaryAllocation(of: Float.self, capacity: lookedAt) { values in
            for row in strip {
                for column in 0..<size.width {
                    let corner = (row - strip.lowerBound) * down * rowLength + column * across
                    let place = row * size.width + column
                    var validCount = 0
                    for y in 0..<down { for x in 0..<across { validCount += Int(valid[corner + y * rowLength + x]) } }
                    let isValid = 2 * validCount >= lookedAt
                    validity[place] = isValid ? 1 : 0
                    for band in bands.indices {
                        let plane = band * areaOfBand + corner
                        for y in 0..<down {
                            for x in 0..<across { values[y * across + x] = looked[plane + y * rowLength + x] }
                        }
                        let value = reduction == .mean ? mean(values) : mode(values)
                        samples[band * size.area + place] = value
                        if reduction == .mode, band == 0 { validity[place] = value.isNaN ? 0 : 1 }
                        if reduction == .mean, !isValid { samples[band * size.area + place] = .nan }
                    }
                }
            }
        }
    }

    private func mean(_ values: UnsafeMutableBufferPointer<Float>) -> Float {
        var sum: Float = 0
        var count: Float = 0
        for value in values where !value.isNaN { (sum, count) = (sum + value, count + 1) }
        return count > 0 ? sum / count : .nan
    }

    private func mode(_ values: UnsafeMutableBufferPointer<Float>) -> Float {
        let first = values[0]
        if values.allSatisfy({ $0 == first }) { return first }
        var best = Float.nan
        var bestCount = values.count { $0.isNaN }
        for value in values where !value.isNaN {
            let count = values.count { $0 == value }
            if count > bestCount || (count == bestCount && !(best <= value)) { (best, bestCount) = (value, count) }
        }
        return best
    }
}
