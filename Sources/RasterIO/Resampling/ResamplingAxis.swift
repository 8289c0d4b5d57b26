/// Which of a raster's columns (or rows) make each one of a resampled grid's, and with what weight.
///
/// Where pixels shrink, each of the raster's counts by the part of it that lies in the grid's pixel: the mean over its
/// area. Where they grow, the two nearest centres count by their distance: linear interpolation, held at the edges. Both
/// follow from the pixel's own number, whatever window it is read in.
struct ResamplingAxis {
    /// The raster's columns that are needed.
    let range: Range<Int>
    /// For each of the grid's columns: the first of the raster's, counted from the start of `range`.
    let starts: [Int]
    /// Weights of column k are `weights[firstWeight[k]..<firstWeight[k + 1]]`.
    let firstWeight: [Int]
    let weights: [Double]
    /// Whether a column of the raster decides if there is data: where pixels grow, only the one under the centre does,
    /// so that data do not creep beyond their edge.
    let decides: [Bool]

    /// - Parameters:
    ///   - columns: of the grid, at least one.
    ///   - length: of the raster.
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
                    // At least something, where rounding leaves nothing.
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
