import Models
import StoredTensors
import Testing
import WeightFiles

/// Files whose tensors are no known network, and wishes that a network cannot fulfil.
@Suite struct ModelRefusalTests {
    private static let pytorchUNet = StateDictSketch.pytorchUNet(bands: 3, classes: 2, base: 32, .upConvolution)
    private static let families: [(title: String, stateDict: StateDict)] = [
        ("the paper's U-Net", StateDictSketch.paper(bands: 1, classes: 2, widths: [4, 8, 16])),
        ("the paper's U-Net", StateDictSketch.paper(bands: 1, classes: 2, widths: [4, 8], hasNorms: true)),
        ("the DRIVE U-Net", StateDictSketch.drive(bands: 1, classes: 2, base: 4, .bilinear)),
        ("Pytorch-UNet", StateDictSketch.pytorchUNet(bands: 1, classes: 2, base: 4, .upConvolution)),
        ("Pytorch-UNet", StateDictSketch.pytorchUNet(bands: 1, classes: 2, base: 4, .bilinear, isOld: true)),
        ("the pooled-skip U-Net", StateDictSketch.pooledSkip(bands: 1, classes: 2, base: 4)),
        ("U-Net++", StateDictSketch.nested(bands: 1, classes: 2, widths: [4, 8, 16], isDeep: false)),
        ("U-Net++", StateDictSketch.nested(bands: 1, classes: 2, widths: [4, 8, 16], isDeep: true)),
    ]

    private func error(_ stateDict: StateDict) throws -> ArchitectureError {
        try #require(throws: ArchitectureError.self) { try Model(stateDict, path: "model.pth") }
    }

