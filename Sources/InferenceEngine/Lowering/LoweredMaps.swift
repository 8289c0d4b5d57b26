import NetworkGraph

/// Where a tile's maps lie while its operations become steps: the buffers that have been made so far, and the steps that
/// write them.
///
/// Maps are named by their node's position in the graph.
struct LoweredMaps {
    private let roles: MapRoles
    private let channelBlock: Int
    private var graph: Graph { roles.graph }
    private var computation: TileComputation { roles.computation }

    private(set) var buffers: [Program.Buffer] = []
    private(set) var steps: [Program.Step] = []
    /// nil for maps that are not computed yet, and for those that are others seen differently.
    private var places: [Place?]

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
        /// Channels as stored.
        var channels: Int
        /// The buffer's extent, in the map's own pixels.
        var window: MapWindow
    }

    /// - Parameter channelBlock: channels that lie together in the backend's blocked layout.
    init(_ roles: MapRoles, channelBlock: Int) {
        self.roles = roles
        self.channelBlock = channelBlock
        places = Array(repeating: nil, count: roles.graph.nodes.count)
    }

    // MARK: - What a step reads

    /// What a step reads: its input where it lies, or a copy where that cannot be.
    ///
    /// - Parameters:
    ///   - index: the operation that the step is for.
    ///   - input: the map.
    ///   - window: the part of the map that is needed, which may reach into the zeros around it.
    ///   - inPlace: true if the kernel can read a window of a larger map.
    mutating func source(of index: Int, input: Int, window: MapWindow, inPlace: Bool) -> Program.Operand {
        let place = place(of: input)
        let isPlain = buffers[place.part.buffer].layout == .plain
        if !isPlain && window.intersection(place.valid) == window {
            let operand = operand(place.part, window: window)
            if inPlace || operand.view.isWhole { return operand }
        }
        let copy = newPlace(channels: roles.channels[input].count, window: window)
        emitCopy(of: place, to: copy, window: window, for: index)
        return operand(copy.part, window: window)
    }

    /// What a convolution reads. Zeros around its input are not stored, but left to the kernel; the network's input is
    /// read as it comes.
    mutating func paddedSources(of index: Int, isDepthwise: Bool) -> (sources: [Program.Operand], padding: Borders) {
        let input = graph.nodes[index].inputs[0].index
        let place = place(of: input)
        let window = computation.inputWindow(of: index)
        let inside = window.intersection(place.valid)
        let padding = Borders(around: inside, in: window)
        if !isDepthwise {
            let operands = place.parts.map { operand($0, window: inside) }
            if roles.readsWindows || operands[0].view.isWhole { return (operands, padding) }
        }
        return ([source(of: index, input: input, window: inside, inPlace: false)], padding)
    }

    /// A copy of a map with its channels stored as another map's are.
    mutating func repacked(
        _ source: Program.Operand, _ packed: PackedChannels, like stored: PackedChannels, window: MapWindow,
        for index: Int
    ) -> Program.Operand {
        let place = newPlace(channels: stored.count, window: window)
        let whole = operand(place.part, window: window)
        emit(.zero, from: [whole], to: whole, index)
        for run in stored.runs {
            var part = place.part
            part.channelOffset += run.stored
            part.channels = blocks(run.count)
            let positions = Array(packed.positions[run.position..<run.position + run.count])
            emit(.map(.channelSlice(positions: positions)), from: [source], to: operand(part, window: window), index)
        }
        return whole
    }

    // MARK: - What a step writes

    /// Finds or makes the place that a step writes: a slice of a concatenation, the network's output as the caller reads
    /// it, or a buffer of its own.
    mutating func destination(of index: Int) -> Program.Operand {
        let window = roles.computedWindow(of: index)!
        let final = roles.finalMap(index)
        let place: Place
        if let slice = roles.slices[final] {
            place = self.place(of: slice)
        } else if final == graph.output.index, roles.isPlainOutputPossible(index) {
            place = newPlace(channels: roles.channels[index].positions.count, window: window, layout: .plain)
        } else {
            place = newPlace(channels: roles.channels[index].count, window: window)
        }
        places[index] = place
        return operand(place.part, window: window)
    }

    /// Gives a map the place of another one, which it overwrites.
    mutating func overwrite(_ other: Int, by index: Int) -> Program.Operand {
        alias(index, as: other)
        let part = places[index]!.part
        return operand(part, window: part.window)
    }

    /// Gives a map the place of another one, which already holds it.
    mutating func alias(_ index: Int, as other: Int) { places[index] = places[other] }

    /// - Returns: the new buffer of the network's input.
    mutating func placeInput(_ index: Int) -> Int {
        let channels = roles.channels[index].positions.count
        let place = newPlace(channels: channels, window: computation.windows[index]!, layout: .plain)
        places[index] = place
        return place.part.buffer
    }

    /// Sees to it that the network's output lies as the caller reads it.
    ///
    /// - Returns: the output's buffer.
    mutating func plainOutput() -> Int {
        let index = graph.output.index
        let (place, window) = (place(of: index), computation.windows[index]!)
        let part = place.part
        if buffers[part.buffer].layout == .plain && part.window == window { return part.buffer }
        let plain = newPlace(channels: roles.channels[index].positions.count, window: window, layout: .plain)
        // A concatenation's parts have gaps between them, which stay behind.
        for run in roles.channels[index].runs {
            var (source, destination) = (place, plain)
            source.part.channelOffset += run.stored
            source.part.channels = min(part.channels - run.stored, blocks(run.count))
            destination.part.channelOffset = run.position
            destination.part.channels = run.count
            emitCopy(of: source, to: destination, window: window, for: index)
        }
        return plain.part.buffer
    }

    // MARK: - Concatenations

    /// Gives a concatenation its place: all of its maps' places, or a buffer of its own, which those have filled.
    mutating func placeConcatenation(_ index: Int) {
        if roles.isReadInParts(index) {
            let maps = graph.nodes[index].inputs.map { place(of: $0.index) }
            places[index] = Place(
                parts: maps.flatMap(\.parts),
                valid: maps.dropFirst().reduce(maps[0].valid) { $0.intersection($1.valid) })
        } else {
            _ = place(of: MapRoles.Slice(concatenation: index, number: 0))
        }
    }

    /// Copies a map that has just been computed into the concatenations that wait for it.
    mutating func fillSlices(of map: Int) {
        for slice in roles.copies[map] {
            let place = place(of: slice)
            let input = graph.nodes[slice.concatenation].inputs[slice.number].index
            emitCopy(of: self.place(of: input), to: place, window: place.part.window, for: slice.concatenation)
        }
    }

    private mutating func place(of slice: MapRoles.Slice) -> Place {
        let concatenation = slice.concatenation
        if places[concatenation] == nil {
            let window = computation.windows[concatenation]!
            places[concatenation] = newPlace(channels: roles.channels[concatenation].count, window: window)
        }
        var place = places[concatenation]!
        let inputs = graph.nodes[concatenation].inputs
        for input in inputs[..<slice.number] { place.part.channelOffset += roles.channels[input.index].count }
        place.part.channels = roles.channels[inputs[slice.number].index].count
        return place
    }

    // MARK: - Places

    /// Where a map lies that has been computed, or is a crop of one that has, or one with zeros around it.
    private func place(of map: Int) -> Place {
        // Not by calling itself: a file may have thousands of crops in a row.
        var moves: [Int] = []
        var source = map
        while graph.nodes[source].operation.movedBorders != nil {
            moves.append(source)
            source = graph.nodes[source].inputs[0].index
        }
        var place = places[source]!
        for move in moves.reversed() {
            let borders = graph.nodes[move].operation.movedBorders!
            place = place.shifted(rows: -borders.top, columns: -borders.left)
            if let extent = computation.extent(of: move) { place.valid = place.valid.intersection(extent) }
        }
        return place
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

    // MARK: - Steps

    /// Appends a step.
    ///
    /// - Parameter node: the operation that it is for.
    mutating func emit(
        _ action: Program.Action, from sources: [Program.Operand], to destination: Program.Operand,
        padding: Borders = Borders(all: 0), _ node: Int
    ) {
        steps.append(
            Program.Step(
                action: action, sources: sources, destination: destination, padding: padding, node: node,
                label: graph.nodes[node].label))
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
}

extension Borders {
    /// What a window has beyond a part of it, on each side.
    init(around part: MapWindow, in whole: MapWindow) {
        self.init(
            top: part.rows.lowerBound - whole.rows.lowerBound, left: part.columns.lowerBound - whole.columns.lowerBound,
            bottom: whole.rows.upperBound - part.rows.upperBound,
            right: whole.columns.upperBound - part.columns.upperBound)
    }
}
