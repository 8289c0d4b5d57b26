import Dispatch

enum Timing {
    static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = DispatchTime.now()
        try body()
        return Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
    }

    /// Runs the bodies in turn, round by round, after one round that does not count.
    ///
    /// - Returns: for each body its time in each round.
    static func inTurn(rounds: Int, _ bodies: [() throws -> Void]) throws -> [[Double]] {
        for body in bodies { try body() }
        var times = bodies.map { _ in [Double]() }
        for _ in 0..<rounds {
            for (index, body) in bodies.enumerated() { times[index].append(try seconds(body)) }
        }
        return times
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// The median of the ratios round by round: what a change of the machine's speed in mid-run leaves alone.
    static func medianRatio(_ numerators: [Double], _ denominators: [Double]) -> Double {
        median(zip(numerators, denominators).map { $0 / $1 })
    }
}

/// Columns of a table on standard output.
func row(_ cells: [String]) {
    print(cells.map { String(repeating: " ", count: max(0, 14 - $0.count)) + $0 }.joined())
}

func digits(_ value: Double, _ count: Int) -> String {
    let power = (0..<count).reduce(1.0) { product, _ in product * 10 }
    let rounded = (value * power).rounded() / power
    return count == 0 ? "\(Int(rounded))" : "\(rounded)"
}
