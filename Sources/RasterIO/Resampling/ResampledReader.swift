package import TileGeometry

/// Reads a raster on a grid of other pixels, as `RasterReader` reads it on its own grid.
///
/// GDAL reads the pixels, but the means are computed here. GDAL's warper would round them to the raster's own type, and
/// it does not know what makes a sample invalid for `RasterReader`: masks of single bands, the user's nodata value and
/// infinite values. Invalid samples are left out of every mean.
package final class ResampledReader: @unchecked Sendable {
    // Unchecked: as RasterReader, handed from thread to thread and never used by two at a time.

    /// The raster that is read.
    package let raster: RasterReader
    /// The grid that its pixels are laid on.
    package let grid: ResampledGrid

    private let samples = ScratchBuffer<Float>()
    private let validity = ScratchBuffer<UInt8>()
    private let sums = ScratchBuffer<Double>()
    private let weights = ScratchBuffer<Double>()
    private let hasData = ScratchBuffer<UInt8>()

    /// Takes a raster and a grid over it.
    ///
    /// - Precondition: the grid is one over this raster.
    package init(_ raster: RasterReader, grid: ResampledGrid) {
        precondition(grid.raster == raster.size)
        self.raster = raster
        self.grid = grid
    }

    /// Opens another reader of the same, for another thread.
    ///
    /// - Throws: as `RasterReader.init`.
    package func reopened() throws(RasterError) -> ResampledReader {
        ResampledReader(try raster.reopened(), grid: grid)
    }

    /// Reads a window of the grid as `RasterReader.read` does one of the raster.
    ///
    /// The value of a pixel does not depend on the window in which it is read. Memory is bounded whatever the ratio.
    package func read(
        _ window: PixelWindow, bands: [Int], into samples: UnsafeMutableBufferPointer<Float>,
        validity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        if grid.isNative { return try raster.read(window, bands: bands, into: samples, validity: validity) }
        precondition(PixelWindow(grid.size).contains(window) && samples.count >= bands.count * window.size.area)
        let chunk = grid.chunk
        for y in stride(from: window.y, to: window.maxY, by: chunk.height) {
            for x in stride(from: window.x, to: window.maxX, by: chunk.width) {
                let part = PixelWindow(x: x, y: y, width: chunk.width, height: chunk.height).intersection(window)
                try read(part, of: window, bands: bands, into: samples, validity: validity)
            }
        }
    }

    private func read(
        _ part: PixelWindow, of window: PixelWindow, bands: [Int], into target: UnsafeMutableBufferPointer<Float>,
        validity targetValidity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        let columns = ResamplingAxis(part.x..<part.maxX, step: grid.columnStep, length: grid.raster.width)
        let rows = ResamplingAxis(part.y..<part.maxY, step: grid.rowStep, length: grid.raster.height)
        let source = PixelWindow(
            x: columns.range.lowerBound, y: rows.range.lowerBound, width: columns.range.count,
            height: rows.range.count)
        let area = source.size.area
        let samples = UnsafeMutableBufferPointer(
            start: self.samples.reserve(bands.count * area), count: bands.count * area)
        try raster.read(
            source, bands: bands, into: samples,
            validity: UnsafeMutableBufferPointer(start: validity.reserve(area), count: area))
        for band in bands.indices {
            addColumns(samples.baseAddress! + band * area, source.size, columns)
            for row in 0..<part.height {
                let place = (part.y - window.y + row) * window.width + part.x - window.x
                addRows(
                    row, rows, width: part.width, isFirst: band == 0,
                    into: target.baseAddress! + band * window.size.area + place,
                    validity: targetValidity.baseAddress! + place)
            }
        }
    }

    /// Computes, for each row of the raster, the weighted sums of its samples for each column of the grid.
    private func addColumns(_ samples: UnsafePointer<Float>, _ size: PixelSize, _ axis: ResamplingAxis) {
        let width = axis.starts.count
        let sums = self.sums.reserve(size.height * width)
        let weights = self.weights.reserve(size.height * width)
        let hasData = self.hasData.reserve(size.height * width)
        for row in 0..<size.height {
            let source = samples + row * size.width
            for column in 0..<width {
                var (sum, weight, data) = (0.0, 0.0, false)
                let first = axis.firstWeight[column]
                for index in first..<axis.firstWeight[column + 1] {
                    let sample = source[axis.starts[column] + index - first]
                    guard !sample.isNaN else { continue }
                    sum += axis.weights[index] * Double(sample)
                    weight += axis.weights[index]
                    data = data || axis.decides[index]
                }
                let place = row * width + column
                sums[place] = sum
                weights[place] = weight
                hasData[place] = data ? 1 : 0
            }
        }
    }

    /// Computes the mean of these sums over the rows that make one row of the grid.
    private func addRows(
        _ row: Int, _ axis: ResamplingAxis, width: Int, isFirst: Bool, into target: UnsafeMutablePointer<Float>,
        validity: UnsafeMutablePointer<UInt8>
    ) {
        let sums = self.sums.reserve(0)
        let weights = self.weights.reserve(0)
        let hasData = self.hasData.reserve(0)
        let first = axis.firstWeight[row]
        for column in 0..<width {
            var (sum, weight, data) = (0.0, 0.0, false)
            for index in first..<axis.firstWeight[row + 1] {
                let place = (axis.starts[row] + index - first) * width + column
                sum += axis.weights[index] * sums[place]
                weight += axis.weights[index] * weights[place]
                data = data || (axis.decides[index] && hasData[place] == 1)
            }
            let isValid = data && weight > 0
            target[column] = isValid ? Float(sum / weight) : .nan
            validity[column] = isValid ? 1 : isFirst ? 0 : validity[column]
        }
    }
}
