import NetworkGraph

/// Operations that move pixels into channels and back, and those of attention.
extension Lowering {
    /// The most weights of a grouped convolution that is computed as a dense one, zeros included: 256 MiB.
    private static let largestDenseCount = 1 << 26

    /// Makes sure that the weights of groups, where they are spread out with zeros, do not take all memory.
    func checkWeights(
        of convolution: Convolution, _ sources: [Program.Operand], _ destination: Program.Operand, label: String
    ) throws(EngineError) {
        let inputs = sources.map(\.view.channels).reduce(0, +)
        guard convolution.groups > 1, !convolution.isDepthwise,
            !convolution.isComputedInGroups(storedInputs: inputs, storedOutputs: destination.view.channels)
        else { return }
        let taps = convolution.kernelHeight * convolution.kernelWidth
        let count = boundedProduct([inputs, destination.view.channels, taps], limit: 2 * Self.largestDenseCount)
        guard count <= Self.largestDenseCount else {
            throw EngineError("\(label): its \(convolution.groups) groups of channels have no kernel")
        }
    }

    func enlarging(
        _ block: Int, _ order: DepthOrder, _ index: Int, _ window: MapWindow, _ inside: MapWindow
    ) -> PixelShuffle {
        let (stored, own) = (inputChannels(of: index).positions, roles.channels[index].positions)
        let squares = own.indices.flatMap { channel in
            (0..<block * block).map { place in
                stored[order == .channelFirst ? channel * block * block + place : place * own.count + channel]
            }
        }
        var shuffle = PixelShuffle(enlargement: block, channels: squares, positions: own)
        shuffle.rowPhase = window.rows.lowerBound - inside.rows.lowerBound * block
        shuffle.columnPhase = window.columns.lowerBound - inside.columns.lowerBound * block
        return shuffle
    }

    func reducing(_ block: Int, _ index: Int) -> PixelShuffle {
        let stored = inputChannels(of: index).positions
        let places = (0..<block * block).flatMap { place in stored.map { _ in place } }
        let channels = (0..<block * block).flatMap { _ in stored }
        return PixelShuffle(
            reduction: block, channels: channels, places: places, positions: roles.channels[index].positions)
    }

    /// A step on two whole maps, each with its own channels.
    mutating func lowerAttention(
        _ index: Int,
        _ operation: (_ first: PackedChannels, _ second: PackedChannels, _ own: PackedChannels) -> MapOperation
    ) {
        let inputs = graph.nodes[index].inputs.map(\.index)
        let sources = inputs.map { input in
            maps.source(of: index, input: input, window: computation.extent(of: input)!, inPlace: true)
        }
        let step = operation(roles.channels[inputs[0]], roles.channels[inputs[1]], roles.channels[index])
        maps.emit(.map(step), from: sources, to: maps.destination(of: index), index)
    }
}
