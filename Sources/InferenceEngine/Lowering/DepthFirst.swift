import NetworkGraph

/// Depth-first execution (Goetschalckx and Verhelst, "Breaking High-Resolution CNN Bandwidth Barriers With Enhanced
/// Depth-First Execution", 2019): a few rows go through a whole chain of steps before the next rows do, so that what one
/// step writes is still in the cache when the next reads it.
///
/// No row is computed twice. A map that only its chain reads is never whole: its buffer holds a sliding window of rows.
struct DepthFirst {
    private let steps: [Program.Step]
    private let kept: Set<Int>
    private let readers: [Int: [Int]]
    private let writers: [Int: [Int]]
    /// For each step how its rows read their sources'; nil for steps that run as a whole.
    private let reaches: [RowReach?]
    private(set) var buffers: [Program.Buffer]
    private(set) var calls: [Program.Call] = []
    private var group = 0

    /// Rows of a chain's largest map that are computed at a time fill about so many bytes, so that they are still in the
    /// second level of the cache, or near the front of the third, when the next step reads them.
    private static let bandByteCount = 512 << 10
    /// Where no map is larger than this, the second level holds them anyway.
    private static let smallByteCount = 1 << 20
    /// A chain reads its weights once a band: a layer's have to stay in the second level from one band to the next.
    private static let largestWeightByteCount = 700 << 10

    /// - Parameter kept: buffers that others than the steps read.
    init(_ steps: [Program.Step], buffers: [Program.Buffer], kept: Set<Int>) {
        self.steps = steps
        self.buffers = buffers
        self.kept = kept
        var (readers, writers) = ([Int: [Int]](), [Int: [Int]]())
        for (index, step) in steps.enumerated() {
            for source in step.sources { readers[source.buffer, default: []].append(index) }
            writers[step.destination.buffer, default: []].append(index)
        }
        (self.readers, self.writers) = (readers, writers)
        reaches = steps.map { RowReach($0) }
    }

    mutating func run(_ schedule: Program.Schedule) {
        var first = 0
        while first < steps.count {
            let chain = schedule == .stepByStep ? first..<first + 1 : chain(from: first)
            if chain.count > 1 {
                if schedule == .sketch { sketch(chain) } else { emit(chain) }
            } else {
                let step = steps[first]
                calls.append(
                    Program.Call(
                        step: first, group: group, sources: step.sources, destination: step.destination,
                        padding: step.padding))
            }
            group += 1
            first = chain.upperBound
        }
    }

    // MARK: Chains

    /// The steps from `first` on that each read what the one before has written, and can do so row by row.
    private func chain(from first: Int) -> Range<Int> {
        var end = first
        while end < steps.count, canRunInBands(end), end == first || reads(end, from: end - 1) { end += 1 }
        let largest = (first..<max(first, end - 1)).map { buffers[steps[$0].destination.buffer].byteCount }.max() ?? 0
        return largest > Self.smallByteCount ? first..<end : first..<first + 1
    }

    private func reads(_ step: Int, from other: Int) -> Bool {
        steps[step].sources.contains { $0.buffer == steps[other].destination.buffer }
    }

    private func canRunInBands(_ index: Int) -> Bool {
        guard let reach = reaches[index] else { return false }
        return writers[steps[index].destination.buffer]!.count == 1
            && reach.weightByteCount <= Self.largestWeightByteCount
    }

    // MARK: Rows

    /// Some rows of a step's destination.
    private struct Band {
        var step: Int
        var rows: Range<Int>
    }

    /// Bands of all steps of a chain, in an order in which each comes after the rows that it reads.
    private func bands(of chain: Range<Int>) -> [Band] {
        var bands: [Band] = []
        var done = Array(repeating: 0, count: chain.count)
        func advance(_ step: Int, to row: Int) {
            let (height, unit) = (steps[step].destination.view.height, reaches[step]!.unit)
            let start = done[step - chain.lowerBound]
            let end = min(height, (row + unit - 1) / unit * unit)
            guard end > start else { return }
            for source in steps[step].sources {
                guard let writer = writers[source.buffer]?.first, chain.contains(writer) else { continue }
                let rows = sourceRows(step, start..<end, source)
                advance(writer, to: rows.upperBound - steps[writer].destination.view.top)
            }
            bands.append(Band(step: step, rows: start..<end))
            done[step - chain.lowerBound] = end
        }
        let last = chain.upperBound - 1
        let (height, band) = (steps[last].destination.view.height, lastBandHeight(of: chain))
        for row in stride(from: 0, to: height, by: band) { advance(last, to: min(height, row + band)) }
        // What the last step does not need, others may.
        for step in chain { advance(step, to: steps[step].destination.view.height) }
        return bands
    }

