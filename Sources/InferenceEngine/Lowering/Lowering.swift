import NetworkGraph

/// Turns a network's maps into buffers and its operations into steps.
///
/// `MapRoles` decides from the graph what becomes of each map, `LoweredMaps` says where it lies, and here each operation
/// becomes its steps. One operation may have several ways to be computed; which one is taken is decided here:
/// - a ReLU behind a convolution, an up-convolution or an arithmetic operation is part of it;
/// - max pooling of unpadded squares and bilinear upsampling by a whole factor have kernels of their own, other windows
///   and other ways of resizing a general one;
/// - crops, and padding with zeros, are no steps: whoever reads the map reads another window of it, and zeros around a
///   convolution's input are left to its kernel.
struct Lowering {
    let computation: TileComputation
    let graph: Graph
    let roles: MapRoles
    private let readsWindows: Bool
    var maps: LoweredMaps

    /// Memory for all maps; which steps touch it is not told here.
    var buffers: [Program.Buffer] { maps.buffers }
    /// What is to be done, in order.
    var steps: [Program.Step] { maps.steps }
    /// The buffer that the network's input is put into.
    private(set) var inputBuffer = 0
    /// The buffer that the network's output is read from.
    private(set) var outputBuffer = 0

    /// - Throws: `EngineError` for a graph that contradicts itself, or has an operation that no tile can have.
    init(_ computation: TileComputation, backend: any Backend) throws(EngineError) {
        self.computation = computation
        graph = computation.graph
        readsWindows = backend.readsWindows
        roles = try MapRoles(computation, backend: backend)
        maps = LoweredMaps(roles, channelBlock: backend.channelBlock)
        for index in graph.nodes.indices {
            guard let window = computation.windows[index] else { continue }
            try lower(index, window)
            maps.fillSlices(of: index)
        }
        outputBuffer = maps.plainOutput()
    }

    // MARK: - Operations

