import COvertileKernels
import NetworkGraph

/// A convolution without its weights.
struct ConvolutionShape {
    let kernelHeight: Int
    let kernelWidth: Int
    let stride: Int
    let dilation: Int
    let isTransposed: Bool

    init(_ convolution: Convolution) {
        (kernelHeight, kernelWidth) = (convolution.kernelHeight, convolution.kernelWidth)
        (stride, dilation, isTransposed) = (convolution.stride, convolution.dilation, false)
    }

    init(_ convolution: TransposedConvolution) {
        (kernelHeight, kernelWidth) = (convolution.kernelHeight, convolution.kernelWidth)
        (stride, dilation, isTransposed) = (convolution.stride, 1, true)
    }
}

/// Makes the operations of a training step out of a network's graph, for one size of crops and batch.
struct ProgramBuilder {
    private let network: TrainableNetwork
    private let graph: Graph
    private let batch: Int
    private let kernels: overtile_kernels
    private let consumers: [[Graph.Value]]
    /// The ReLUs that the operation before them computes, too.
    private var joined: Set<Int> = []
    private var views: [MapView?]

    private(set) var operations: [any TrainingOperation] = []
    private(set) var maps: [StoredMap] = []
    /// The maps whose gradients depend on trained parameters.
    private(set) var wanted: Set<Int> = []
    /// The maps that the network gives, one for each head.
    private(set) var outputs: [Int] = []

    init(
        _ network: TrainableNetwork, batch: Int, height: Int, width: Int, kernels: overtile_kernels
    ) throws(TrainingError) {
        self.network = network
        self.batch = batch
        self.kernels = kernels
        graph = network.graph
        consumers = graph.consumers
        views = Array(repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            if case .input(let channels) = node.operation {
                maps.append(StoredMap(groups: [channels], height: height, width: width, isPlain: true))
                views[index] = whole(maps.count - 1)
            } else if joined.contains(index) {
                views[index] = views[node.inputs[0].index]
            } else {
                views[index] = try view(of: node, index)
            }
        }
        for output in network.outputs {
            let node = graph[output]
            outputs.append(try materialized(views[output.index]!, for: node))
        }
    }

    private func whole(_ map: Int) -> MapView {
        MapView(parts: [MapPart(map: map)], height: maps[map].height, width: maps[map].width)
    }

    /// A new map for what a node gives.
    private mutating func newMap(_ groups: [Int], _ height: Int, _ width: Int, _ node: Graph.Node) throws(TrainingError)
        -> Int
    {
        guard height > 0, width > 0 else { throw TrainingError(node, "the crops are too small for this network") }
        maps.append(StoredMap(groups: groups, height: height, width: width))
        return maps.count - 1
    }

    private mutating func append(_ operation: any TrainingOperation, isTrained: Bool = false) -> MapView {
        operations.append(operation)
        if isTrained || operation.sources.contains(where: wanted.contains) { wanted.insert(operation.result) }
        return whole(operation.result)
    }

    /// True if the one reader of a node is a ReLU, which then is computed along with it.
    private mutating func joinsReLU(_ index: Int) -> Bool {
        let readers = consumers[index]
        guard readers.count == 1, graph[readers[0]].operation.isReLU,
            !network.outputs.contains(Graph.Value(index: index))
        else { return false }
        joined.insert(readers[0].index)
        return true
    }

    private mutating func view(of node: Graph.Node, _ index: Int) throws(TrainingError) -> MapView {
        let sources = node.inputs.map { views[$0.index]! }
        switch node.operation {
        case .convolution(let convolution):
            guard convolution.groups == 1 else { throw TrainingError(node, "convolutions in groups are not trained") }
            return try appendConvolution(
                ConvolutionShape(convolution), convolution.outputChannels, sources[0], node, index)
        case .transposedConvolution(let convolution):
            let source = try readable(sources[0], for: node)
            return try appendConvolution(ConvolutionShape(convolution), convolution.outputChannels, source, node, index)
        case .affine:
            return try appendNorm(sources[0], node, index)
        case .activation(let activation):
            guard let function = DifferentiableFunction(activation) else {
                throw TrainingError(node, "\(activation.name) is not trained")
            }
            let source = try materialized(sources[0], for: node)
            let result = try newMap(maps[source].groups, maps[source].height, maps[source].width, node)
            return append(ActivationOperation(function, from: source, to: result, maps: maps))
        case .pooling(let pooling):
            guard pooling.kind == .maximum else { throw TrainingError(node, "\(pooling.name) is not trained") }
            let source = try materialized(sources[0], for: node)
            let map = maps[source]
            let result = try newMap(
                map.groups, pooling.length(of: map.height, .vertical), pooling.length(of: map.width, .horizontal), node)
            return append(PoolingOperation(pooling, from: source, to: result, maps: maps))
        case .resize(let resize):
            return try appendResize(resize, sources[0], node)
        case .crop(let borders):
            return try cropped(sources[0], borders, node)
        case .padding(let padding):
            return try padded(sources[0], padding, node)
        case .fitToSize:
            return try fitted(sources[0], to: sources[1], node)
        case .concatenation:
            return try concatenated(sources, node)
        case .arithmetic(.addition):
            let parts = [try materialized(sources[0], for: node), try materialized(sources[1], for: node)]
            let (a, b) = (maps[parts[0]], maps[parts[1]])
            guard a.groups == b.groups, a.height == b.height, a.width == b.width else {
                throw TrainingError(node, "sums of maps of different sizes are not trained")
            }
            let result = try newMap(a.groups, a.height, a.width, node)
            return append(AdditionOperation(of: parts, to: result, maps: maps, wanted: wanted))
        default:
            throw TrainingError(
                node, "a network with \(node.operation.name) cannot be trained yet: choose one of --network")
        }
    }

