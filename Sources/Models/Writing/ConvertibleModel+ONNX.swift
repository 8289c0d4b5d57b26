import NetworkGraph
import ONNXWriter
import StoredTensors
import WeightFiles

extension ConvertibleModel {
    /// Writes the network as ONNX, with probabilities at its end, and Deepness's keys as well as Overtile's own beside it.
    ///
    /// By default the file is the network as it is: it takes what the checkpoint's own code takes, of any size, and with
    /// valid convolutions its output is smaller than its input. With a tile, it takes inputs of that one size and gives
    /// outputs of the same size, as Deepness needs it: what the network lacks at the borders is mirrored.
    ///
    /// - Parameters:
    ///   - path: the new file, which appears under its name only when it is complete.
    ///   - description: what is known of the model.
    ///   - tile: the only size of input, in pixels on a side; nil for any.
    ///   - overwrite: true if a file of that name may be replaced.
    /// - Throws: as `ONNXExport.write`; `ModelOptionsError` for a tile that the network cannot take.
    package func write(onnx path: String, description: ModelDescription, tile: Int?, overwrite: Bool) throws {
        guard let unfolded = model.unfolded else {
            throw ModelFileError(.unrepresentable, path: path, "cannot hold a network for inputs that are no squares")
        }
        let network: TileableNetwork
        if let tile {
            network = try TileableNetwork(model, unfolded, tile: tile)
        } else {
            network = try TileableNetwork(model, unfolded, near: description.tile?.value)
        }
        let end = Self.end(of: description, outputs: model.outputChannels)
        var metadata = carriedMetadata.merging(description.metadata) { _, said in said }
        metadata["overtile.family"] = model.family
        // The end of the graph says it.
        if end != .none { metadata["overtile.activation"] = nil }
        let keys = DeepnessMetadata.entries(
            of: description, bands: model.bands, outputs: model.outputChannels, tile: network.tile,
            overlap: network.overlap)
        metadata.merge(keys) { _, said in said }
        try ONNXExport(
            network.graph, sample: network.tile, onlySize: tile, end: end, metadata: metadata
        ).write(path, overwrite: overwrite)
    }

    /// Lines about what Deepness, and programs like it, will do otherwise than Overtile with an ONNX file of this
    /// description.
    package static func lossesInONNX(of description: ModelDescription) -> [String] {
        DeepnessMetadata.losses(of: description)
    }

    private static func end(of description: ModelDescription, outputs: Int) -> ONNXExport.End {
        guard description.activation?.value != .probabilities else { return .none }
        switch description.task?.value {
        case .regression?: return .none
        case .multilabel?: return .sigmoid
        case .segmentation?, nil: return outputs == 1 ? .sigmoid : .softmax
        }
    }
}

/// A network for programs that cut scenes into tiles themselves.
private struct TileableNetwork {
    let graph: Graph
    /// The tiles that it is best run on, in input pixels on a side.
    let tile: Int
    /// How much of a tile's side neighbours should share, in percent, so that no kept pixel feels a border.
    let overlap: Int

    /// Tiles of about so many pixels are small enough for any machine, and large enough for their overlap.
    private static let usualTile = 512

    /// A network as it is.
    ///
    /// - Parameter near: the model's own tile.
    init(_ model: Model, _ unfolded: UnfoldedNetwork, near: Int?) throws {
        let wanted = near ?? max(Self.usualTile, 4 * Self.margin(of: model, tile: Self.usualTile))
        tile = unfolded.size(atMost: wanted + unfolded.stride - 1)
        graph = try unfolded.graph(size: tile)
        overlap = Self.overlap(of: model, tile: tile)
    }

    /// A network for tiles of one size, which gives as many pixels as it takes.
    ///
    /// - Throws: `ModelOptionsError`.
    init(_ model: Model, _ unfolded: UnfoldedNetwork, tile: Int) throws {
        self.tile = tile
        func refusal(_ why: String) -> ModelOptionsError {
            ModelOptionsError(path: model.path, option: .tile, description: "\(model.path): --tile \(tile) \(why)")
        }
        let own = try unfolded.graph(size: unfolded.size(atMost: tile))
        let (margin, lost) = (Self.margin(of: model, tile: tile), try Self.lostPixels(of: own, unfolded, near: tile))
        guard tile > 2 * margin else {
            throw refusal("is all margin, of which this network needs \(margin) pixels at each side: give more")
        }
        overlap = Self.overlap(of: model, tile: tile)
        if case .fixedTiles = model.network {
            // What it says of a pixel depends on the tile's size, which must be its own.
            let below = unfolded.size(atMost: tile)
            guard below == tile else {
                throw refusal("cannot be halved by all poolings: \(below) or \(below + unfolded.stride) can")
            }
            graph = lost > 0 ? own.repeatingBorder(lost) : own
            return
        }
        // The next size that poolings divide evenly; what it has too much is cut off again.
        let whole = unfolded.size(atMost: tile + lost + unfolded.stride - 1)
        let behind = whole - tile - lost
        guard whole != tile else {
            graph = own
            return
        }
        var graph = Graph(inputChannels: model.bands)
        let before = lost / 2
        let amounts = Borders(top: before, left: before, bottom: whole - tile - before, right: whole - tile - before)
        var values = [
            graph.append(.padding(Padding(.reflect, amounts: amounts)), graph.input, label: "mirrored border")
        ]
        for node in own.nodes.dropFirst() {
            values.append(graph.append(node.operation, node.inputs.map { values[$0.index] }, label: node.label))
        }
        graph.end(at: values[own.output.index])
        if behind > 0 {
            graph.append(
                .crop(Borders(top: 0, left: 0, bottom: behind, right: behind)), graph.output, label: "mirrored border")
        }
        self.graph = graph
    }

    /// The pixels by which the output of a network is smaller than its input.
    private static func lostPixels(of graph: Graph, _ unfolded: UnfoldedNetwork, near tile: Int) throws -> Int {
        // Where one size leaves nothing, a larger one is looked at.
        for factor in [1, 2, 4, 8, 16] {
            let size = unfolded.size(atMost: factor * tile)
            if let shape = try graph.shapes(height: size, width: size)?.shapes[graph.output.index] {
                return size - shape.height
            }
        }
        return 0
    }

    /// The pixels at each side of a tile that feel its border.
    private static func margin(of model: Model, tile: Int) -> Int {
        switch model.network {
        case .seamless(let network): network.margin
        case .fixedTiles: (tile / 8 + model.network.stride - 1) / model.network.stride * model.network.stride
        }
    }

    private static func overlap(of model: Model, tile: Int) -> Int {
        min(90, (200 * margin(of: model, tile: tile) + tile - 1) / tile)
    }
}

extension Graph {
    /// The same network with so many pixels more, half of them on each side: those of its border again.
    fileprivate func repeatingBorder(_ pixels: Int) -> Graph {
        var graph = self
        let before = pixels / 2
        graph.append(
            .padding(
                Padding(
                    .edge,
                    amounts: Borders(top: before, left: before, bottom: pixels - before, right: pixels - before))),
            graph.output, label: "repeated border")
        return graph
    }
}
