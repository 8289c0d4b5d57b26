import NetworkGraph
import Tensors

/// Turns a network's maps into buffers and its operations into steps.
///
/// Three rules save memory and copies:
/// - a ReLU behind a convolution is part of it, and a ReLU or normalisation that alone reads a map works in place;
/// - what only a concatenation reads is computed straight into its slice of the concatenation's buffer;
/// - a concatenation that only convolutions read is never put together, where the backend reads its maps in place; else a
///   skip is cropped into its slice as soon as it is computed, so that only the part that the decoder needs waits.
struct Lowering {
    private let computation: TileComputation
    private let graph: Graph
    private let windows: [MapWindow?]
    private let channels: [PackedChannels]
    private let consumers: [[Graph.Value]]
    private let readsWindows: Bool
    private let channelBlock: Int

    private(set) var buffers: [Program.Buffer] = []
    private(set) var steps: [Program.Step] = []
    private(set) var inputBuffer = 0

    /// Where a map lies.
    private struct Place {
        /// One; several for a concatenation that is read where its maps lie.
        var parts: [Part]
        /// The part of the plane that is the map's; beyond it are zeros that padding adds.
        var valid: MapWindow

        /// The place of a map that is in one piece.
        var part: Part {
            get { parts[0] }
            set { parts[0] = newValue }
        }

        func shifted(rows: Int, columns: Int) -> Place {
            var place = self
            for index in parts.indices {
                place.parts[index].window = parts[index].window.shifted(rows: rows, columns: columns)
            }
            place.valid = valid.shifted(rows: rows, columns: columns)
            return place
        }
    }

    /// A buffer's channels from `channelOffset` on.
    private struct Part {
        var buffer: Int
        var channelOffset: Int
        /// As stored.
        var channels: Int
        /// The buffer's extent, in the map's own pixels.
        var window: MapWindow
    }
    private var places: [Place?]
    /// Slices of concatenations, as (concatenation, input number), that take a copy of the map.
    private var copies: [[(concatenation: Int, input: Int)]]
    /// The slice that a map is computed straight into.
    private var slices: [(concatenation: Int, input: Int)?]

