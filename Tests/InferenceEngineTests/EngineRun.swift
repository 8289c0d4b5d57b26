import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks

/// A map of floats with its shape, for tests.
struct Map: Equatable {
    var shape: MapShape
    var elements: [Float]

    subscript(channel: Int, row: Int, column: Int) -> Float {
        elements[(channel * shape.height + row) * shape.width + column]
    }

    func maxDifference(_ other: Map) -> Float {
        precondition(shape == other.shape)
        return zip(elements, other.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// The part of it that a window shows.
    func window(rows: Range<Int>, columns: Range<Int>) -> Map {
        var part = Map(
            shape: MapShape(channels: shape.channels, height: rows.count, width: columns.count), elements: [])
        for channel in 0..<shape.channels {
            for row in rows {
                for column in columns { part.elements.append(self[channel, row, column]) }
            }
        }
        return part
    }
}

/// A plane of noise without borders: the same pixel has the same value whatever the window that shows it.
func noise(channels: Int, rows: Range<Int>, columns: Range<Int>) -> Map {
    var map = Map(shape: MapShape(channels: channels, height: rows.count, width: columns.count), elements: [])
    for channel in 0..<channels {
        for row in rows {
            for column in columns {
                let seed = UInt64(bitPattern: Int64((channel * 100_003 + row) * 100_003 + column))
                var generator = SeededGenerator(seed: seed)
                map.elements.append(Float.random(in: -1..<1, using: &generator))
            }
        }
    }
    return map
}

extension CompiledNetwork {
    func run(on input: Map) throws -> Map {
        let session = try InferenceSession(self)
        precondition(input.shape == inputShape)
        _ = session.input.update(fromContentsOf: input.elements)
        try session.run()
        return Map(shape: outputShape, elements: Array(session.output))
    }
}

/// The output window at (row, column) of a network on the plane of noise.
func outputWindow(
    _ network: SeamlessNetwork, row: Int, column: Int, height: Int, width: Int, backend: any Backend
) throws -> Map {
    let computation = network.computation(height: height, width: width)
    let compiled = try CompiledNetwork(computation, backend: backend)
    let input = computation.input
    return try compiled.run(
        on: noise(
            channels: network.inputChannels, rows: input.rows.lowerBound + row..<input.rows.upperBound + row,
            columns: input.columns.lowerBound + column..<input.columns.upperBound + column))
}
