import NetworkGraph
import Testing
import TestNetworks

/// What the analysis derives from a graph, against figures that the literature or plain counting gives.
@Suite struct SeamlessNetworkTests {
    @Test func paperNetworkTakes572AndGives388() throws {
        let network = try SeamlessNetwork(PaperUNet.random(depth: 5, base: 1).graph())
        #expect(network.stride == 16)
        #expect(network.margin == 92)
        // 572 = 35 * 16 + 12: sizes that all four poolings halve evenly.
        #expect(network.tileRemainder == 12)
        #expect(network.tile(forStep: 384) == 572)
        let input = network.computation(height: 384, width: 384).input
        #expect(input == MapWindow(rows: -92..<480, columns: -92..<480))
    }

    @Test(arguments: [
        // no pooling: two 3 x 3 convolutions see two pixels on each side
        (depth: 1, stride: 1, margin: 2, remainder: 0),
        (depth: 2, stride: 2, margin: 8, remainder: 0),
        (depth: 3, stride: 4, margin: 20, remainder: 0),
        (depth: 4, stride: 8, margin: 44, remainder: 4),
    ])
    func everyDepth(depth: Int, stride: Int, margin: Int, remainder: Int) throws {
        let network = try SeamlessNetwork(PaperUNet.random(depth: depth, base: 1).graph())
        #expect(network.stride == stride)
        #expect(network.margin == margin)
        #expect(network.tileRemainder == remainder)
    }

    @Test func bilinearUpsamplingNeedsOneMorePixelThanItsBorderWouldShow() throws {
        // In one piece the border pixels of an upsampled map come from clamping; without borders, from a neighbour.
        let network = try SeamlessNetwork(PaperUNet.random(depth: 3, base: 1, bilinear: true).graph())
        #expect(network.stride == 4)
        #expect(network.margin > 20)
    }

    @Test func operationsAreCountedOnTheWindowsThatAreComputed() throws {
        // One 3 x 3 convolution from 2 to 3 channels and a 1 x 1 to 4, on an output of 10 x 20.
        var graph = Graph(inputChannels: 2)
        let weights = ConstantTensor(shape: [3, 2, 3, 3], elements: Array(repeating: 0, count: 54))
        let map = graph.append(.convolution(Convolution(weights: weights)), graph.input)
        let head = ConstantTensor(shape: [4, 3, 1, 1], elements: Array(repeating: 0, count: 12))
        graph.append(.convolution(Convolution(weights: head)), map)
        let network = try SeamlessNetwork(graph)
        #expect(network.computation(height: 10, width: 20).operationCount == Double(2 * (54 + 12) * 200))
    }

    @Test func normalisationsVanishBesideConvolutions() throws {
        func norms(_ graph: Graph) -> Int {
            graph.nodes.count { if case .affine = $0.operation { true } else { false } }
        }
        // Before the ReLU all of them go into the convolution in front.
        #expect(norms(PaperUNet.random(norm: .beforeReLU).graph().foldingNormalizations()) == 0)
        // After it, the first of each block goes forward; the second waits for a pooling, a skip or an up-convolution,
        // but for the last, which the head takes.
        let after = PaperUNet.random(depth: 3, norm: .afterReLU).graph()
        #expect(norms(after) == 10)
        #expect(norms(after.foldingNormalizations()) == 4)
    }

    @Test func mapsOfDifferentResolutionCannotBeJoined() {
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input, label: "pool")
        graph.append(.concatenation, graph.input, pooled, label: "join")
        #expect(throws: NetworkError.self) { try SeamlessNetwork(graph) }
    }

    @Test func outputBelowTheInputsResolutionIsRefused() {
        var graph = Graph(inputChannels: 1)
        graph.append(.maxPooling(extent: 2, stride: 2), graph.input)
        #expect(throws: NetworkError.self) { try SeamlessNetwork(graph) }
    }

    @Test func cropThatGrowsWithTheInputIsNotSeamless() throws {
        // A map cut down to one of half its resolution loses more the larger the input is.
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input)
        let weights = ConstantTensor(shape: [1, 1, 2, 2], elements: [1, 1, 1, 1])
        let up = graph.append(.transposedConvolution(TransposedConvolution(weights: weights, stride: 2)), pooled)
        let cropped = graph.append(.fitToSize, up, pooled, label: "crop")
        graph.append(.concatenation, cropped, pooled)
        #expect(throws: NetworkError.self) { try SeamlessNetwork(graph) }
    }

    @Test func wrongChannelsNameTheNode() {
        var graph = Graph(inputChannels: 3)
        let weights = ConstantTensor(shape: [1, 2, 1, 1], elements: [1, 1])
        graph.append(.convolution(Convolution(weights: weights)), graph.input, label: "down_path.0.block.0")
        let error = #expect(throws: GraphError.self) { try graph.channels() }
        #expect(error?.description == "down_path.0.block.0: its weights take 2 channels, and its input has 3")
    }
}
