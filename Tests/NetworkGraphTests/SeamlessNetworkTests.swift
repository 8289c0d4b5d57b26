import NetworkGraph
import TestNetworks
import Testing
import TestNetworks

@testable import NetworkGraph

/// Strides, margins and windows of networks rewritten for a plane, against figures that the literature or plain counting
/// gives.
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

    /// Chains of operations, with the margin that counting gives.
    static let margins: [(name: String, operations: [Operation], stride: Int, margin: Int)] = [
        // Valid: the extent less one, half of it on each side.
        ("nothing", [.relu], 1, 0),
        ("3 x 3", [.convolution(.ones(1, 1, 3, 3))], 1, 1),
        ("5 x 5, dilation 3", [.convolution(.ones(1, 1, 5, 5, dilation: 3))], 1, 6),
        // A crop moves pixels, and takes nothing away from what each of them sees.
        ("a crop behind", [.convolution(.ones(1, 1, 5, 5)), .crop(Borders(all: 1))], 1, 2),
        ("a crop before", [.crop(Borders(all: 2)), .convolution(.ones(1, 1, 3, 3))], 1, 1),
        // Behind a pooling each pixel is worth two.
        (
            "pooled",
            [.maxPooling(extent: 2, stride: 2), .convolution(.ones(1, 1, 3, 3)), .bilinearUpsampling(factor: 2)], 2, 4
        ),
        // Padded: rounded up to a multiple of the stride, so that pooling keeps its phase.
        ("padded", [.zeroPadding(1), .convolution(.ones(1, 1, 3, 3))], 1, 1),
        (
            "padded and pooled",
            [
                .zeroPadding(1), .convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 4, stride: 4),
                .resize(.nearest(vertical: .times(4), horizontal: .times(4))),
            ], 4, 4
        ),
        // A pooling's own padding is as good as any.
        ("padded pooling", [.pooling(.padded(taps: 3, stride: 1, before: 1, after: 1))], 1, 1),
    ]

    @Test(arguments: margins)
    func margin(_ name: String, _ operations: [Operation], _ stride: Int, _ margin: Int) throws {
        let network = try SeamlessNetwork(.chain(operations))
        #expect(network.stride == stride, "\(name)")
        #expect(network.margin == margin, "\(name)")
    }

    @Test func bilinearUpsamplingNeedsOneMorePixelThanItsBorderWouldShow() throws {
        // In one piece the border pixels of an upsampled map come from clamping; without borders, from a neighbour.
        let network = try SeamlessNetwork(PaperUNet.random(depth: 3, base: 1, bilinear: true).graph())
        #expect(network.stride == 4)
        #expect(network.margin > 20)
    }

    // MARK: - What holds of all

    /// Padded graphs, and the paper's, which are valid.
    static let networks: [SeamlessNetwork] = {
        let padded = (0..<12).map { RandomGraphs.padded(seed: UInt64($0), depth: 1 + $0 % 3) }
        let valid = [false, true].map { PaperUNet.random(depth: 3, base: 1, bilinear: $0).graph() }
        return (padded + valid).compactMap { try? SeamlessNetwork($0) }
    }()

    @Test func allOfThemAreSeamless() { #expect(Self.networks.count == 14) }

    /// Rewriting leaves no operation whose amounts depend on a size, and none that needs a border's pixels.
    @Test(arguments: networks)
    func planesHaveShiftsAlone(_ network: SeamlessNetwork) {
        for node in network.graph.nodes {
            switch node.operation {
            case .fitToSize: Issue.record("\(node.label) fits to a size")
            case .padding(let padding): #expect(padding.mode == .zero)
            case .pooling(let pooling): #expect(pooling.padding == Borders(all: 0))
            default: break
            }
        }
    }

    /// No tile needs more than the margin before its first pixel, and a larger tile needs no more than a smaller one.
    @Test(arguments: networks)
    func marginIsEnough(_ network: SeamlessNetwork) {
        let tiles = [1, 2, 5].map { count in
            network.computation(height: count * network.stride, width: (count + 1) * network.stride)
        }
        for (tile, count) in zip(tiles, [1, 2, 5]) {
            let (step, input) = (count * network.stride, tile.input)
            #expect(tile.outputHeight == step && tile.outputWidth == step + network.stride)
            #expect(input.rows.lowerBound >= -network.margin && input.columns.lowerBound >= -network.margin)
            #expect(input.rows.lowerBound == tiles[0].input.rows.lowerBound)
            #expect(input.rows.upperBound - step == tiles[0].input.rows.upperBound - network.stride)
            #expect(network.tile(forStep: step) >= input.rows.count)
        }
    }

    /// Windows are as large as what reads them needs: of each node's input, and within what is computed.
    @Test(arguments: networks)
    func windowsHoldWhatIsRead(_ network: SeamlessNetwork) {
        let tile = network.computation(height: 2 * network.stride, width: network.stride)
        for (index, node) in tile.graph.nodes.enumerated() where tile.windows[index] != nil && !node.inputs.isEmpty {
            let reach = tile.inputWindow(of: index)
            for input in node.inputs {
                #expect(tile.windows[input.index].map { $0.intersection(reach) == reach } == true)
            }
        }
    }

    /// Padded networks give as many pixels as they take; valid ones fewer, by the same number on each side.
    @Test func tilesForASteps() throws {
        let padded = try SeamlessNetwork(RandomGraphs.padded(seed: 1, depth: 2))
        #expect(padded.tile(forStep: 64) == 64 + 2 * padded.margin && padded.tileRemainder == 0)
        #expect(padded.margin % padded.stride == 0)
        let valid = try SeamlessNetwork(PaperUNet.random(depth: 3, base: 1).graph())
        #expect(valid.tile(forStep: 64) == 64 + 40)
    }
}