    /// Rows of the last step's map for which the chain's largest map fills a band.
    private func lastBandHeight(of chain: Range<Int>) -> Int {
        let largest = chain.map { steps[$0].destination.view }.max { $0.elementCount < $1.elementCount }!
        let rowBytes = largest.elementCount / largest.height * MemoryLayout<Float>.stride
        let rows = max(1, Self.bandByteCount / rowBytes)
        let last = steps[chain.upperBound - 1].destination.view
        return max(1, rows * last.height / largest.height)
    }

    /// The rows of a source, counted in its buffer's parent map, that rows of the destination read. Padding is left out.
    private func sourceRows(_ step: Int, _ rows: Range<Int>, _ source: Program.Operand) -> Range<Int> {
        let reach = reaches[step]!.rows(rows)
        // Rows that lie wholly in the padding read none.
        let inside = reach.clamped(to: 0..<source.view.height)
        return inside.lowerBound + source.view.top..<inside.upperBound + source.view.top
    }

    // MARK: Sketches

    /// One band of each step stands for all of them: enough to tell time and memory.
    private mutating func sketch(_ chain: Range<Int>) {
        let last = steps[chain.upperBound - 1].destination.view.height
        let lastBand = lastBandHeight(of: chain)
        for step in chain {
            let (destination, reach) = (steps[step].destination, reaches[step]!)
            let height = destination.view.height
            let rows = min(height, ((height * lastBand + last - 1) / last + reach.unit - 1) / reach.unit * reach.unit)
            if canSlide(destination.buffer, in: chain) {
                let window = 2 * (rows + Self.typicalOverlap)
                buffers[destination.buffer].height = min(window, buffers[destination.buffer].height)
            }
            var call = call(Band(step: step, rows: 0..<rows), [:])
            call.repeats = Double(height) / Double(rows)
            calls.append(call)
        }
    }

    /// Rows that a step reads beyond its own, and that wait for its next band.
    private static let typicalOverlap = 6

    // MARK: Sliding windows

    /// A buffer's place in its map while a chain runs.
    private struct Window {
        /// The map's row that the buffer's first row holds.
        var base = 0
        /// Rows of the buffer.
        var height: Int
        /// For each band of the chain, the first row that it or a later one reads.
        var firstNeeded: [Int]
    }

    private mutating func emit(_ chain: Range<Int>) {
        let bands = bands(of: chain)
        var windows: [Int: Window] = [:]
        for step in chain {
            let buffer = steps[step].destination.buffer
            guard let window = window(buffer, chain, bands) else { continue }
            windows[buffer] = window
            buffers[buffer].height = window.height
        }
        for (index, band) in bands.enumerated() {
            let destination = steps[band.step].destination
            if let window = windows[destination.buffer] {
                let rows = band.rows.lowerBound + destination.view.top..<band.rows.upperBound + destination.view.top
                windows[destination.buffer] = slid(window, for: rows, at: index, destination, step: band.step)
            }
            calls.append(call(band, windows))
        }
    }

    /// The window that a buffer can shrink to; nil where others read it, or nothing would be gained.
    private func window(_ buffer: Int, _ chain: Range<Int>, _ bands: [Band]) -> Window? {
        guard canSlide(buffer, in: chain) else { return nil }
        var firstNeeded = Array(repeating: Int.max, count: bands.count)
        var (next, span) = (Int.max, 0)
        for (index, band) in bands.enumerated().reversed() {
            for source in steps[band.step].sources where source.buffer == buffer {
                next = min(next, sourceRows(band.step, band.rows, source).lowerBound)
            }
            firstNeeded[index] = next
            let destination = steps[band.step].destination
            if destination.buffer == buffer {
                let rows = band.rows.lowerBound + destination.view.top..<band.rows.upperBound + destination.view.top
                span = max(span, rows.upperBound - min(next, rows.lowerBound))
            }
        }
        // Twice what is alive at once: rows that stay move to where nothing is alive.
        let height = 2 * span
        return height < buffers[buffer].height ? Window(height: height, firstNeeded: firstNeeded) : nil
    }

