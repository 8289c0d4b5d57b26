/// The columns (or rows) of a raster from which each column (or row) of a resampled grid is made, with their weights.
///
/// If the grid's pixels are larger, the result is the mean over their area: each pixel of the raster is weighted by the
/// part of it inside the grid's pixel. If they are smaller, it is linear interpolation between the two nearest centres,
/// held constant at the edges. Both depend only on the number of the pixel, not on the window in which it is read.
struct ResamplingAxis {
    /// The columns of the raster that are needed.
    let range: Range<Int>
    /// For each column of the grid, the first column of the raster, counted from the start of `range`.
    let starts: [Int]
    /// The places of weights: those of column k are `weights[firstWeight[k]..<firstWeight[k + 1]]`.
    let firstWeight: [Int]
    let weights: [Double]
    /// For each weight, true if that column of the raster decides whether there is data. If the grid's pixels are
    /// smaller, only the column under the centre does, so that data do not grow beyond their edge.
    let decides: [Bool]

    /// - Parameters:
    ///   - columns: the columns of the grid, at least one.
    ///   - length: the number of columns of the raster.
    init(_ columns: Range<Int>, step: Double, length: Int) {
        var firsts: [Int] = []
        var firstWeight = [0]
        var weights: [Double] = []
        var decides: [Bool] = []
        for column in columns {
            if step >= 1 {
                let start = min(Double(column) * step, Double(length) - 1e-6)
                let end = max(min(Double(column + 1) * step, Double(length)), start)
                let first = Int(start)
                let last = max(first, min(length, Int(end.rounded(.up))) - 1)
                firsts.append(first)
                for source in first...last {
                    // A small weight, in case rounding leaves nothing.
                    weights.append(max(1e-9, min(Double(source + 1), end) - max(Double(source), start)))
                    decides.append(weights[weights.count - 1] > 1e-6 || first == last)
                }
            } else {
                let center = (Double(column) + 0.5) * step
                let lower = (center - 0.5).rounded(.down)
                let share = center - 0.5 - lower
                let first = min(max(Int(lower), 0), length - 1)
                let second = min(max(Int(lower) + 1, 0), length - 1)
                let nearest = min(Int(center), length - 1)
                firsts.append(first)
                weights.append(first == second ? 1 : 1 - share)
                decides.append(first == nearest)
                if second != first {
                    weights.append(share)
                    decides.append(second == nearest)
                }
            }
            firstWeight.append(weights.count)
        }
        let last = firsts[firsts.count - 1] + firstWeight[firsts.count] - firstWeight[firsts.count - 1]
        range = firsts[0]..<last
        starts = firsts.map { $0 - firsts[0] }
        self.firstWeight = firstWeight
        self.weights = weights
        self.decides = decides
    }
}