    private mutating func lower(_ index: Int, _ window: MapWindow) throws(EngineError) {
        let node = graph.nodes[index]
        switch node.operation {
        case .input:
            inputBuffer = maps.placeInput(index)
        case .convolution(let convolution):
            let (sources, padding) = maps.paddedSources(of: index, isDepthwise: convolution.groups > 1)
            let destination = maps.destination(of: index)
            try checkWeights(of: convolution, sources, destination, label: node.label)
            maps.emit(
                .convolution(convolution, channels: inputChannels(of: index), relu: roles.hasFusedReLU(index)),
                from: sources, to: destination, padding: padding, index)
        case .transposedConvolution(let convolution):
            emit(
                .transposedConvolution(
                    convolution, channels: inputChannels(of: index), relu: roles.hasFusedReLU(index)), index,
                from: computation.inputWindow(of: index), inPlace: readsWindows)
        case .affine(let affine):
            emitInPlaceIfPossible(.affine(affine, channels: roles.channels[index]), index)
        case .activation(let activation):
            let input = node.inputs[0].index
            if node.operation.isReLU && roles.hasFusedReLU(input) {
                maps.alias(index, as: input)
            } else {
                emitInPlaceIfPossible(.map(.activation(StoredActivation(activation, roles.channels[index]))), index)
            }
        case .pooling(let pooling):
            lower(pooling, index, window)
        case .resize(let resize):
            lower(resize, index, window)
        case .crop:
            break
        case .padding(let padding):
            guard node.operation.movedBorders == nil else { break }
            emit(.padding(padding), index, from: computation.inputWindow(of: index))
        case .concatenation:
            maps.placeConcatenation(index)
        case .arithmetic(let arithmetic):
            lower(arithmetic, index, window)
        case .globalMean:
            emit(.globalMean, index, from: computation.inputWindow(of: index))
        case .channelMean:
            emit(.channelMean(positions: inputChannels(of: index).positions), index, from: window)
        case .globalMaximum:
            emit(.globalMaximum, index, from: computation.inputWindow(of: index))
        case .channelMaximum:
            emit(.channelMaximum(positions: inputChannels(of: index).positions), index, from: window)
        case .softmax:
            emitInPlaceIfPossible(.map(.softmax(positions: roles.channels[index].positions)), index)
        case .groupedSoftmax(let groups):
            emit(.groupedSoftmax(groups: roles.channels[index].parted(groups)), index, from: window)
        case .channelNormalization(let affine, let epsilon):
            let stored = roles.channels[index]
            emit(
                .channelNormalization(
                    positions: stored.positions, scale: stored.spread(affine.scale.elements()),
                    shift: stored.spread(affine.shift.elements()), epsilon: epsilon), index, from: window)
        case .depthToSpace(let block, let order):
            let inside = computation.inputWindow(of: index)
            emit(.shuffle(enlarging(block, order, index, window, inside)), index, from: inside)
        case .spaceToDepth(let block):
            emit(.shuffle(reducing(block, index)), index, from: computation.inputWindow(of: index))
        case .pixelArithmetic(let arithmetic, let constant, let isConstantFirst):
            var pixels = PixelConstant(constant, isFirst: isConstantFirst)
            (pixels.top, pixels.left) = (window.rows.lowerBound, window.columns.lowerBound)
            emit(.pixelArithmetic(arithmetic, pixels, positions: roles.channels[index].positions), index, from: window)
        case .attentionScores(let heads, _):
            lowerAttention(index) { first, second, own in
                .attentionScores(
                    queries: first.parted(heads), keys: second.parted(heads), scores: own.parted(heads))
            }
        case .attentionMixture(let heads):
            lowerAttention(index) { first, second, own in
                .attentionMixture(
                    shares: first.parted(heads), values: second.parted(heads), mixtures: own.parted(heads))
            }
        case .rearrangement(let rearrangement):
            emit(
                .rearrangement(
                    rearrangement, channels: inputChannels(of: index).positions,
                    positions: roles.channels[index].positions), index, from: computation.inputWindow(of: index))
        case .channelSlice(let start, let count, let step):
            let positions = inputChannels(of: index).positions
            emit(.channelSlice(positions: (0..<count).map { positions[start + $0 * step] }), index, from: window)
        case .groupNormalization(let groups, let affine, let epsilon):
            let stored = roles.channels[index]
            emit(
                .groupNormalization(
                    groups: stored.parted(groups),
                    scale: stored.spread(affine.scale.elements()), shift: stored.spread(affine.shift.elements()),
                    epsilon: epsilon), index, from: computation.inputWindow(of: index))
        case .fitToSize:
            throw EngineError("\(node.label): a fit to size that is not fixed has no place in a tile")
        }
    }

    /// Max pooling of squares that need nothing beyond the map has a kernel of its own.
    private mutating func lower(_ pooling: Pooling, _ index: Int, _ window: MapWindow) {
        let operation = graph.nodes[index].operation
        let reach = MapWindow(
            rows: operation.inputs(of: window.rows, .vertical),
            columns: operation.inputs(of: window.columns, .horizontal))
        let inside = computation.inputWindow(of: index)
        if let square = pooling.unpaddedSquare, pooling.kind == .maximum, inside == reach {
            emit(
                .maxPooling(extent: square.taps, stride: square.stride), index, from: inside, inPlace: readsWindows)
        } else {
            emit(.pooling(pooling, padding: Borders(around: inside, in: reach)), index, from: inside)
        }
    }

    /// Bilinear upsampling by a whole factor has a kernel of its own; other ways are told as sample points.
    private mutating func lower(_ resize: Resize, _ index: Int, _ window: MapWindow) {
        let inside = computation.inputWindow(of: index)
        if let factor = resize.bilinearFactor {
            let alignCorners = resize.coordinates == .alignCorners
            emit(
                .bilinearUpsampling(factor: factor, alignCorners: alignCorners), index, from: inside,
                inPlace: alignCorners)
            return
        }
        let extent = computation.extent(of: graph.nodes[index].inputs[0].index)
        if case .cubic = resize.mode {
            let rows = window.rows.map {
                resize.taps($0, .vertical, input: extent?.rows.count).relative(to: inside.rows)
            }
            let columns = window.columns.map {
                resize.taps($0, .horizontal, input: extent?.columns.count).relative(to: inside.columns)
            }
            emit(.cubicResampling(rows: rows, columns: columns), index, from: inside)
            return
        }
        let rows = window.rows.map {
            resize.sample($0, .vertical, input: extent?.rows.count).relative(to: inside.rows)
        }
        let columns = window.columns.map {
            resize.sample($0, .horizontal, input: extent?.columns.count).relative(to: inside.columns)
        }
        emit(.resampling(rows: rows, columns: columns), index, from: inside)
    }