    private func canSlide(_ buffer: Int, in chain: Range<Int>) -> Bool {
        !kept.contains(buffer) && readers[buffer, default: []].allSatisfy(chain.contains)
    }

    /// Makes room for rows that a band is about to write.
    private mutating func slid(
        _ window: Window, for rows: Range<Int>, at index: Int, _ operand: Program.Operand, step: Int
    ) -> Window {
        guard rows.upperBound - window.base > window.height else { return window }
        var window = window
        let alive = min(window.firstNeeded[index], rows.lowerBound)..<rows.lowerBound
        if !alive.isEmpty {
            func place(_ top: Int) -> Program.Operand {
                var place = operand
                place.view.parentHeight = window.height
                (place.view.top, place.view.height) = (top, alive.count)
                (place.view.left, place.view.width) = (0, operand.view.parentWidth)
                return place
            }
            calls.append(
                Program.Call(
                    step: step, group: group, sources: [place(alive.lowerBound - window.base)], destination: place(0),
                    padding: Borders(all: 0), isMove: true))
        }
        window.base = alive.lowerBound
        return window
    }

    private func call(_ band: Band, _ windows: [Int: Window]) -> Program.Call {
        let step = steps[band.step]
        func restricted(_ operand: Program.Operand, to rows: Range<Int>) -> Program.Operand {
            var operand = operand
            if let window = windows[operand.buffer] {
                operand.view.parentHeight = window.height
                operand.view.top = rows.lowerBound - window.base
            } else {
                operand.view.top = rows.lowerBound
            }
            operand.view.height = rows.count
            return operand
        }
        let (reach, top) = (reaches[band.step]!.rows(band.rows), step.destination.view.top)
        var padding = step.padding
        padding.top = max(0, -reach.lowerBound)
        padding.bottom = max(0, reach.upperBound - step.sources[0].view.height)
        return Program.Call(
            step: band.step, group: group,
            sources: step.sources.map { restricted($0, to: sourceRows(band.step, band.rows, $0)) },
            destination: restricted(step.destination, to: band.rows.lowerBound + top..<band.rows.upperBound + top),
            padding: padding)
    }
}

/// How rows of a step's destination read its sources.
private struct RowReach {
    /// The rows of a window of the source, for a step that reads windows: `stride` from one to the next.
    private var stride = 1
    private var extent = 1
    private var offset = 0
    /// Rows that each row of the source gives, for a step that expands.
    private var factor = 1
    /// Bands are multiples of so many rows.
    private(set) var unit = 1
    /// Weights as the kernels hold them, at most.
    private(set) var weightByteCount = 0

    /// Winograd's tiles are so high: bands that are multiples of it give the same bytes as the whole map.
    private static let winogradRows = 4

    /// nil for a step that cannot run on some of its rows.
    init?(_ step: Program.Step) {
        let channels = step.sources.map(\.view.channels).reduce(0, +) * step.destination.view.channels
        switch step.action {
        case .convolution(let convolution, _, _):
            guard !convolution.isDepthwise else { return nil }
            stride = convolution.stride
            extent = (convolution.kernelHeight - 1) * convolution.dilation + 1
            offset = step.padding.top
            unit = Self.winogradRows
            // Winograd's are 36 for each 9.
            weightByteCount = Self.bytes(16, channels, convolution.kernelHeight, convolution.kernelWidth)
        case .transposedConvolution(let convolution, _, _):
            guard convolution.kernelHeight == convolution.stride else { return nil }
            factor = convolution.stride
            unit = factor
            weightByteCount = Self.bytes(4, channels, convolution.kernelHeight, convolution.kernelWidth)
        case .maxPooling(let extent, let stride):
            (self.stride, self.extent) = (stride, extent)
        case .bilinearUpsampling, .affine, .map, .copy, .zero:
            return nil
        }
    }

    private static func bytes(_ factors: Int...) -> Int { boundedProduct(factors, limit: Program.mostBytes) }

    /// The rows of the source's window that rows of the destination read; beyond it is padding.
    func rows(_ rows: Range<Int>) -> Range<Int> {
        if factor > 1 { return rows.lowerBound / factor..<(rows.upperBound - 1) / factor + 1 }
        return rows.lowerBound * stride - offset..<(rows.upperBound - 1) * stride - offset + extent
    }
}