    // MARK: Layers with parameters

    private mutating func appendConvolution(
        _ shape: ConvolutionShape, _ channels: Int, _ source: MapView, _ node: Graph.Node, _ index: Int
    ) throws(TrainingError) -> MapView {
        let source = isMixed(source) ? try readable(source, for: node) : source
        let height: Int
        let width: Int
        if shape.isTransposed {
            guard shape.stride == shape.kernelHeight, shape.stride == shape.kernelWidth else {
                throw TrainingError(node, "up-convolutions whose windows overlap are not trained")
            }
            (height, width) = (source.height * shape.stride, source.width * shape.stride)
        } else {
            let (rows, columns) = (shape.dilation * (shape.kernelHeight - 1), shape.dilation * (shape.kernelWidth - 1))
            let isInside = source.padding.top <= rows && source.padding.left <= columns
            guard shape.stride == 1, isInside else {
                throw TrainingError(node, "convolutions with strides, or with more zeros than taps, are not trained")
            }
            (height, width) = (source.fullHeight - rows, source.fullWidth - columns)
        }
        let result = try newMap([channels], height, width, node)
        let parameters = network.convolutionParameters(index)
        return append(
            ConvolutionOperation(
                shape, from: source, to: result, maps: maps, hasReLU: joinsReLU(index), parameters: parameters,
                wanted: wanted, batch: batch, kernels: kernels),
            isTrained: parameters.isTrained)
    }

    private mutating func appendNorm(
        _ source: MapView, _ node: Graph.Node, _ index: Int
    ) throws(TrainingError) -> MapView {
        guard let parameters = network.normParameters(index) else {
            throw TrainingError(node, "a normalisation that is no batch norm cannot be trained")
        }
        let source = try materialized(source, for: node)
        let result = try newMap(maps[source].groups, maps[source].height, maps[source].width, node)
        return append(
            NormOperation(
                from: source, to: result, maps: maps, hasReLU: joinsReLU(index), parameters: parameters,
                wantsGradient: wanted.contains(source)),
            isTrained: parameters.isTrained)
    }

    // MARK: Sizes

    private mutating func appendResize(
        _ resize: Resize, _ source: MapView, _ node: Graph.Node
    ) throws(TrainingError) -> MapView {
        if case .cubic = resize.mode { throw TrainingError(node, "bicubic resizing is not trained") }
        let source = try readable(source, for: node)
        let height = resize.vertical.output(of: source.height), width = resize.horizontal.output(of: source.width)
        let result = try newMap(source.parts.flatMap { maps[$0.map].groups }, height, width, node)
        return append(
            ResamplingOperation(
                resize.samples(height, .vertical, input: source.height),
                resize.samples(width, .horizontal, input: source.width), from: source, to: result, maps: maps,
                wanted: wanted))
    }

    private mutating func cropped(
        _ source: MapView, _ borders: Borders, _ node: Graph.Node
    ) throws(TrainingError) -> MapView {
        var view = source.isPadded ? try settled(source, for: node) : source
        for index in view.parts.indices {
            view.parts[index].top += borders.top
            view.parts[index].left += borders.left
        }
        view.height -= borders.top + borders.bottom
        view.width -= borders.left + borders.right
        guard view.height > 0, view.width > 0 else {
            throw TrainingError(node, "the crops are too small for this network")
        }
        return view
    }

    private mutating func padded(
        _ source: MapView, _ padding: Padding, _ node: Graph.Node
    ) throws(TrainingError) -> MapView {
        switch padding.mode {
        case .constant(0):
            var view = source.isPadded ? try settled(source, for: node) : source
            view.padding = padding.amounts
            return view
        case .constant:
            throw TrainingError(node, "padding with other numbers than 0 is not trained")
        case .reflect, .edge:
            let source = try readable(source, for: node)
            let borders = padding.amounts
            let reach = [
                (borders.top, borders.bottom, source.height), (borders.left, borders.right, source.width),
            ].map { before, after, length in
                (-before..<length + after).map { position in
                    padding.mode == .edge
                        ? min(max(position, 0), length - 1)
                        : position < 0 ? -position : position < length ? position : 2 * (length - 1) - position
                }
            }
            guard reach[0].allSatisfy({ (0..<source.height).contains($0) }),
                reach[1].allSatisfy({ (0..<source.width).contains($0) })
            else { throw TrainingError(node, "the crops are too small to be mirrored") }
            let samples = reach.map { $0.map { overtile_sample(low: $0, high: $0, weight: 0) } }
            let groups = source.parts.flatMap { maps[$0.map].groups }
            let result = try newMap(groups, samples[0].count, samples[1].count, node)
            return append(
                ResamplingOperation(samples[0], samples[1], from: source, to: result, maps: maps, wanted: wanted))
        }
    }

