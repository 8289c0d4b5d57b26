import InferenceEngine
import NetworkGraph
import TestNetworks
import Testing

/// Overtile's kernels in whole networks, with every instruction set that the processor has.
///
/// Each set has a process of its own: a lesser one holds oneDNN to as little, which only works before oneDNN's first
/// use and is then for all of a process.
@Suite struct InstructionSetTests {
    @Test(arguments: OvertileBackend.instructionSets)
    func agreesWithOtherBackends(_ set: String) async {
        await #expect(processExitsWith: .success) { [set = set as String] in
            let backend = try OvertileBackend(instructionSet: set)
            let wide = [(depth: 3, base: 32), (depth: 2, base: 20)].map {
                TiledEqualsWholeTests.Case(depth: $0.depth, bands: 3, classes: 5, base: $0.base)
            }
            for testCase in TiledEqualsWholeTests.cases + wide {
                let network = try testCase.network
                let side = 2 * network.stride
                func output(_ backend: any Backend) throws -> Map {
                    try outputWindow(network, row: 0, column: 0, height: side, width: side, backend: backend)
                }
                let own = try output(backend)
                #expect(own.maxDifference(try output(OneDNNBackend())) < 2e-5, "\(testCase)")
                // Plain loops take the small ones.
                guard testCase.base < 32 else { continue }
                #expect(own.maxDifference(try output(ReferenceBackend())) < 2e-5, "\(testCase)")
            }
        }
    }

    @Test(arguments: OvertileBackend.instructionSets)
    func agreesOnPaddedGraphs(_ set: String) async {
        await #expect(processExitsWith: .success) { [set = set as String] in
            let backend = try OvertileBackend(instructionSet: set)
            for seed in 0..<12 {
                let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 1 + seed % 3).foldingNormalizations()
                // Rewritten for maps without borders, and with its padding.
                let seamless = try SeamlessNetwork(graph)
                let side = 2 * seamless.stride
                let computations = [
                    seamless.computation(height: side, width: side),
                    try FixedTileNetwork(graph).computation(tile: 32, margin: 4),
                ]
                for computation in computations {
                    let input = noise(
                        channels: 3, rows: 0..<computation.input.rows.count,
                        columns: 0..<computation.input.columns.count)
                    let own = try CompiledNetwork(computation, backend: backend).run(on: input)
                    let expected = try CompiledNetwork(computation, backend: ReferenceBackend()).run(on: input)
                    #expect(own.maxDifference(expected) < 1e-4, "seed \(seed)")
                }
            }
        }
    }

    /// Each tile has its own Winograd tiles and its own rests: close to the whole, not equal.
    @Test(arguments: OvertileBackend.instructionSets)
    func tiledEqualsWhole(_ set: String) async {
        await #expect(processExitsWith: .success) { [set = set as String] in
            let backend = try OvertileBackend(instructionSet: set)
            let wide = TiledEqualsWholeTests.Case(depth: 3, bands: 3, classes: 5, base: 32)
            for testCase in TiledEqualsWholeTests.cases + [wide] {
                let network = try testCase.network
                func output(_ rows: Range<Int>, _ columns: Range<Int>) throws -> Map {
                    try outputWindow(
                        network, row: rows.lowerBound, column: columns.lowerBound, height: rows.count,
                        width: columns.count, backend: backend)
                }
                let stride = network.stride
                let whole = try output(0..<6 * stride, 0..<6 * stride)
                for side in [1, 2].map({ $0 * stride }) {
                    for (row, column) in [(0, 0), (side, 2 * side), (2 * side, side)] {
                        let (rows, columns) = (row..<row + side, column..<column + side)
                        let difference = try output(rows, columns).maxDifference(
                            whole.window(rows: rows, columns: columns))
                        #expect(difference < 1e-4, "\(testCase), \(side) pixels at \(row), \(column)")
                    }
                }
            }
        }
    }

    /// A network compiled for several sizes holds its weights once.
    @Test(arguments: OvertileBackend.instructionSets)
    func sizesShareWeights(_ set: String) async {
        await #expect(processExitsWith: .success) { [set = set as String] in
            let backend = try OvertileBackend(instructionSet: set)
            let network = try SeamlessNetwork(PaperUNet.random(bands: 3, depth: 3, base: 20).graph())
            let weights = PackedWeights()
            var byteCounts: [Int] = []
            for side in [4, 16, 28] {
                let computation = network.computation(height: side, width: side + network.stride)
                let input = noise(
                    channels: 3, rows: 0..<computation.input.rows.count, columns: 0..<computation.input.columns.count)
                let sharing = try CompiledNetwork(computation, backend: backend, weights: weights)
                byteCounts.append(weights.byteCount)
                let alone = try CompiledNetwork(computation, backend: backend)
                #expect(try sharing.run(on: input) == alone.run(on: input))
            }
            #expect(byteCounts[0] > 0 && Set(byteCounts).count == 1)
        }
    }
}
