extension Graph {
    /// The least common multiple of all maps' resolutions: the pixels by which the input must be shifted for every map
    /// to shift by whole pixels.
    ///
    /// - Throws: `NetworkError` where maps of different resolutions meet, the output has not the input's, or a
    ///   resolution is beyond all tiles.
    func totalStride() throws(NetworkError) -> Int {
        for axis in Axis.allCases {
            if let meeting = try scales(axis).meeting { throw .scalesMeet(node: nodes[meeting].label) }
        }
        try checkOutputScale()
        return try stride()
    }

    /// Makes sure that an output pixel covers one input pixel.
    ///
    /// - Throws: `NetworkError.outputScale` where the output has another resolution than the input.
    package func checkOutputScale() throws(NetworkError) {
        for axis in Axis.allCases {
            guard let output = try scales(axis).scales[output.index], output != Ratio(1, 1) else { continue }
            throw .outputScale("\(output.numerator)/\(output.denominator)")
        }
    }

    /// Makes sure that the output lies over the input, pixel upon pixel, as that of a network of one size does not have to.
    ///
    /// - Throws: `NetworkError.outputScale`; `outputSize` where the resolution cannot be told, and the size is another.
    package func checkOutputSize(height: Int, width: Int) throws {
        try checkOutputScale()
        guard try scales(.vertical).scales[output.index] == nil || scales(.horizontal).scales[output.index] == nil,
            let shape = try shapes(height: height, width: width)?.shapes[output.index]
        else { return }
        guard (shape.height, shape.width) == (height, width) else {
            throw NetworkError.outputSize(input: height, height: shape.height, width: shape.width)
        }
    }

    /// The total stride in input pixels, whether or not the maps that meet fit together.
    ///
    /// - Throws: `NetworkError.strideTooLarge`.
    package func stride() throws(NetworkError) -> Int {
        var stride = 1
        for axis in Axis.allCases {
            for case let scale? in try scales(axis).scales {
                stride = leastCommonMultiple(stride, scale.numerator)
                guard stride <= Self.largestStride else { throw .strideTooLarge }
            }
        }
        return stride
    }

    /// The largest stride, and the largest enlargement, of a map against the input: as large as half of the largest tile.
    static let largestStride = 1 << 14

    /// The input pixels for each pixel of every map, nil for maps of a fixed size, which go with any resolution; and the
    /// first node at which different resolutions meet.
    ///
    /// - Throws: `NetworkError.strideTooLarge` where a resolution is beyond all tiles.
    func scales(_ axis: Axis) throws(NetworkError) -> (scales: [Ratio?], meeting: Int?) {
        var scales: [Ratio?] = []
        var meeting: Int?
        for (index, node) in nodes.enumerated() {
            guard let first = node.inputs.first else {
                scales.append(Ratio(1, 1))
                continue
            }
            switch node.operation {
            case .concatenation, .arithmetic:
                let known = node.inputs.compactMap { scales[$0.index] }
                if known.contains(where: { $0 != known[0] }) { meeting = meeting ?? index }
                scales.append(known.first)
            case .fitToSize:
                // Whether both have one resolution shows in the amounts, which then do not depend on the size.
                scales.append(scales[node.inputs[1].index])
            case .globalMean, .globalMaximum, .rearrangement:
                scales.append(nil)
            case .resize(let resize) where resize.isFixed(axis):
                scales.append(nil)
            default:
                guard let scale = scales[first.index] else {
                    scales.append(nil)
                    continue
                }
                guard let product = scale.times(node.operation.mapping(axis).scale) else { throw .strideTooLarge }
                scales.append(product)
            }
        }
        return (scales, meeting)
    }

    /// The largest margin, so that twice as many pixels are a tile.
    static let largestMargin = 1 << 14

    /// The most values of a map for each pixel of the input.
    static let largestDensity = 1 << 16

