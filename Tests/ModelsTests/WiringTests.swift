import StoredTensors
import Testing
import WeightFiles

@testable import Models

/// U-Nets of no known family, found by the shapes of their tensors.
@Suite struct WiringTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        /// What the summary has to tell.
        let summary: String
        /// The assumptions that the user has to make; empty where the norms tell all that must not be guessed.
        var needed = ""

        var testDescription: String { name }

        init(_ name: String, _ summary: String, needed: String = "") {
            self.name = name
            self.summary = summary
            self.needed = needed
        }
    }

    /// Ten styles of writing a U-Net: `Networks/handwritten.py` says what is peculiar to each.
    static let cases = [
        Case("own-flat", "4 levels, widths 4, 8, 12, 16, up-convolution, no norms", needed: "concat"),
        Case("own-lists", "5 levels, widths 4, 6, 8, 12, 24, up-convolution, batch norm"),
        Case("own-valid", "3 levels, widths 4, 8, 16, up-convolution, no norms", needed: "concat"),
        Case("own-bilinear", "4 levels, widths 6, 8, 12, 16, upsampling, batch norm"),
        Case("own-residual", "4 levels, widths 4, 8, 12, 16, up-convolution, residual blocks, batch norm"),
        Case("own-norm-last", "3 levels, widths 6, 10, 14, up-convolution, batch norm"),
        Case("own-up-and-convolve", "5 levels, widths 4, 6, 8, 10, 12, upsampling, batch norm"),
        Case("own-leaky", "6 levels, widths 4, 4, 6, 6, 8, 8, up-convolution, batch norm"),
        Case("own-long-names", "4 levels, widths 4, 8, 16, 32, up-convolution, batch norm"),
        Case("own-before", "3 levels, widths 4, 6, 10, up-convolution, batch norm"),
    ]

    @Test(arguments: cases)
    func isWiredAsItWasWritten(_ expected: Case) throws {
        let network = try DescribedNetwork(expected.name)
        let wiring = try ShapeWiring(network.stateDict, options: network.options)
        #expect(wiring.network.summary == expected.summary)
        let found = wiring.network.assumptions.settled.filter { $0.origin == .evidence }
            .map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: ",")
        #expect(found == network.told)
        let logits = try PyTorchNetworksTests.logits(of: wiring.network.graph, network)
        let difference = zip(logits, network.logits).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(logits.count == network.logits.count)
        #expect(difference < 1e-4, "\(difference)\n\(wiring.lines.joined(separator: "\n"))")
    }

    /// Where nothing in the file tells the order of a concatenation, the user is asked.
    @Test(arguments: cases)
    func whatNothingTellsIsAsked(_ expected: Case) throws {
        let network = try DescribedNetwork(expected.name)
        var stateDict = network.stateDict
        // Norms as they are made have seen nothing.
        for index in stateDict.tensors.indices {
            let (name, tensor) = stateDict.tensors[index]
            let shape = tensor.shape
            let blank: Float? = name.hasSuffix("running_mean") ? 0 : name.hasSuffix("running_var") ? 1 : nil
            guard let blank else { continue }
            let count = shape.reduce(1, *)
            stateDict.tensors[index].tensor = StoredTensor(shape: shape) { Array(repeating: blank, count: count) }
        }
        let error = try #require(throws: WiringError.self) { try Model(stateDict, path: "model.pth") }
        #expect(error.candidates.map(\.assumptions.text) == ["concat=skip-first", "concat=skip-last"])
        #expect(error.description.hasSuffix("say --assume concat=skip-first or --assume concat=skip-last"))
        for candidate in error.candidates {
            var options = ModelOptions()
            options.assumptions = candidate.assumptions
            let model = try Model(stateDict, path: "model.pth", options: options)
            #expect(model.family == "a U-Net wired by its shapes")
            #expect(model.summary == expected.summary)
            #expect(model.assumptions.first { $0.key == .concat }?.origin == .given)
            #expect(!model.wiring.isEmpty)
        }
    }

    /// A network that was saved whole tells more than its tensors.
    @Test func modulesTell() throws {
        let network = try DescribedNetwork("own-bilinear")
        var stateDict = network.stateDict
        func options(_ text: String) throws -> ModelOptions {
            var options = ModelOptions()
            options.assumptions = try ModelAssumptions(parsing: text)
            return options
        }
        // Modules that say what the norms contradict leave the norms nothing to tell the skip by.
        func settled() throws -> [String] {
            try ShapeWiring(stateDict, options: options("concat=skip-first")).network.assumptions.settled
                .map { "\($0.key.rawValue)=\($0.value) \($0.origin.rawValue)" }
        }
        #expect(try settled().contains("upsampling=bilinear-aligned default"))
        stateDict.modules = [
            ModuleRecord(path: "act", type: "LeakyReLU", settings: ["negative_slope": "0.1"]),
            ModuleRecord(path: "pool", type: "AvgPool2d", settings: [:]),
            ModuleRecord(path: "up", type: "Upsample", settings: ["mode": "bilinear", "align_corners": "false"]),
            ModuleRecord(path: "conv", type: "Conv2d", settings: ["kernel_size": "3,3", "padding": "1,1"]),
        ]
        let told = try settled()
        for text in ["activation=leaky0.1", "pooling=average", "upsampling=bilinear", "padding=zero"] {
            #expect(told.contains("\(text) evidence"), "\(told)")
        }
        // Where modules disagree nothing is told.
        stateDict.modules.append(ModuleRecord(path: "act2", type: "ReLU", settings: [:]))
        #expect(try settled().contains("activation=relu default"))
        // What nobody understands is as if it were not said.
        stateDict.modules[0] = ModuleRecord(path: "act", type: "LeakyReLU", settings: ["negative_slope": "nan"])
        stateDict.modules.removeLast()
        #expect(try settled().contains("activation=relu default"))
        // The user's word counts for more.
        let wiring = try ShapeWiring(stateDict, options: options("concat=skip-first,pooling=max"))
        #expect(wiring.network.assumptions.settled.contains { $0.key == .pooling && $0.origin == .given })
    }

    /// The decoder of a network of segmentation_models_pytorch that was saved whole says how it upsamples.
    @Test func modulesOfAFamilyTell() throws {
        let network = try DescribedNetwork("unet-resnet18")
        var stateDict = network.stateDict
        stateDict.modules = [
            ModuleRecord(
                path: "decoder.blocks.0", type: "UnetDecoderBlock", settings: ["interpolation_mode": "bilinear"])
        ]
        let told = try Model(stateDict, path: "model.pth").assumptions.first { $0.key == .upsampling }
        #expect(told?.value == "bilinear" && told?.origin == .evidence)
    }

    /// What is told of a network, level by level.
    @Test func levels() throws {
        let network = try DescribedNetwork("own-norm-last")
        let model = try Model(network.stateDict, path: "model.pth", options: network.options)
        #expect(
            model.wiring == [
                "level 0, down: left1.conv_a and 1 more (3 to 6 to 6)",
                "level 1, down: left2.conv_a and 1 more (6 to 10 to 10)",
                "level 2, bottom: base.conv_a and 1 more (10 to 14 to 14)",
                "level 1, up: up-convolution grow2 (14 to 10), skip concatenated, right2.conv_a and 1 more (20 to 10 to 10)",
                "level 0, up: up-convolution grow1 (10 to 6), skip concatenated, right1.conv_a and 1 more (12 to 6 to 6), "
                    + "last (6 to 2)",
            ])
    }

    /// A list of layers that fits in very many ways, or in none, ends in a bounded number of steps.
    @Test(
        "endless lists",
        arguments: [
            (200, [8, 8, 3, 3], false), (200, [8, 8, 2, 2], false), (180, [16, 8, 3, 3], false),
            (60, [8, 8, 1, 1], true),
        ])
    func endless(count: Int, shape: [Int], isNamed: Bool) throws {
        var sketch = StateDictSketch()
        for index in 0..<count {
            sketch.tensor(isNamed ? "block\(index % 7).part\(index).weight" : "conv\(index).weight", shape)
        }
        let layers = LayerList(sketch.stateDict)
        #expect(layers.problem == nil)
        let search = WiringSearch(WiringUnit.units(of: layers))
        // Whatever it finds, each wiring uses every convolution once and takes every skip back.
        for wiring in search.wirings.prefix(10) {
            #expect(
                wiring.steps.count { $0 == .halve } == wiring.steps.count { [.concatenate, .add, .drop].contains($0) })
        }
    }

    /// What is no U-Net is refused with how far the search came, and with the export.
    @Test func whatIsNone() throws {
        var sketch = StateDictSketch()
        sketch.convolution("stem", [8, 5, 3, 3], bias: 8)
        sketch.convolution("next", [16, 8, 3, 3], bias: 16)
        sketch.convolution("odd", [4, 99, 3, 3], bias: 4)
        let error = try #require(throws: ArchitectureError.self) { try Model(sketch.stateDict, path: "dir/my net.pth") }
        #expect(
            error.description.contains(
                "by its shapes: as a U-Net, 2 of its 3 parts fit together, as far as level 1, bottom: next"))
        #expect(error.description.contains("nothing takes odd (4, 99, 3, 3) in"))
        #expect(
            error.export == [
                "net.load_state_dict(torch.load('my net.pth'))", "net.eval()",
                "torch.onnx.export(net, torch.zeros(1, 5, 512, 512), 'model.onnx')",
            ])
    }

    /// The export loads the file as its kind is loaded, and takes as many bands as the network.
    @Test func exports() throws {
        func export(_ path: String, _ change: (inout StateDict) -> Void) throws -> ArchitectureError {
            var sketch = StateDictSketch()
            sketch.convolution("alpha", [4, 99, 3, 3], bias: 4)
            sketch.convolution("depthwise", [8, 1, 3, 3], bias: 8)
            sketch.convolution("stem", [8, 6, 3, 3], bias: 8)
            var stateDict = sketch.stateDict
            change(&stateDict)
            return try #require(throws: ArchitectureError.self) { try Model(stateDict, path: path) }
        }
        let script = try export("dir/net.pt") { $0.isScript = true }
        #expect(
            script.export == [
                "net = torch.jit.load('net.pt').eval()", "scene = torch.zeros(1, 99, 512, 512)",
                "torch.onnx.export(net, scene, 'model.onnx', dynamo=False)",
            ])
        let wrapped = try export("last.ckpt") { $0.key = "state_dict" }
        #expect(wrapped.export.first == "net.load_state_dict(torch.load('last.ckpt')['state_dict'])")
        #expect(!wrapped.description.contains("sorted by name"))
        // Sorted by name, the first tensor is not the first layer's.
        let sorted = try export("net.safetensors") { $0.isSortedByName = true }
        #expect(
            sorted.export == [
                "net.load_state_dict(safetensors.torch.load_file('net.safetensors'))", "net.eval()",
                "torch.onnx.export(net, torch.zeros(1, 6, 512, 512), 'model.onnx')",
            ])
        #expect(sorted.description.contains("the checkpoint (.pth) or ONNX file of the same network keeps it"))
    }

    @Test(
        "layers that no U-Net has",
        arguments: [
            ("attention.in_proj_weight", [12, 4], "'attention.in_proj_weight' is no weight of a convolution or norm"),
            ("fc.weight", [10, 4], "'fc.weight' has 2 axes"), ("norm.weight", [4], "belongs to a norm"),
            ("flat.weight", [4, 4, 3, 5], "of a shape that no square convolution has"),
        ])
    func otherLayers(name: String, shape: [Int], problem: String) throws {
        var sketch = StateDictSketch()
        sketch.convolution("a", [4, 3, 3, 3], bias: 4)
        sketch.tensor(name, shape)
        if name == "norm.weight" { sketch.tensor("norm.bias", shape) }
        let layers = LayerList(sketch.stateDict)
        #expect(layers.problem?.contains(problem) == true, "\(layers.problem ?? "none")")
    }
}