    private mutating func lower(_ arithmetic: Arithmetic, _ index: Int, _ window: MapWindow) {
        let stored = roles.channels[index]
        var operands: [MapOperation.Operand] = []
        var sources: [Program.Operand] = []
        for input in graph.nodes[index].inputs {
            let packed = roles.channels[input.index]
            let isStretched = packed.positions.count < stored.positions.count
            let extent = computation.extent(of: input.index)
            // As far as the operand goes: one row, one column, where it is stretched.
            let part = extent.map { $0.rows.count == 1 && $0.columns.count == 1 ? $0 : window } ?? window
            operands.append(
                MapOperation.Operand(
                    onlyChannel: isStretched ? packed.positions[0] : nil, isOnePixel: part != window))
            var source = maps.source(of: index, input: input.index, window: part, inPlace: true)
            if !isStretched, packed.positions != stored.positions {
                source = maps.repacked(source, packed, like: stored, window: part, for: index)
            }
            sources.append(source)
        }
        let operation = MapOperation.arithmetic(
            arithmetic, positions: stored.positions, left: operands[0], right: operands[1],
            relu: roles.hasFusedReLU(index))
        let destination =
            if let overwritten = roles.overwrittenOperand(of: index) {
                maps.overwrite(overwritten, by: index)
            } else {
                maps.destination(of: index)
            }
        maps.emit(.map(operation), from: sources, to: destination, index)
    }

    // MARK: - Steps

    /// The channels of an operation's first input, as they are stored.
    func inputChannels(of index: Int) -> PackedChannels { roles.channels[graph.nodes[index].inputs[0].index] }

    /// A step that works where its input lies, if nothing else needs that input, and makes a map of its own otherwise.
    private mutating func emitInPlaceIfPossible(_ action: Program.Action, _ index: Int) {
        let input = graph.nodes[index].inputs[0].index
        if roles.isOverwritten(input) {
            let operand = maps.overwrite(input, by: index)
            maps.emit(action, from: [operand], to: operand, index)
        } else {
            emit(action, index, from: roles.computedWindow(of: index)!, inPlace: false)
        }
    }

    /// A step on one map without weights.
    private mutating func emit(_ operation: MapOperation, _ index: Int, from window: MapWindow) {
        emit(.map(operation), index, from: window, inPlace: true)
    }

    /// A step that reads a window of its first input.
    ///
    /// - Parameter inPlace: true if the kernel can read a window of a larger map.
    private mutating func emit(_ action: Program.Action, _ index: Int, from window: MapWindow, inPlace: Bool) {
        let input = graph.nodes[index].inputs[0].index
        let source = maps.source(of: index, input: input, window: window, inPlace: inPlace)
        maps.emit(action, from: [source], to: maps.destination(of: index), index)
    }
}

extension PackedChannels {
    /// The places of the channels in so many equal parts.
    fileprivate func parted(_ count: Int) -> [[Int]] {
        let size = positions.count / count
        return (0..<count).map { Array(positions[$0 * size..<($0 + 1) * size]) }
    }
}

extension Resize.Taps {
    /// The taps counted from the first of these positions.
    fileprivate func relative(to range: Range<Int>) -> Self {
        var taps = self
        for index in taps.positions.indices { taps.positions[index] -= range.lowerBound }
        return taps
    }
}

extension Pooling {
    /// The window of both axes, where they are the same, have no gaps between their taps and no padding; nil otherwise.
    fileprivate var unpaddedSquare: Window? {
        vertical == horizontal && vertical.dilation == 1 && padding == Borders(all: 0) ? vertical : nil
    }
}

extension Resize.Sample {
    /// The sample counted from the first of these positions.
    fileprivate func relative(to range: Range<Int>) -> Self {
        var sample = self
        sample.low -= range.lowerBound
        sample.high -= range.lowerBound
        return sample
    }
}