    /// Makes sure that no map takes memory out of all proportion to the input's.
    ///
    /// - Throws: `NetworkError.mapTooLarge`, and `strideTooLarge`.
    func checkDensity() throws {
        let channels = try channels()
        let (rows, columns) = (try scales(.vertical).scales, try scales(.horizontal).scales)
        for index in nodes.indices {
            let pixels = (rows[index]?.value ?? 1) * (columns[index]?.value ?? 1)
            guard Double(channels[index]) / pixels <= Double(Self.largestDensity) else {
                throw NetworkError.mapTooLarge(node: nodes[index].label)
            }
        }
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
                    // A map of one pixel may meet a larger one, for which it is stretched.
                    let isWhole = nodes[index].operation.readsWholeMap || length == 1
                    needed = isWhole ? 0..<length : needed.clamped(to: 0..<length)
                }
                let other = ranges[input.index] ?? needed
                ranges[input.index] =
                    min(other.lowerBound, needed.lowerBound)..<max(other.upperBound, needed.upperBound)
            }
        }
        return ranges
    }

    /// The graph with each fit to size replaced by the crop and padding that it is when the input is `size` pixels on a
    /// side.
    ///
    /// - Returns: nil where the network gives nothing for that size.
    func fixingSizes(at size: Int) throws(GraphError) -> Graph? {
        guard let amounts = try fitAmounts(size: size) else { return nil }
        return rewritten { value, node, result in
            guard let borders = amounts[value.index] else {
                return result.append(node.operation, node.inputs, label: node.label)
            }
            if borders == Borders(all: 0) { return node.inputs[0] }
            return result.append(moving: borders, of: node.inputs[0], label: node.label)
        }
    }

    /// What the first operation that ties the network to its tile has to say, whatever the tile's size; nil where there
    /// is no such operation.
    package var seam: NetworkError? {
        for node in nodes {
            if let why = node.operation.seam { return .notEquivariant(node: node.label, why: why) }
        }
        return nil
    }

    /// The same function without crops that cut nothing and paddings that add none of their zeros.
    package func removingEmptyCrops() -> Graph {
        rewritten { _, node, result in
            if node.operation.movedBorders == Borders(all: 0) { return node.inputs[0] }
            return result.append(node.operation, node.inputs, label: node.label)
        }
    }

    /// The same function for a plane without borders, where padding of whatever kind is a mere shift.
    func onPlane() -> Graph {
        rewritten { _, node, result in
            switch node.operation {
            case .padding(let padding):
                let shift = Operation.padding(Padding(.zero, amounts: padding.amounts))
                return result.append(shift, node.inputs, label: node.label)
            case .pooling(let pooling):
                var input = node.inputs[0]
                if pooling.padding != Borders(all: 0) {
                    let shift = Operation.padding(Padding(.zero, amounts: pooling.padding))
                    input = result.append(shift, input, label: node.label)
                }
                return result.append(.pooling(pooling.unpadded), input, label: node.label)
            default:
                return result.append(node.operation, node.inputs, label: node.label)
            }
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

    /// The smallest input that no window of the network divides unevenly, a multiple of the stride if there is one; else
    /// the smallest multiple that gives an output; nil where nothing does.
    func evenSize(stride: Int) throws(GraphError) -> Int? {
        var size = 1
        while size <= Self.largestProbe, try !takes(size) { size *= 2 }
        guard size <= Self.largestProbe else { return nil }
        // The smallest size lies between the last power of two that failed and this one, which did not.
        let candidates = max(1, size / 2)..<size + 2 * stride
        let multiples = candidates.filter { $0.isMultiple(of: stride) }
        let most = max(Self.leastCandidates, Self.mostLengths / nodes.count)
        return (multiples.prefix(most) + candidates.prefix(most)).first(where: dividesEvenly)
            ?? multiples.prefix(most).first(where: gives)
    }

    /// The number of maps' lengths that are worked out in search of a size, so that a file cannot make it endless, and
    /// the number of sizes that are looked at in any case.
    private static let (mostLengths, leastCandidates) = (4_000_000, 64)

    /// Returns true if a size of input gives an output no larger than itself, and no window drops pixels.
    package func dividesEvenly(height: Int, width: Int) -> Bool {
        guard let (shapes, isRagged) = try? shapes(height: height, width: width) else { return false }
        let output = shapes[output.index]
        return !isRagged && output.height <= height && output.width <= width
    }

    private func dividesEvenly(_ size: Int) -> Bool { dividesEvenly(height: size, width: size) }

    private func gives(_ size: Int) -> Bool { (try? shapes(height: size, width: size)) != nil }

    /// Some sizes that are too small make maps of different sizes meet; those are simply not taken.
    private func takes(_ size: Int) throws(GraphError) -> Bool {
        _ = try channels()
        return gives(size)
    }
}
