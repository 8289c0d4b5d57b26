import NetworkGraph
import Tensors

/// Turns a network's maps into buffers and its operations into steps.
///
/// Three rules save memory and copies:
/// - a ReLU behind a convolution is part of it, and a ReLU or normalisation that alone reads a map works in place;
/// - what only a concatenation reads is computed straight into its slice of the concatenation's buffer;
/// - a skip is cropped into its slice as soon as it is computed, so that only the part that the decoder needs waits.
struct Lowering {
    private let graph: Graph
    private let windows: [MapWindow?]
    private let channels: [PackedChannels]
    private let consumers: [[Graph.Value]]
    private let readsWindows: Bool

    private(set) var buffers: [Program.Buffer] = []
    private(set) var steps: [Program.Step] = []
    private(set) var inputBuffer = 0

    /// Where a map lies: a buffer's channels from `channelOffset` on; `window` is the buffer's extent in the map's own
    /// pixels.
    private struct Place {
        var buffer: Int
        var channelOffset: Int
        var window: MapWindow
    }
    private var places: [Place?]
    /// Slices of concatenations, as (concatenation, input number), that take a copy of the map.
    private var copies: [[(concatenation: Int, input: Int)]]
    /// The slice that a map is computed straight into.
    private var slices: [(concatenation: Int, input: Int)?]

    init(_ network: SeamlessNetwork, height: Int, width: Int, backend: any Backend) throws(EngineError) {
        graph = network.graph
        windows = network.windows(forOutput: height, width)
        consumers = graph.consumers
        readsWindows = backend.readsWindows
        channels = try Self.packedChannels(of: graph, block: backend.channelBlock)
        places = Array(repeating: nil, count: graph.nodes.count)
        copies = Array(repeating: [], count: graph.nodes.count)
        slices = Array(repeating: nil, count: graph.nodes.count)
    }

    /// - Returns: the output's buffer.
    mutating func run() throws(EngineError) -> Int {
        assignSlices()
        for index in graph.nodes.indices {
            guard let window = windows[index] else { continue }
            try lower(index, window)
            if places[index] != nil { fillSlices(of: index) }
        }
        return plainOutput()
    }

