/// When workers that take a grid's tiles in order, each as soon as it is free, will be done.
public struct TileSchedule {
    private let grid: TileGrid
    private let costs: [PixelSize: Double]

    /// - Parameter costs: what a tile of each of the grid's output sizes takes, in any unit of time.
    public init(_ grid: TileGrid, costs: [PixelSize: Double]) {
        self.grid = grid
        self.costs = costs
    }

    /// The time of all tiles together.
    public var work: Double { grid.outputSizes.reduce(0) { $0 + Double($1.count) * cost($1.output) } }

    /// The time until the last worker is done.
    ///
    /// - Complexity: O(tiles * workers).
    public func makespan(workers: Int) -> Double {
        var busyUntil = [Double](repeating: 0, count: min(workers, grid.count))
        for index in 0..<grid.count {
            var first = 0
            for worker in busyUntil.indices where busyUntil[worker] < busyUntil[first] { first = worker }
            busyUntil[first] += cost(grid[index].output.size)
        }
        return busyUntil.max() ?? 0
    }

    /// Workers' time that nobody uses while the last of them are at work.
    func idle(workers: Int) -> Double { Double(workers) * makespan(workers: workers) - work }

    private func cost(_ size: PixelSize) -> Double {
        guard let cost = costs[size] else {
            preconditionFailure("no cost for tiles of \(size.width) x \(size.height)")
        }
        return cost
    }
}
