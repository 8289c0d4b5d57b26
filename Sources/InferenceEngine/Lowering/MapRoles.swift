import NetworkGraph

/// What becomes of each map of a tile, decided from the graph alone, before there is any buffer or step.
///
/// Three rules save memory and copies:
/// - a ReLU behind a convolution is part of it, and a ReLU or normalisation that alone reads a map works in place;
/// - what only a concatenation reads is computed straight into its slice of the concatenation's buffer;
/// - a concatenation that only convolutions read is never put together, where the backend reads its maps in place; else a
///   skip is cropped into its slice as soon as it is computed, so that only the part that the decoder needs waits.
///
/// Maps are named by their node's position in the graph.
struct MapRoles {
    let computation: TileComputation
    let graph: Graph
    /// How each map's channels are stored.
    let channels: [PackedChannels]
    let consumers: [[Graph.Value]]
    let readsWindows: Bool

    /// One input of a concatenation.
    struct Slice: Hashable {
        var concatenation: Int
        /// Which of the concatenation's inputs it is.
        var number: Int
    }
    /// For each map the slice that it is computed straight into, if there is one.
    private(set) var slices: [Slice?]
    /// For each map the slices that take a copy of it, or of a crop of it.
    private(set) var copies: [[Slice]]

    init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        self.computation = computation
        graph = computation.graph
        consumers = graph.consumers
        readsWindows = backend.readsWindows
        channels = try PackedChannels.all(of: graph, block: backend.channelMultiple)
        slices = Array(repeating: nil, count: graph.nodes.count)
        copies = Array(repeating: [], count: graph.nodes.count)
        assignSlices()
    }

    // MARK: - Concatenations

    /// Decides for each input of a concatenation whether it is computed into its slice or copied there.
    private mutating func assignSlices() {
        for (index, node) in graph.nodes.enumerated() {
            guard case .concatenation = node.operation, let window = computation.windows[index], !isReadInParts(index)
            else { continue }
            for (number, input) in node.inputs.enumerated() {
                let slice = Slice(concatenation: index, number: number)
                let isOnlyReader = consumers[input.index].count == 1
                if isOnlyReader, computedWindow(of: input.index) == window, isComputed(input.index) {
                    slices[input.index] = slice
                } else {
                    copies[unmoved(input.index)].append(slice)
                }
            }
        }
    }

    /// Returns true if all that reads a concatenation takes its maps where they lie. Convolutions do, if nothing is to be
    /// padded.
    func isReadInParts(_ concatenation: Int) -> Bool {
        readsWindows && isReadByConvolutionsAlone(concatenation)
            && graph.nodes[concatenation].inputs.allSatisfy { isUnpadded($0.index) }
    }

    private func isReadByConvolutionsAlone(_ map: Int) -> Bool {
        var maps = [map]
        while let map = maps.popLast() {
            guard graph.output.index != map else { return false }
            for reader in consumers[map] {
                let operation = graph[reader].operation
                if case .convolution(let convolution) = operation {
                    guard convolution.groups == 1 else { return false }
                } else if operation.movedBorders != nil {
                    maps.append(reader.index)
                } else if computation.windows[reader.index] != nil {
                    return false
                }
            }
        }
        return true
    }

    /// Returns true if a map lies in blocks, and neither it nor what it is a crop of has zeros around it.
    private func isUnpadded(_ map: Int) -> Bool {
        var map = map
        while let borders = graph.nodes[map].operation.movedBorders {
            guard borders == borders.clampedAtZero else { return false }
            map = graph.nodes[map].inputs[0].index
        }
        if case .input = graph.nodes[map].operation { return false }
        return true
    }

    /// Returns true if a step writes the map. It is another map seen differently otherwise, or several of them.
    private func isComputed(_ map: Int) -> Bool {
        let operation = graph.nodes[map].operation
        switch operation {
        case .input, .concatenation, .fitToSize: return false
        default: return operation.movedBorders == nil
        }
    }

    /// The map that crops were taken from, and that zeros were put around.
    private func unmoved(_ map: Int) -> Int {
        var map = map
        while graph.nodes[map].operation.movedBorders != nil { map = graph.nodes[map].inputs[0].index }
        return map
    }

    // MARK: - Fused operations

    /// Returns true if the step that computes a map also applies the ReLU behind it.
    func hasFusedReLU(_ map: Int) -> Bool {
        guard consumers[map].count == 1, graph[consumers[map][0]].operation.isReLU else { return false }
        switch graph.nodes[map].operation {
        case .convolution, .transposedConvolution, .arithmetic: return true
        default: return false
        }
    }

    // MARK: - Operations in place

    /// Returns true if the map's only reader overwrites it.
    func isOverwritten(_ map: Int) -> Bool {
        guard consumers[map].count == 1, isComputed(map) else { return false }
        let reader = consumers[map][0]
        switch graph[reader].operation {
        case .affine, .activation, .softmax: return true
        case .arithmetic: return overwrittenOperand(of: reader.index) == map
        default: return false
        }
    }

    /// The operand in whose place an arithmetic operation puts its result, if there is one.
    func overwrittenOperand(of arithmetic: Int) -> Int? {
        graph.nodes[arithmetic].inputs.first { operand in
            consumers[operand.index].count == 1 && isComputed(operand.index)
                && computedWindow(of: operand.index) == computation.windows[arithmetic]
                && channels[operand.index].positions == channels[arithmetic].positions
        }?.index
    }

    /// The last of the operations that work on this map in place: what it becomes.
    func finalMap(_ map: Int) -> Int {
        var map = map
        while isOverwritten(map) || hasFusedReLU(map) { map = consumers[map][0].index }
        return map
    }

    // MARK: - Windows

    /// The window that a step really computes of a map; nil for a map that is not needed. For upsampling it is all that
    /// the input's window gives, which may be more than is needed.
    func computedWindow(of map: Int) -> MapWindow? {
        // What works in place has the window of the first map there. There may be thousands in a row.
        var map = map
        while works(inPlace: map), let input = graph.nodes[map].inputs.first?.index, isOverwritten(input) {
            map = input
        }
        guard let window = computation.windows[map] else { return nil }
        let node = graph.nodes[map]
        switch node.operation {
        case .transposedConvolution(let convolution):
            return expanded(
                map, height: convolution.kernelHeight, width: convolution.kernelWidth, factor: convolution.stride)
        case .resize(let resize):
            guard let factor = resize.bilinearFactor else { return window }
            return expanded(map, height: factor, width: factor, factor: factor)
        case .padding where node.operation.movedBorders == nil, .groupNormalization, .attentionScores,
            .attentionMixture, .rearrangement:
            return computation.extent(of: map)
        default:
            return window
        }
    }

    private func works(inPlace map: Int) -> Bool {
        switch graph.nodes[map].operation {
        case .affine, .activation, .softmax: true
        default: false
        }
    }

    /// What an input's window gives, each pixel `height` x `width` pixels that are `factor` apart.
    private func expanded(_ map: Int, height: Int, width: Int, factor: Int) -> MapWindow {
        let input = computation.inputWindow(of: map)
        func expanded(_ range: Range<Int>, _ extent: Int) -> Range<Int> {
            range.lowerBound * factor..<(range.upperBound - 1) * factor + extent
        }
        return MapWindow(rows: expanded(input.rows, height), columns: expanded(input.columns, width))
    }

    /// Returns true if a step may write the network's output as the caller reads it. A convolution can, when nothing
    /// follows it but its ReLU.
    func isPlainOutputPossible(_ map: Int) -> Bool {
        guard case .convolution(let convolution) = graph.nodes[map].operation, convolution.groups == 1 else {
            return false
        }
        return map == graph.output.index || (hasFusedReLU(map) && consumers[map][0] == graph.output)
    }
}