    /// Cuts a view, or puts zeros around it, so that its middle lies over the reference's.
    private mutating func fitted(
        _ source: MapView, to reference: MapView, _ node: Graph.Node
    ) throws(TrainingError) -> MapView {
        let (rows, columns) = (source.fullHeight - reference.fullHeight, source.fullWidth - reference.fullWidth)
        let borders = Borders(
            top: rows / 2, left: columns / 2, bottom: rows - rows / 2, right: columns - columns / 2)
        guard borders != Borders(all: 0) else { return source }
        let cut = try cropped(source, borders.clampedAtZero, node)
        let added = borders.negated.clampedAtZero
        return added == Borders(all: 0) ? cut : try padded(cut, Padding(.zero, amounts: added), node)
    }

    private mutating func concatenated(_ sources: [MapView], _ node: Graph.Node) throws(TrainingError) -> MapView {
        var view = sources[0].isPadded ? try settled(sources[0], for: node) : sources[0]
        for source in sources.dropFirst() {
            // The gradients of a map that is there twice would be written to one place.
            let isAgain = source.parts.contains { part in view.parts.contains { $0.map == part.map } }
            let next = source.isPadded || isAgain ? try settled(source, for: node, isCopied: isAgain) : source
            guard next.height == view.height, next.width == view.width else {
                throw TrainingError(
                    node, "joins maps of \(view.height) x \(view.width) and \(next.height) x \(next.width) pixels")
            }
            view.parts += next.parts
        }
        return view
    }

    // MARK: Copies

    /// True if the network's plain input is concatenated with blocked maps.
    private func isMixed(_ view: MapView) -> Bool {
        view.parts.count > 1 && view.parts.contains { maps[$0.map].isPlain }
    }

    /// A view without zeros around it, which may still be a window or several maps.
    private mutating func readable(_ view: MapView, for node: Graph.Node) throws(TrainingError) -> MapView {
        guard !view.parts.contains(where: { maps[$0.map].isPlain }) else {
            throw TrainingError(node, "only convolutions may read the network's input in training")
        }
        return view.isPadded ? try settled(view, for: node) : view
    }

    /// The view of a map that holds what another shows.
    private mutating func settled(
        _ view: MapView, for node: Graph.Node, isCopied: Bool = false
    ) throws(TrainingError) -> MapView {
        let map = try materialized(view, for: node, isCopied: isCopied)
        return whole(map)
    }

    /// A map that holds what a view shows: the one that it shows all of, or a copy.
    ///
    /// - Parameter isCopied: true for a copy in any case.
    private mutating func materialized(
        _ view: MapView, for node: Graph.Node, isCopied: Bool = false
    ) throws(TrainingError) -> Int {
        let first = maps[view.parts[0].map]
        guard !view.parts.contains(where: { maps[$0.map].isPlain }) else {
            throw TrainingError(node, "only convolutions may read the network's input in training")
        }
        let isWhole = view.parts.count == 1 && view.height == first.height && view.width == first.width
        if isWhole, !view.isPadded, !isCopied {
            return view.parts[0].map
        }
        let groups = view.parts.flatMap { maps[$0.map].groups }
        let result = try newMap(groups, view.fullHeight, view.fullWidth, node)
        let rows = (0..<view.height).map { overtile_sample(low: $0, high: $0, weight: 0) }
        let columns = (0..<view.width).map { overtile_sample(low: $0, high: $0, weight: 0) }
        _ = append(
            ResamplingOperation(
                rows, columns, from: view, to: result, top: view.padding.top, left: view.padding.left, maps: maps,
                wanted: wanted))
        return result
    }
}

extension Resize {
    /// Where each row or column of the result samples a map of so many.
    ///
    /// Places between aligned corners are computed in double: in float they are off by as much as a millionth of a pixel.
    fileprivate func samples(_ count: Int, _ axis: Axis, input: Int) -> [overtile_sample] {
        (0..<count).map { position in
            if case .alignCorners = coordinates, case .linear = mode, count > 1 {
                let place = Double(position * (input - 1)) / Double(count - 1)
                let low = min(Int(place), input - 1)
                return overtile_sample(low: low, high: min(low + 1, input - 1), weight: Float(place - Double(low)))
            }
            let sample = sample(position, axis, input: input)
            return overtile_sample(low: sample.low, high: sample.high, weight: sample.weight)
        }
    }
}
