import NetworkGraph

/// Where a map's channels stand once each part of a concatenation has been padded to whole blocks.
package struct PackedChannels {
    /// The stored position of each channel.
    let positions: [Int]
    /// Stored channels in all.
    let count: Int

    /// Channels that follow each other, then padding up to a multiple of `block`.
    init(_ channels: Int, block: Int) {
        positions = Array(0..<channels)
        count = (channels + block - 1) / block * block
    }

    /// Parts behind each other.
    init(joining parts: [PackedChannels]) {
        var positions: [Int] = []
        var count = 0
        for part in parts {
            positions += part.positions.map { $0 + count }
            count += part.count
        }
        self.positions = positions
        self.count = count
    }

    /// True if every channel is stored at its own number.
    var isDense: Bool { runs.count == 1 }

    /// Channels that follow each other as stored: the first one's number, where it is stored, and how many they are.
    var runs: [(position: Int, stored: Int, count: Int)] {
        var runs: [(position: Int, stored: Int, count: Int)] = []
        for (position, stored) in positions.enumerated() {
            if let last = runs.last, last.stored + last.count == stored {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((position, stored, 1))
            }
        }
        return runs
    }

    /// The stored channels, with `values` at their places and zero elsewhere.
    func spread(_ values: [Float]) -> [Float] {
        var stored = Array(repeating: Float(0), count: count)
        for (value, position) in zip(values, positions) { stored[position] = value }
        return stored
    }

    /// How the channels of each of a graph's maps are stored.
    ///
    /// - Parameter block: what each map's channels are padded to a multiple of.
    /// - Throws: `EngineError` for a graph that contradicts itself.
    static func all(of graph: Graph, block: Int) throws(EngineError) -> [PackedChannels] {
        let counts: [Int]
        do { counts = try graph.channels() } catch { throw EngineError(error.description) }
        var packed: [PackedChannels] = []
        // Maps of as many channels share one list, which may be long: pixels may have become channels.
        var dense: [Int: PackedChannels] = [:]
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .convolution(let convolution) where convolution.isDepthwise:
                packed.append(packed[node.inputs[0].index])
            case .input, .convolution, .transposedConvolution, .channelMean, .channelMaximum, .channelSlice,
                .depthToSpace, .spaceToDepth, .attentionScores, .attentionMixture, .rearrangement:
                let count = counts[index]
                dense[count] = dense[count] ?? PackedChannels(count, block: block)
                packed.append(dense[count]!)
            case .concatenation:
                packed.append(PackedChannels(joining: node.inputs.map { packed[$0.index] }))
            case .arithmetic:
                let full = node.inputs.first { counts[$0.index] == counts[index] }!
                packed.append(packed[full.index])
            case .affine, .activation, .pooling, .resize, .crop, .padding, .fitToSize, .globalMean, .globalMaximum,
                .softmax, .groupedSoftmax, .groupNormalization, .channelNormalization, .pixelArithmetic:
                packed.append(packed[node.inputs[0].index])
            }
        }
        return packed
    }
}