    private static func packedChannels(of graph: Graph, block: Int) throws(EngineError) -> [PackedChannels] {
        let counts: [Int]
        do { counts = try graph.channels() } catch { throw EngineError(error.description) }
        var packed: [PackedChannels] = []
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .input, .convolution, .transposedConvolution:
                packed.append(PackedChannels(counts[index], block: block))
            case .concatenation:
                packed.append(PackedChannels(joining: node.inputs.map { packed[$0.index] }))
            case .affine, .relu, .maxPooling, .bilinearUpsampling, .centerCrop, .crop:
                packed.append(packed[node.inputs[0].index])
            }
        }
        return packed
    }

    // MARK: Concatenations

    /// Decides for each input of a concatenation whether it is computed into its slice or copied there.
    private mutating func assignSlices() {
        for (index, node) in graph.nodes.enumerated() {
            guard case .concatenation = node.operation, let window = windows[index] else { continue }
            for (number, input) in node.inputs.enumerated() {
                if consumers[input.index].count == 1, computedWindow(of: input.index) == window, isComputed(input.index)
                {
                    slices[input.index] = (index, number)
                } else {
                    copies[uncropped(input.index).map].append((index, number))
                }
            }
        }
    }

    /// Whether a step writes the map, rather than its being another map seen differently.
    private func isComputed(_ map: Int) -> Bool {
        switch graph.nodes[map].operation {
        case .input, .concatenation, .crop, .centerCrop: false
        default: true
        }
    }

    /// The map that crops were taken from, and the shift that they add up to.
    private func uncropped(_ map: Int) -> (map: Int, rows: Int, columns: Int) {
        var (map, rows, columns) = (map, 0, 0)
        while case .crop(let crop) = graph.nodes[map].operation {
            rows += crop.top
            columns += crop.left
            map = graph.nodes[map].inputs[0].index
        }
        return (map, rows, columns)
    }

    /// Copies a map that has just been computed into the concatenations that wait for it.
    private mutating func fillSlices(of map: Int) {
        for (concatenation, number) in copies[map] {
            let slice = place(ofSlice: number, of: concatenation)
            let input = graph.nodes[concatenation].inputs[number].index
            let shift = uncropped(input)
            let window = slice.window.shifted(rows: shift.rows, columns: shift.columns)
            emit(
                .copy, from: operand(places[map]!, channels: channels[map].count, window: window),
                to: operand(slice, channels: channels[map].count, window: slice.window),
                label: graph.nodes[concatenation].label)
        }
    }

    private mutating func place(ofSlice number: Int, of concatenation: Int) -> Place {
        if places[concatenation] == nil {
            let window = windows[concatenation]!
            places[concatenation] = newPlace(channels: channels[concatenation].count, window: window)
        }
        var place = places[concatenation]!
        for input in graph.nodes[concatenation].inputs[..<number] { place.channelOffset += channels[input.index].count }
        return place
    }

    // MARK: Operations

    private mutating func lower(_ index: Int, _ window: MapWindow) throws(EngineError) {
        let node = graph.nodes[index]
        switch node.operation {
        case .input:
            places[index] = newPlace(channels: channels[index].positions.count, window: window, layout: .plain)
            inputBuffer = places[index]!.buffer
        case .convolution(let convolution):
            let source = source(of: index, window: inputWindow(of: index), forConvolution: true)
            let destination = destination(of: index)
            emit(
                .convolution(convolution, channels: channels[node.inputs[0].index], relu: hasFusedReLU(index)),
                from: source, to: destination, label: node.label)
        case .transposedConvolution(let convolution):
            let source = source(of: index, window: inputWindow(of: index))
            let destination = destination(of: index)
            emit(
                .transposedConvolution(
                    convolution, channels: channels[node.inputs[0].index], relu: hasFusedReLU(index)),
                from: source, to: destination, label: node.label)
        case .maxPooling(let extent, let stride):
            let source = source(of: index, window: inputWindow(of: index))
            emit(
                .maxPooling(extent: extent, stride: stride), from: source, to: destination(of: index), label: node.label
            )
        case .bilinearUpsampling(let factor):
            let source = source(of: index, window: inputWindow(of: index))
            emit(.bilinearUpsampling(factor: factor), from: source, to: destination(of: index), label: node.label)
        case .relu:
            let input = node.inputs[0].index
            if hasFusedReLU(input) {
                places[index] = places[input]
            } else {
                emitInPlaceIfPossible(.relu, index)
            }
        case .affine(let affine):
            emitInPlaceIfPossible(.affine(affine, channels: channels[index]), index)
        case .crop(let crop):
            let input = node.inputs[0].index
            places[index] = places[input].map {
                Place(
                    buffer: $0.buffer, channelOffset: $0.channelOffset,
                    window: $0.window.shifted(rows: -crop.top, columns: -crop.left))
            }
        case .concatenation:
            _ = place(ofSlice: 0, of: index)
        case .centerCrop:
            throw EngineError("\(node.label): a centre crop has no place in a network for tiles")
        }
    }

    private func hasFusedReLU(_ index: Int) -> Bool {
        guard consumers[index].count == 1, case .relu = graph[consumers[index][0]].operation else { return false }
        switch graph.nodes[index].operation {
        case .convolution, .transposedConvolution: return true
        default: return false
        }
    }

    /// Whether the map's only reader overwrites it.
    private func isOverwritten(_ index: Int) -> Bool {
        guard consumers[index].count == 1, isComputed(index) else { return false }
        switch graph[consumers[index][0]].operation {
        case .relu, .affine: return true
        default: return false
        }
    }

    private mutating func emitInPlaceIfPossible(_ action: Program.Action, _ index: Int) {
        let input = graph.nodes[index].inputs[0].index
        if isOverwritten(input) {
            let place = places[input]!
            places[index] = place
            let operand = operand(place, channels: channels[index].count, window: place.window)
            emit(action, from: operand, to: operand, label: graph.nodes[index].label)
        } else {
            let source = source(of: index, window: computedWindow(of: index)!)
            emit(action, from: source, to: destination(of: index), label: graph.nodes[index].label)
        }
    }

    /// The window of its input that the operation reads; the input's own window where that is no larger.
    private func inputWindow(of index: Int) -> MapWindow {
        let mapping = graph.nodes[index].operation
        let window = windows[index]!
        return MapWindow(
            rows: mapping.inputs(of: window.rows, .vertical), columns: mapping.inputs(of: window.columns, .horizontal))
    }

    /// What a step really computes of a map: for upsampling, all that its input window gives, which may be more than is
    /// needed.
    private func computedWindow(of index: Int) -> MapWindow? {
        guard let window = windows[index] else { return nil }
        let node = graph.nodes[index]
        let extents: (height: Int, width: Int, factor: Int)
        switch node.operation {
        case .transposedConvolution(let convolution):
            extents = (convolution.kernelHeight, convolution.kernelWidth, convolution.stride)
        case .bilinearUpsampling(let factor):
            extents = (factor, factor, factor)
        case .relu, .affine:
            return isOverwritten(node.inputs[0].index) ? computedWindow(of: node.inputs[0].index) : window
        default:
            return window
        }
        let input = inputWindow(of: index)
        func expanded(_ range: Range<Int>, _ extent: Int) -> Range<Int> {
            range.lowerBound * extents.factor..<(range.upperBound - 1) * extents.factor + extent
        }
        return MapWindow(
            rows: expanded(input.rows, extents.height), columns: expanded(input.columns, extents.width))
    }

    // MARK: Places

    /// The last of the operations that work on this map in place: what it becomes.
    private func finalMap(_ index: Int) -> Int {
        var index = index
        while isOverwritten(index) || hasFusedReLU(index) { index = consumers[index][0].index }
        return index
    }

    /// Finds or makes the place that a step writes.
    private mutating func destination(of index: Int) -> Program.Operand {
        let window = computedWindow(of: index)!
        let final = finalMap(index)
        let place: Place
        if let slice = slices[final] {
            place = self.place(ofSlice: slice.input, of: slice.concatenation)
        } else if final == graph.output.index, isPlainOutputPossible(index) {
            place = newPlace(channels: channels[index].positions.count, window: window, layout: .plain)
        } else {
            place = newPlace(channels: channels[index].count, window: window)
        }
        places[index] = place
        let channels = buffers[place.buffer].layout == .plain ? channels[index].positions.count : channels[index].count
        return operand(place, channels: channels, window: window)
    }

    /// A convolution may write the network's output as the caller reads it, when nothing else follows.
    private func isPlainOutputPossible(_ index: Int) -> Bool {
        guard case .convolution = graph.nodes[index].operation else { return false }
        return index == graph.output.index || (hasFusedReLU(index) && consumers[index][0] == graph.output)
    }

    /// What a step reads: its input in place, or a copy where the backend cannot read it there.
    private mutating func source(
        of index: Int, window: MapWindow, forConvolution: Bool = false
    ) -> Program.Operand {
        let input = graph.nodes[index].inputs[0].index
        let place = places[input]!
        let isPlain = buffers[place.buffer].layout == .plain
        let stored = isPlain ? channels[input].positions.count : channels[input].count
        let operand = operand(place, channels: stored, window: window)
        if (readsWindows || operand.view.isWhole) && (!isPlain || forConvolution) { return operand }
        let copyPlace = newPlace(channels: channels[input].count, window: window)
        let copy = self.operand(copyPlace, channels: channels[input].count, window: window)
        emit(.copy, from: operand, to: copy, label: graph.nodes[index].label)
        return copy
    }

    private mutating func plainOutput() -> Int {
        let index = graph.output.index
        let (place, window) = (places[index]!, windows[index]!)
        if buffers[place.buffer].layout == .plain && place.window == window { return place.buffer }
        let plain = newPlace(channels: channels[index].positions.count, window: window, layout: .plain)
        emit(
            .copy, from: operand(place, channels: channels[index].count, window: window),
            to: operand(plain, channels: channels[index].positions.count, window: window), label: "output")
        return plain.buffer
    }

    private mutating func newPlace(channels: Int, window: MapWindow, layout: MapLayout = .blocked) -> Place {
        buffers.append(
            Program.Buffer(
                layout: layout, channels: channels, height: window.rows.count, width: window.columns.count,
                lifetime: 0...0))
        return Place(buffer: buffers.count - 1, channelOffset: 0, window: window)
    }

    private func operand(_ place: Place, channels: Int, window: MapWindow) -> Program.Operand {
        let buffer = buffers[place.buffer]
        return Program.Operand(
            buffer: place.buffer, channelOffset: place.channelOffset,
            view: MapView(
                layout: buffer.layout, channels: channels, height: window.rows.count, width: window.columns.count,
                parentHeight: buffer.height, parentWidth: buffer.width,
                top: window.rows.lowerBound - place.window.rows.lowerBound,
                left: window.columns.lowerBound - place.window.columns.lowerBound))
    }

    private mutating func emit(
        _ action: Program.Action, from source: Program.Operand, to destination: Program.Operand, label: String
    ) {
        steps.append(Program.Step(action: action, source: source, destination: destination, label: label))
    }
}

extension MapWindow {
    fileprivate func shifted(rows: Int, columns: Int) -> MapWindow {
        MapWindow(
            rows: self.rows.lowerBound + rows..<self.rows.upperBound + rows,
            columns: self.columns.lowerBound + columns..<self.columns.upperBound + columns)
    }
}
