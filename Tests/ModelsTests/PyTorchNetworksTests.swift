import InferenceEngine
import NetworkGraph
import StoredTensors
import Testing
import WeightFiles

@testable import Models

/// Networks of segmentation_models_pytorch and torchvision, an eighth as wide as they are, against what PyTorch computes.
@Suite struct PyTorchNetworksTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        /// What the summary has to tell.
        let summary: String
        /// The operation that ties the network to its tile; nil for a network that is seamless.
        let seam: String?

        var testDescription: String { name }

        init(_ name: String, _ summary: String, seam: String? = nil) {
            self.name = name
            self.summary = summary
            self.seam = seam
        }
    }

    static let cases = [
        Case("unet-resnet18", "encoder resnet18, decoder widths 32, 16, 8, 4, 2, nearest upsampling"),
        Case("unet-resnet50-4-bands-bilinear", "encoder resnet50, decoder widths 32, 16, 8, 4, 2, bilinear upsampling"),
        // A decoder that uses three stages of an encoder whose others are in the file all the same.
        Case(
            "unet-resnet34-scse-depth-3", "encoder resnet34, decoder widths 16, 8, 4",
            seam: "decoder.blocks.0.attention1.attention.cSE: a mean over the whole map"),
        Case(
            "unet-se_resnet50", "encoder se_resnet50", seam: "encoder.layer1.0.se_module: a mean over the whole map"),
        // Grouped convolutions; the stride of a bottleneck is in its second convolution.
        Case("unet-resnext50", "encoder resnext50_4x4d"),
        Case("unet-se_resnext50", "encoder se_resnext50_4x4d", seam: "encoder.layer1.0.se_module"),
        Case("unet-mobilenet_v2", "encoder mobilenet_v2"),
        // Zeros as in TensorFlow: b0 halves even lengths alone, b2 odd ones from the third stage on.
        Case("unet-efficientnet-b0", "encoder efficientnet-b0", seam: "encoder._blocks.0"),
        Case("unet-efficientnet-b2", "encoder efficientnet-b2", seam: "encoder._blocks.0"),
        Case("unet-timm-efficientnet-b0", "encoder timm-efficientnet of 16 blocks", seam: "encoder.blocks.0.0"),
        // A block below the decoder, and an encoder whose first map is not halved.
        Case("unet-vgg11_bn", "encoder vgg11_bn"),
        Case("unetplusplus-resnet18", "encoder resnet18, 5 steps", seam: "decoder.blocks.x_0_0.attention1"),
        // The block below the decoder is there, and not used.
        Case("unetplusplus-vgg11_bn", "encoder vgg11_bn, 5 steps"),
        Case("linknet-mobilenet_v2", "encoder mobilenet_v2, 5 steps, added skips"),
        Case(
            "fpn-resnet18", "encoder resnet18, pyramid of 32 channels, maps added",
            seam: "decoder.seg_blocks.0.block.0.block.1: mean and variance of the whole map"),
        Case(
            "fpn-vgg13-concatenated", "encoder vgg13, pyramid of 32 channels, maps concatenated",
            seam: "decoder.seg_blocks.0.block.0.block.1"),
        // Dilated encoders, each in its project's way.
        Case(
            "deeplabv3plus-resnet34", "encoder resnet34, decoder of 32 channels",
            seam: "decoder.aspp.0.convs.4: a mean over the whole map"),
        Case("deeplabv3plus-efficientnet-b0-stride-8", "encoder efficientnet-b0", seam: "encoder._blocks.0"),
        Case("deeplabv3plus-mobilenet_v2-dense", "encoder mobilenet_v2", seam: "decoder.aspp.0.convs.4"),
        Case("fcn-resnet50", "encoder resnet50"),
        Case("deeplabv3-resnet50", "encoder resnet50", seam: "classifier.0.convs.4"),
    ]

    @Test(arguments: cases)
    func isRecognised(_ expected: Case) throws {
        let network = try DescribedNetwork(expected.name)
        let model = try Model(network.stateDict, path: "model.pth", options: network.options)
        #expect(model.family == network.family)
        #expect(model.summary.hasPrefix(expected.summary), "\(model.summary)")
        #expect(model.bands == network.bands)
        let pixels = network.tile / 7 * (network.tile / 7)
        #expect(model.outputChannels == network.logits.count / pixels)
        #expect(model.isSeamless == (expected.seam == nil))
        if let seam = expected.seam { #expect(model.network.seam?.hasPrefix(seam) == true) }
    }

    @Test(arguments: cases)
    func computesWhatPyTorchComputes(_ expected: Case) throws {
        let network = try DescribedNetwork(expected.name)
        let match = FamilyMatch.closest(to: network.stateDict, options: try network.options)
        #expect(match.problems.isEmpty)
        let found = try Self.logits(of: match.network.graph, network)
        let largest = network.logits.reduce(1) { max($0, abs($1)) }
        let difference = zip(found, network.logits).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(found.count == network.logits.count)
        #expect(difference < 1e-4 * largest, "\(difference) of \(largest)")
    }

    /// Runs a graph as it is, with its own padding, on one tile.
    static func logits(of graph: Graph, _ network: DescribedNetwork) throws -> [Float] {
        let fixed = try FixedTileNetwork(graph.foldingNormalizations())
        let compiled = try CompiledNetwork(
            try fixed.computation(tile: network.tile, margin: network.margin), backend: OvertileBackend())
        let session = try InferenceSession(compiled)
        _ = session.input.update(fromContentsOf: network.input)
        try session.run()
        let output = Array(session.output)
        let side = compiled.outputShape.width
        let places = stride(from: 3, to: side, by: 7)
        return (0..<compiled.outputShape.channels).flatMap { channel in
            places.flatMap { row in
                places.map { output[(channel * side + row) * side + $0] }
            }
        }
    }

    /// A file that lacks a tensor is of the same family, and the tensor is named.
    @Test("a tensor missing", arguments: cases)
    func missing(_ expected: Case) throws {
        let network = try DescribedNetwork(expected.name)
        // A second head for training, and the attention in front of which there is no skip, are not used.
        var unused = ["aux_classifier.", "decoder.blocks.2.attention1."]
        if expected.name.hasPrefix("unetplusplus") { unused.append("decoder.center.") }
        let names = network.tensors.map(\.name).filter { name in
            !name.hasSuffix("num_batches_tracked") && !unused.contains { name.hasPrefix($0) }
        }
        // Some of the tensors, from the first to the last: each takes a graph.
        for name in names.indices.filter({ $0 % 71 == 0 || $0 == names.count - 1 }).map({ names[$0] }) {
            let error = try #require(throws: ArchitectureError.self) {
                try Model(network.stateDict.without(name), path: "model.pth", options: network.options)
            }
            #expect(error.closest == network.family, "\(name)")
            #expect(error.problems.contains("\(name) is missing"), "\(name): \(error)")
        }
    }

    /// Shapes that no network has: nothing overflows, runs off an array's end, or is taken for a network.
    @Test(
        "hostile shapes", arguments: cases.filter { !$0.name.contains("-se_") && !$0.name.contains("50") },
        [[], [0], [Int.max, Int.max, 3, 3], [4, 1 << 62, 2, 2], [1, 0, 3, 3]])
    func hostile(_ expected: Case, shape: [Int]) throws {
        let network = try DescribedNetwork(expected.name)
        let weights = network.tensors.map(\.name).filter { $0.hasSuffix("weight") }
        for name in weights.indices.filter({ $0 % 37 == 0 }).map({ weights[$0] }) {
            #expect(throws: ArchitectureError.self, "\(name)") {
                try Model(network.stateDict.with(name, shape: shape), path: "model.pth", options: network.options)
            }
        }
        let all = StateDict(tensors: network.tensors.map { ($0.name, StoredTensor(shape: shape) { [] }) })
        #expect(throws: ArchitectureError.self) { try Model(all, path: "model.pth", options: network.options) }
    }
}