    @Test func misshapenTensorIsNamed() throws {
        let name = "up1.conv.double_conv.0.weight"
        let error = try error(Self.pytorchUNet.with(name, shape: [256, 256, 3, 3]))
        #expect(
            error.description
                == "model.pth: looks like Pytorch-UNet, but \(name) has shape (256, 256, 3, 3), expected (256, 512, 3, 3)"
                + "; export it to ONNX in Python: net.load_state_dict(torch.load('model.pth')); net.eval(); "
                + "torch.onnx.export(net, torch.zeros(1, 3, 512, 512), 'model.onnx')")
    }

    /// Decoder blocks that take the upsampled map alone.
    @Test func decoderWithoutSkips() throws {
        var stateDict = Self.pytorchUNet
        for (step, width) in zip(1...4, [256, 128, 64, 32]) {
            stateDict = stateDict.with("up\(step).conv.double_conv.0.weight", shape: [width, width, 3, 3])
        }
        let error = try error(stateDict)
        #expect(error.closest == "Pytorch-UNet")
        #expect(error.problems.count == 4)
        #expect(error.problems[3].contains("(32, 32, 3, 3), expected (32, 64, 3, 3)"))
    }

    @Test func classifierIsNoNetworkOfOurs() throws {
        var resnet = StateDictSketch()
        resnet.block([("conv1", "bn1")], [3, 64], isBiased: false)
        for layer in 1...4 {
            for block in 0...1 {
                let prefix = "layer\(layer).\(block)"
                resnet.block(
                    [("\(prefix).conv1", "\(prefix).bn1"), ("\(prefix).conv2", "\(prefix).bn2")], [64, 64, 64],
                    isBiased: false)
            }
        }
        resnet.convolution("fc", [1000, 64], bias: 1000)
        let error = try error(resnet.stateDict)
        #expect(error.closest == "FCN of torchvision")
        #expect(error.description.hasPrefix("model.pth: not a network that Overtile knows (the paper's U-Net, "))
        #expect(error.description.contains("its 104 tensors start with 'conv1.weight', 'bn1.weight', 'bn1.bias'"))
        #expect(error.description.contains("closest is FCN of torchvision, but backbone.conv1.weight is missing; "))
        #expect(!error.description.contains("\n"))
    }

    /// No tensor is optional, the biases and norms' weights that PyTorch would allow to leave out included.
    @Test("a tensor missing", arguments: families.indices)
    func missing(index: Int) throws {
        let (title, stateDict) = Self.families[index]
        _ = try Model(stateDict, path: "model.pth")
        for name in stateDict.tensors.map(\.name) where !name.hasSuffix("num_batches_tracked") {
            let error = try error(stateDict.without(name))
            #expect(error.closest == title, "\(name)")
            #expect(error.contents == nil, "\(name)")
            #expect(error.problems == ["\(name) is missing"], "\(name): \(error)")
        }
    }

    @Test("a tensor too many", arguments: families.indices)
    func unexpected(index: Int) throws {
        let (title, stateDict) = Self.families[index]
        let error = try error(stateDict.with("attention\n.weight", shape: [4, 4]))
        #expect(error.closest == title)
        #expect(error.problems == ["'attention\\u{a}.weight' of shape (4, 4) is not part of it"])
    }

    /// Shapes that no file can mean: zero, huge, of another rank. None may overflow or run off an array's end.
    @Test(
        "hostile shapes", arguments: families.indices,
        [
            [], [0], [Int.max], [0, 0, 0, 0], [1, 0, 3, 3], [0, 1, 3, 3], [Int.max, Int.max, 3, 3],
            [4, 1 << 62, 2, 2], [1 << 20, 1 << 20, 1 << 20, 1 << 20], [4, 4, 3], Array(repeating: 2, count: 64),
        ])
    func hostile(index: Int, shape: [Int]) throws {
        let (_, stateDict) = Self.families[index]
        for name in stateDict.tensors.map(\.name) where name.hasSuffix("weight") {
            #expect(try error(stateDict.with(name, shape: shape)).problems.isEmpty == false, "\(name)")
        }
        let all = StateDict(
            tensors: stateDict.tensors.map { ($0.name, StoredTensor(shape: shape) { [] }) })
        _ = try error(all)
    }

    /// More levels than a network can have are not followed.
    @Test(arguments: [
        "down_path.#.block.0.weight", "down#.1.0.weight", "conv#_0.conv1.weight", "down#.conv.conv1.0.weight",
    ])
    func endlessLevels(pattern: String) throws {
        var sketch = StateDictSketch()
        for level in 0..<5000 {
            let name = pattern.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(level)")
            sketch.tensor(name, [1, 1, 3, 3])
        }
        #expect(try error(sketch.stateDict).problems.count > 4900)
    }

    /// Of two families whose landmarks a file has, the one that more of it fits.
    @Test func twoLandmarks() throws {
        for stray in ["in_conv.0.weight", "conv0_0.conv1.weight"] {
            let error = try error(Self.pytorchUNet.with(stray, shape: [64, 3, 3, 3]))
            #expect(error.closest == "Pytorch-UNet")
            #expect(error.problems == ["'\(stray)' of shape (64, 3, 3, 3) is not part of it"])
        }
    }

    @Test func emptyStateDict() throws {
        #expect(try error(StateDict(tensors: [])).description.contains("it holds no tensors"))
    }

    @Test func paddingThatIsKnownAnyway() throws {
        for (title, stateDict) in Self.families where title != "the paper's U-Net" {
            let error = try #require(throws: ModelOptionsError.self) {
                try Model(stateDict, path: "model.pth", options: ModelOptions(padded: true))
            }
            #expect(error.option == .padded)
            #expect(error.description.contains("\(title) pads its convolutions anyway"))
        }
    }

    @Test func depthsThatAreNotThere() throws {
        for (title, stateDict) in Self.families {
            let error = try #require(throws: ModelOptionsError.self) {
                try Model(stateDict, path: "model.pth", options: ModelOptions(depth: 3))
            }
            #expect(error.option == .depth)
            #expect(error.description.contains(title))
        }
        let error = try #require(throws: ModelOptionsError.self) {
            try Model(Self.families.last!.stateDict, path: "model.pth", options: ModelOptions(depth: 0))
        }
        #expect(error.description == "model.pth: there is no depth 0: this U-Net++ has depths 1 to 2")
    }
}
