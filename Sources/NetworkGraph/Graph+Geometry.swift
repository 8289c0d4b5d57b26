extension Graph {
    /// The least common multiple of all maps' resolutions: the pixels by which the input must be shifted for every map
    /// to shift by whole pixels.
    ///
    /// - Throws: `NetworkError` where maps of different resolutions meet, or the output has not the input's.
    func totalStride() throws(NetworkError) -> Int {
        var scales: [Ratio] = []
        for node in nodes {
            guard let first = node.inputs.first else {
                scales.append(Ratio(1, 1))
                continue
            }
            let scale = scales[first.index]
            switch node.operation {
            case .concatenation:
                guard node.inputs.allSatisfy({ scales[$0.index] == scale }) else { throw .scalesMeet(node: node.label) }
                scales.append(scale)
            case .fitToSize:
                // Whether both have one resolution shows in the amounts, which then do not depend on the size.
                scales.append(scales[node.inputs[1].index])
            default:
                scales.append(scale * node.operation.mapping(.vertical).scale)
            }
        }
        let output = scales[output.index]
        guard output == Ratio(1, 1) else { throw .outputScale("\(output.numerator)/\(output.denominator)") }
        return scales.map(\.numerator).reduce(1, leastCommonMultiple)
    }

    /// For each map, the range along one axis that a range of the output needs, nil where it needs none.
    ///
    /// - Parameter lengths: the maps' lengths where they have borders, beyond which there are zeros; nil for maps
    ///   without borders.
    func ranges(forOutput range: Range<Int>, _ axis: Axis, lengths: [Int]? = nil) -> [Range<Int>?] {
        var ranges = [Range<Int>?](repeating: nil, count: nodes.count)
        ranges[output.index] = range
        for index in nodes.indices.reversed() {
            guard let range = ranges[index], !nodes[index].inputs.isEmpty else { continue }
            let reach = nodes[index].operation.inputs(of: range, axis)
            for input in nodes[index].inputs {
                var needed = reach
                if let length = lengths?[input.index] {
                    if case .bilinearUpsampling(_, alignCorners: true) = nodes[index].operation { needed = 0..<length }
                    needed = needed.clamped(to: 0..<length)
                }
                let other = ranges[input.index] ?? needed
                ranges[input.index] =
                    min(other.lowerBound, needed.lowerBound)..<max(other.upperBound, needed.upperBound)
            }
        }
        return ranges
    }

    /// The graph with each fit to size replaced by the crop that it is when the input is `size` pixels on a side.
    ///
    /// - Returns: nil where the network gives nothing for that size.
    func fixingSizes(at size: Int) throws(GraphError) -> Graph? {
        guard let amounts = try fitAmounts(size: size) else { return nil }
        return rewritten { value, node, result in
            guard let borders = amounts[value.index] else {
                return result.append(node.operation, node.inputs, label: node.label)
            }
            if borders == Borders(all: 0) { return node.inputs[0] }
            return result.append(.crop(borders), node.inputs[0], label: node.label)
        }
    }

    /// What each fit to size cuts or adds when the input is `size` pixels on a side.
    func fitAmounts(size: Int) throws(GraphError) -> [Int: Borders]? {
        guard let shapes = try shapes(height: size, width: size)?.shapes else { return nil }
        var amounts: [Int: Borders] = [:]
        for (index, node) in nodes.enumerated() {
            guard case .fitToSize = node.operation else { continue }
            let (map, reference) = (shapes[node.inputs[0].index], shapes[node.inputs[1].index])
            let (rows, columns) = (map.height - reference.height, map.width - reference.width)
            amounts[index] = Borders(
                top: rows / 2, left: columns / 2, bottom: rows - rows / 2, right: columns - columns / 2)
        }
        return amounts
    }

    /// Inputs up to this many pixels on a side are tried when looking for one that the network takes.
    static let largestProbe = 1 << 14

    /// The smallest input that no window of the network divides unevenly; else the smallest multiple of the stride
    /// that gives an output; nil where nothing does.
    func evenSize(stride: Int) throws(GraphError) -> Int? {
        var size = 1
        while size <= Self.largestProbe, try !takes(size) { size *= 2 }
        guard size <= Self.largestProbe else { return nil }
        // The smallest size lies between the last power of two that failed and this one, which did not.
        for candidate in max(1, size / 2)..<size + 2 * stride {
            if let shapes = try? shapes(height: candidate, width: candidate), !shapes.isRagged { return candidate }
        }
        for candidate in max(1, size / 2)..<size + 2 * stride where candidate % stride == 0 {
            if try takes(candidate) { return candidate }
        }
        return nil
    }

    /// Some sizes that are too small make maps of different sizes meet; those are simply not taken.
    private func takes(_ size: Int) throws(GraphError) -> Bool {
        _ = try channels()
        return (try? shapes(height: size, width: size)) != nil
    }
}
