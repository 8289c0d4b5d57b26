import InferenceEngine
import NetworkGraph
import TestMaps
import TestNetworks
import Testing

@Suite struct MemoryTests {
    @Test func buffersThatLiveTogetherDoNotOverlap() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let buffers = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                let first = Int.random(in: 0..<30, using: &generator)
                return ArenaPlan.Buffer(
                    byteCount: Int.random(in: 1...5000, using: &generator),
                    lifetime: first...first + Int.random(in: 0...8, using: &generator))
            }
            let plan = ArenaPlan(buffers)
            for (index, buffer) in buffers.enumerated() {
                let range = plan.offsets[index]..<plan.offsets[index] + buffer.byteCount
                #expect(range.upperBound <= plan.byteCount && range.lowerBound % 64 == 0)
                for (other, neighbour) in buffers.enumerated().dropFirst(index + 1)
                where buffer.lifetime.overlaps(neighbour.lifetime) {
                    let neighbourRange = plan.offsets[other]..<plan.offsets[other] + neighbour.byteCount
                    #expect(!range.overlaps(neighbourRange))
                }
            }
        }
    }

    @Test func arenaIsNearTheMostThatEverLivesAtOnce() throws {
        // The paper's network: most lives when the first level's second convolution has its input and output.
        let network = try SeamlessNetwork(PaperUNet.random(depth: 5, base: 16).graph())
        let program = try Program(network.computation(height: 384, width: 384), backend: OneDNNBackend())
        let arena = program.arena(scratch: program.steps.map { _ in 0 })
        let busiest = (0...program.steps.count).map { step in
            program.buffers.filter { $0.lifetime.contains(step) }.map(\.byteCount).reduce(0, +)
        }.max()!
        #expect(arena.byteCount < busiest + busiest / 10)
        let firstLevel = 16 * (570 * 570 + 568 * 568) * MemoryLayout<Float>.stride
        #expect(arena.byteCount < firstLevel + firstLevel / 4)
    }

    @Test func sessionsShareANetworkAndARunLeavesNoTraceInTheNext() throws {
        let network = try SeamlessNetwork(PaperUNet.random(depth: 3, base: 8, norm: .afterReLU).graph())
        let compiled = try CompiledNetwork(network.computation(height: 8, width: 8), backend: OneDNNBackend())
        let (first, second) = (try InferenceSession(compiled), try InferenceSession(compiled))
        let shape = compiled.inputShape
        let inputs = [0, 1000].map {
            noise(channels: shape.channels, rows: $0..<$0 + shape.height, columns: 0..<shape.width).elements
        }
        func run(_ session: InferenceSession, _ input: [Float]) throws -> [Float] {
            _ = session.input.update(fromContentsOf: input)
            try session.run()
            return Array(session.output)
        }
        let fresh = try run(first, inputs[0])
        _ = try run(second, inputs[1])
        #expect(try run(second, inputs[0]) == fresh)
    }
}