    init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        self.computation = computation
        graph = computation.graph
        windows = computation.windows
        consumers = graph.consumers
        readsWindows = backend.readsWindows
        channelBlock = backend.channelBlock
        channels = try Self.packedChannels(of: graph, block: backend.channelMultiple)
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
            case .convolution(let convolution) where convolution.isDepthwise:
                packed.append(packed[node.inputs[0].index])
            case .input, .convolution, .transposedConvolution, .channelMean, .channelSlice:
                packed.append(PackedChannels(counts[index], block: block))
            case .concatenation:
                packed.append(PackedChannels(joining: node.inputs.map { packed[$0.index] }))
            case .arithmetic:
                let full = node.inputs.first { counts[$0.index] == counts[index] }!
                packed.append(packed[full.index])
            case .affine, .relu, .maxPooling, .bilinearUpsampling, .fitToSize, .crop, .activation, .pooling, .resize,
                .padding, .globalMean, .softmax, .groupNormalization:
                packed.append(packed[node.inputs[0].index])
            }
        }
        return packed
    }

    // MARK: Concatenations

    /// Decides for each input of a concatenation whether it is computed into its slice or copied there.
    private mutating func assignSlices() {
        for (index, node) in graph.nodes.enumerated() {
            guard case .concatenation = node.operation, let window = windows[index], !isReadInParts(index) else {
                continue
            }
            for (number, input) in node.inputs.enumerated() {
                if consumers[input.index].count == 1, computedWindow(of: input.index) == window, isComputed(input.index)
                {
                    slices[input.index] = (index, number)
                } else {
                    copies[uncropped(input.index)].append((index, number))
                }
            }
        }
    }

    /// Whether all that reads a concatenation takes its maps where they lie: convolutions do, if nothing is to be padded.
    private func isReadInParts(_ concatenation: Int) -> Bool {
        readsWindows && isReadByConvolutionsAlone(concatenation)
            && graph.nodes[concatenation].inputs.allSatisfy { isUnpadded($0.index) }
    }

    private func isReadByConvolutionsAlone(_ map: Int) -> Bool {
        guard graph.output.index != map else { return false }
        return consumers[map].allSatisfy { reader in
            switch graph[reader].operation {
            case .convolution(let convolution): !convolution.isDepthwise
            case .crop: isReadByConvolutionsAlone(reader.index)
            default: windows[reader.index] == nil
            }
        }
    }

    /// Whether a map lies in blocks, and no crop of it adds zeros.
    private func isUnpadded(_ map: Int) -> Bool {
        switch graph.nodes[map].operation {
        case .crop(let borders): !borders.isPadding && isUnpadded(graph.nodes[map].inputs[0].index)
        case .input: false
        default: true
        }
    }

    /// Whether a step writes the map, rather than its being another map seen differently.
    private func isComputed(_ map: Int) -> Bool {
        switch graph.nodes[map].operation {
        case .input, .concatenation, .crop, .fitToSize: false
        default: true
        }
    }

    /// The map that crops were taken from.
    private func uncropped(_ map: Int) -> Int {
        var map = map
        while case .crop = graph.nodes[map].operation { map = graph.nodes[map].inputs[0].index }
        return map
    }

    /// Where a map lies that has been computed, or is a crop of one that has.
    private func place(of map: Int) -> Place {
        guard case .crop(let borders) = graph.nodes[map].operation else { return places[map]! }
        var place = place(of: graph.nodes[map].inputs[0].index).shifted(rows: -borders.top, columns: -borders.left)
        if let extent = computation.extent(of: map) { place.valid = place.valid.intersection(extent) }
        return place
    }

    /// Copies a map that has just been computed into the concatenations that wait for it.
    private mutating func fillSlices(of map: Int) {
        for (concatenation, number) in copies[map] {
            let slice = place(ofSlice: number, of: concatenation)
            let input = graph.nodes[concatenation].inputs[number].index
            emitCopy(of: place(of: input), to: slice, window: slice.part.window, for: concatenation)
        }
    }

    /// Copies a window of one place to another, with zeros where the first has nothing.
    private mutating func emitCopy(of source: Place, to destination: Place, window: MapWindow, for node: Int) {
        let inside = window.intersection(source.valid)
        // A plain map leaves the channels that pad it unwritten.
        let isPacked =
            buffers[source.part.buffer].layout == .plain && buffers[destination.part.buffer].layout == .blocked
        if inside != window || isPacked {
            let whole = operand(destination.part, window: window)
            emit(.zero, from: [whole], to: whole, node)
        }
        emit(.copy, from: [operand(source.part, window: inside)], to: operand(destination.part, window: inside), node)
    }

    private mutating func place(ofSlice number: Int, of concatenation: Int) -> Place {
        if places[concatenation] == nil {
            let window = windows[concatenation]!
            places[concatenation] = newPlace(channels: channels[concatenation].count, window: window)
        }
        var place = places[concatenation]!
        let inputs = graph.nodes[concatenation].inputs
        for input in inputs[..<number] { place.part.channelOffset += channels[input.index].count }
        place.part.channels = channels[inputs[number].index].count
        return place
    }

    // MARK: Operations

    private mutating func lower(_ index: Int, _ window: MapWindow) throws(EngineError) {
        let node = graph.nodes[index]
        switch node.operation {
        case .input:
            places[index] = newPlace(channels: channels[index].positions.count, window: window, layout: .plain)
            inputBuffer = places[index]!.part.buffer
        case .convolution(let convolution):
            let (sources, padding) = paddedSources(of: index, isDepthwise: convolution.isDepthwise)
            let destination = destination(of: index)
            let inputs = channels[node.inputs[0].index]
            emit(
                .convolution(convolution, channels: inputs, relu: hasFusedReLU(index)), from: sources, to: destination,
                padding: padding, index)
        case .transposedConvolution(let convolution):
            let source = source(of: index, window: computation.inputWindow(of: index), inPlace: readsWindows)
            let destination = destination(of: index)
            emit(
                .transposedConvolution(
                    convolution, channels: channels[node.inputs[0].index], relu: hasFusedReLU(index)),
                from: [source], to: destination, index)
        case .maxPooling(let extent, let stride, _):
            let source = source(of: index, window: computation.inputWindow(of: index), inPlace: readsWindows)
            emit(.maxPooling(extent: extent, stride: stride), from: [source], to: destination(of: index), index)
        case .bilinearUpsampling(let factor, let alignCorners):
            let source = source(of: index, window: computation.inputWindow(of: index), inPlace: alignCorners)
            emit(
                .bilinearUpsampling(factor: factor, alignCorners: alignCorners), from: [source],
                to: destination(of: index), index)
        case .relu:
            let input = node.inputs[0].index
            if hasFusedReLU(input) {
                places[index] = places[input]
            } else {
                emitInPlaceIfPossible(.relu, index)
            }
        case .affine(let affine):
            emitInPlaceIfPossible(.affine(affine, channels: channels[index]), index)
        case .crop:
            break
        case .concatenation:
            if isReadInParts(index) {
                let maps = node.inputs.map { place(of: $0.index) }
                places[index] = Place(
                    parts: maps.flatMap(\.parts),
                    valid: maps.dropFirst().reduce(maps[0].valid) { $0.intersection($1.valid) })
            } else {
                _ = place(ofSlice: 0, of: index)
            }
        case .activation(let activation):
            let stored = StoredActivation(activation, channels: channels[index])
            emitInPlaceIfPossible(.map(.activation(stored)), index)
        case .softmax:
            emitInPlaceIfPossible(.map(.softmax(positions: channels[index].positions)), index)
        case .arithmetic(let arithmetic):
            lower(arithmetic, index)
        case .pooling(let pooling):
            let reach = MapWindow(
                rows: node.operation.inputs(of: window.rows, .vertical),
                columns: node.operation.inputs(of: window.columns, .horizontal))
            let inside = computation.inputWindow(of: index)
            emit(.pooling(pooling, padding: Borders(around: inside, in: reach)), index, from: inside)
        case .resize(let resize):
            let extent = computation.extent(of: node.inputs[0].index)
            let inside = computation.inputWindow(of: index)
            let rows = window.rows.map {
                resize.sample($0, .vertical, input: extent?.rows.count).relative(to: inside.rows)
            }
            let columns = window.columns.map {
                resize.sample($0, .horizontal, input: extent?.columns.count).relative(to: inside.columns)
            }
            emit(.resampling(rows: rows, columns: columns), index, from: inside)
        case .padding(let padding):
            emit(.padding(padding), index, from: computation.inputWindow(of: index))
        case .globalMean:
            emit(.globalMean, index, from: computation.inputWindow(of: index))
        case .channelMean:
            emit(.channelMean(positions: channels[node.inputs[0].index].positions), index, from: window)
        case .channelSlice(let start, let count, let step):
            let positions = channels[node.inputs[0].index].positions
            emit(.channelSlice(positions: (0..<count).map { positions[start + $0 * step] }), index, from: window)
        case .groupNormalization(let groups, let affine, let epsilon):
            let (stored, size) = (channels[index], channels[index].positions.count / groups)
            emit(
                .groupNormalization(
                    groups: (0..<groups).map { Array(stored.positions[$0 * size..<($0 + 1) * size]) },
                    scale: stored.spread(affine.scale.elements()), shift: stored.spread(affine.shift.elements()),
                    epsilon: epsilon), index, from: computation.inputWindow(of: index))
        case .fitToSize:
            throw EngineError("\(node.label): a fit to size that is not fixed has no place in a tile")
        }
    }

    private func hasFusedReLU(_ index: Int) -> Bool {
        guard consumers[index].count == 1, case .relu = graph[consumers[index][0]].operation else { return false }
        switch graph.nodes[index].operation {
        case .convolution, .transposedConvolution, .arithmetic: return true
        default: return false
        }
    }

    /// Whether the map's only reader overwrites it.
    private func isOverwritten(_ index: Int) -> Bool {
        guard consumers[index].count == 1, isComputed(index) else { return false }
        let reader = consumers[index][0]
        switch graph[reader].operation {
        case .relu, .affine, .activation, .softmax: return true
        case .arithmetic: return overwrittenOperand(of: reader.index) == index
        default: return false
        }
    }

    /// The operand in whose place an arithmetic operation puts its result, if there is one.
    private func overwrittenOperand(of arithmetic: Int) -> Int? {
        graph.nodes[arithmetic].inputs.first { operand in
            consumers[operand.index].count == 1 && isComputed(operand.index)
                && computedWindow(of: operand.index) == windows[arithmetic]
                && channels[operand.index].positions == channels[arithmetic].positions
        }?.index
    }

    private mutating func emitInPlaceIfPossible(_ action: Program.Action, _ index: Int) {
        let input = graph.nodes[index].inputs[0].index
        if isOverwritten(input) {
            let place = places[input]!
            places[index] = place
            let operand = operand(place.part, window: place.part.window)
            emit(action, from: [operand], to: operand, index)
        } else {
            let source = source(of: index, window: computedWindow(of: index)!, inPlace: false)
            emit(action, from: [source], to: destination(of: index), index)
        }
    }

    /// A step on one map without weights.
    private mutating func emit(_ operation: MapOperation, _ index: Int, from window: MapWindow) {
        let source = source(of: index, window: window, inPlace: true)
        emit(.map(operation), from: [source], to: destination(of: index), index)
    }

    private mutating func lower(_ arithmetic: Arithmetic, _ index: Int) {
        let (node, window) = (graph.nodes[index], windows[index]!)
        var operands: [MapOperation.Operand] = []
        var sources: [Program.Operand] = []
        for input in node.inputs {
            let packed = channels[input.index]
            let isStretched = packed.positions.count < channels[index].positions.count
            let extent = computation.extent(of: input.index)
            // As far as the operand goes: one row, one column, where it is stretched.
            let part = extent.map { $0.rows.count == 1 && $0.columns.count == 1 ? $0 : window } ?? window
            operands.append(
                MapOperation.Operand(
                    onlyChannel: isStretched ? packed.positions[0] : nil,
                    isOnePixel: part != window))
            var source = source(of: index, input: input.index, window: part, inPlace: true)
            if !isStretched, packed.positions != channels[index].positions {
                source = repacked(source, packed, like: index, window: part)
            }
            sources.append(source)
        }
        let operation = MapOperation.arithmetic(
            arithmetic, positions: channels[index].positions, left: operands[0], right: operands[1],
            relu: hasFusedReLU(index))
        if let overwritten = overwrittenOperand(of: index) {
            let place = places[overwritten]!
            places[index] = place
            emit(.map(operation), from: sources, to: operand(place.part, window: place.part.window), index)
        } else {
            emit(.map(operation), from: sources, to: destination(of: index), index)
        }
    }

    /// A copy of a map, its channels stored as another node's are.
    private mutating func repacked(
        _ source: Program.Operand, _ packed: PackedChannels, like index: Int, window: MapWindow
    ) -> Program.Operand {
        let stored = channels[index]
        let place = newPlace(channels: stored.count, window: window)
        let whole = operand(place.part, window: window)
        emit(.zero, from: [whole], to: whole, index)
        for run in stored.runs {
            var part = place.part
            part.channelOffset += run.stored
            part.channels = blocks(run.count)
            let positions = Array(packed.positions[run.position..<run.position + run.count])
            emit(
                .map(.channelSlice(positions: positions)), from: [source], to: operand(part, window: window), index)
        }
        return whole
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
        case .bilinearUpsampling(let factor, _):
            extents = (factor, factor, factor)
        case .relu, .affine, .activation, .softmax:
            return isOverwritten(node.inputs[0].index) ? computedWindow(of: node.inputs[0].index) : window
        case .padding, .groupNormalization:
            return computation.extent(of: index)
        default:
            return window
        }
        let input = computation.inputWindow(of: index)
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
        return operand(place.part, window: window)
    }

    /// A convolution may write the network's output as the caller reads it, when nothing else follows.
    private func isPlainOutputPossible(_ index: Int) -> Bool {
        guard case .convolution(let convolution) = graph.nodes[index].operation, !convolution.isDepthwise else {
            return false
        }
        return index == graph.output.index || (hasFusedReLU(index) && consumers[index][0] == graph.output)
    }

    /// What a step reads: its input where it lies, or a copy where that cannot be.
    ///
    /// - Parameter inPlace: whether the kernel reads a window of a larger map.
    private mutating func source(of index: Int, window: MapWindow, inPlace: Bool) -> Program.Operand {
        source(of: index, input: graph.nodes[index].inputs[0].index, window: window, inPlace: inPlace)
    }

    private mutating func source(
        of index: Int, input: Int, window: MapWindow, inPlace: Bool
    ) -> Program.Operand {
        let place = place(of: input)
        let isPlain = buffers[place.part.buffer].layout == .plain
        if !isPlain && window.intersection(place.valid) == window {
            let operand = operand(place.part, window: window)
            if inPlace || operand.view.isWhole { return operand }
        }
        let copy = newPlace(channels: channels[input].count, window: window)
        emitCopy(of: place, to: copy, window: window, for: index)
        return operand(copy.part, window: window)
    }

    /// What a convolution reads. Zeros around its input are not stored, but left to the kernel; the network's input is
    /// read as it comes.
    private mutating func paddedSources(of index: Int, isDepthwise: Bool) -> ([Program.Operand], Borders) {
        let input = graph.nodes[index].inputs[0].index
        let place = place(of: input)
        let window = computation.inputWindow(of: index)
        let inside = window.intersection(place.valid)
        let padding = Borders(around: inside, in: window)
        if isDepthwise { return ([source(of: index, window: inside, inPlace: false)], padding) }
        let operands = place.parts.map { operand($0, window: inside) }
        if readsWindows || operands[0].view.isWhole { return (operands, padding) }
        return ([source(of: index, window: inside, inPlace: false)], padding)
    }

    private mutating func plainOutput() -> Int {
        let index = graph.output.index
        let (place, window) = (place(of: index), windows[index]!)
        let part = place.part
        if buffers[part.buffer].layout == .plain && part.window == window { return part.buffer }
        let plain = newPlace(channels: channels[index].positions.count, window: window, layout: .plain)
        // A concatenation's parts have gaps between them, which stay behind.
        for run in channels[index].runs {
            var (source, destination) = (place, plain)
            source.part.channelOffset += run.stored
            source.part.channels = min(part.channels - run.stored, blocks(run.count))
            destination.part.channelOffset = run.position
            destination.part.channels = run.count
            emitCopy(of: source, to: destination, window: window, for: index)
        }
        return plain.part.buffer
    }

    /// So many channels, rounded up to whole blocks.
    private func blocks(_ channels: Int) -> Int { (channels + channelBlock - 1) / channelBlock * channelBlock }

    private mutating func newPlace(channels: Int, window: MapWindow, layout: MapLayout = .blocked) -> Place {
        buffers.append(
            Program.Buffer(
                layout: layout, channels: channels, height: window.rows.count, width: window.columns.count,
                lifetime: 0...0))
        let part = Part(buffer: buffers.count - 1, channelOffset: 0, channels: channels, window: window)
        return Place(parts: [part], valid: window)
    }

    private func operand(_ part: Part, window: MapWindow) -> Program.Operand {
        let buffer = buffers[part.buffer]
        return Program.Operand(
            buffer: part.buffer, channelOffset: part.channelOffset,
            view: MapView(
                layout: buffer.layout, channels: part.channels, height: window.rows.count,
                width: window.columns.count, parentHeight: buffer.height, parentWidth: buffer.width,
                top: window.rows.lowerBound - part.window.rows.lowerBound,
                left: window.columns.lowerBound - part.window.columns.lowerBound))
    }

    private mutating func emit(
        _ action: Program.Action, from sources: [Program.Operand], to destination: Program.Operand,
        padding: Borders = Borders(all: 0), _ node: Int
    ) {
        steps.append(
            Program.Step(
                action: action, sources: sources, destination: destination, padding: padding, node: node,
                label: graph.nodes[node].label))
    }
}

extension Borders {
    /// What a window has beyond a part of it, on each side.
    fileprivate init(around part: MapWindow, in whole: MapWindow) {
        self.init(
            top: part.rows.lowerBound - whole.rows.lowerBound, left: part.columns.lowerBound - whole.columns.lowerBound,
            bottom: whole.rows.upperBound - part.rows.upperBound,
            right: whole.columns.upperBound - part.columns.upperBound)
    }
}

extension Resize.Sample {
    /// Counted from the first of these positions.
    fileprivate func relative(to range: Range<Int>) -> Self {
        var sample = self
        sample.low -= range.lowerBound
        sample.high -= range.lowerBound
        return sample
    }
}
