import Models
import StoredTensors
import TestData
import Testing
import Training
import WeightFiles

@Suite("Networks yet to be trained")
struct NetworkDesignTests {
    /// A design, and the family that its file is read as.
    struct Case: CustomTestStringConvertible, Sendable {
        let design: NetworkDesign
        let family: String
        var testDescription: String { "\(design.family.rawValue), \(design.upsampling.rawValue)" }
    }

    static let cases = [
        Case(design: NetworkDesign(.paper, bands: 3, classes: 2, base: 4), family: "the paper's U-Net"),
        Case(
            design: NetworkDesign(.paper, bands: 1, classes: 2, levels: 5, base: 4, hasBatchNorm: false),
            family: "the paper's U-Net"),
        Case(
            design: NetworkDesign(.paper, bands: 3, classes: 5, base: 4, upsampling: .bilinear),
            family: "the paper's U-Net"),
        Case(design: NetworkDesign(.unet, bands: 4, classes: 2, base: 4), family: "Pytorch-UNet"),
        Case(
            design: NetworkDesign(.unet, bands: 4, classes: 2, base: 4, upsampling: .bilinear), family: "Pytorch-UNet"),
        Case(design: NetworkDesign(.drive, bands: 1, classes: 2, base: 4), family: "the DRIVE U-Net"),
        Case(
            design: NetworkDesign(.drive, bands: 1, classes: 2, base: 4, upsampling: .bilinear),
            family: "the DRIVE U-Net"),
        Case(design: NetworkDesign(.seed002, bands: 3, classes: 1, base: 4), family: "Pytorch-UNet"),
        Case(
            design: NetworkDesign(.seed002, bands: 3, classes: 1, base: 4, upsampling: .bilinear),
            family: "Pytorch-UNet"),
        Case(design: NetworkDesign(.pooledSkip, bands: 2, classes: 2, base: 4), family: "the pooled-skip U-Net"),
        Case(design: NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, base: 4), family: "U-Net++"),
        Case(
            design: NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, base: 4, hasDeepSupervision: true),
            family: "U-Net++"),
    ]

    @Test("are written as files that are read as their family", arguments: cases)
    func files(_ one: Case) throws {
        let folder = try TemporaryFolder()
        let network = try TrainableNetwork(one.design.initialized(seed: 1))
        try network.stateDict().write(safetensors: folder.path("new.safetensors"))
        let model = try Model(path: folder.path("new.safetensors"))
        #expect(model.family == one.family)
        #expect(model.bands == one.design.bands && model.outputChannels == one.design.classes)
    }

    /// The names and shapes are those of the networks that PyTorch trained.
    @Test(
        "have the tensors of PyTorch's networks", .enabled(if: SharedData.isPresent, "\(SharedData.missing)"),
        arguments: [
            ("paper-sgd", NetworkDesign(.paper, bands: 1, classes: 2, levels: 3, base: 6, hasBatchNorm: false)),
            ("paper-batchnorm-adamw", NetworkDesign(.paper, bands: 3, classes: 3, levels: 3, base: 6)),
            ("pytorch-unet-adam", NetworkDesign(.unet, bands: 4, classes: 2, base: 4)),
            ("seed003-adam", NetworkDesign(.pooledSkip, bands: 2, classes: 2, base: 4)),
            ("unetplusplus-adam", NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, base: 4)),
            (
                "unetplusplus-deep-adam",
                NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, base: 4, hasDeepSupervision: true)
            ),
        ])
    func tensors(_ name: String, _ design: NetworkDesign) throws {
        let theirs = try Checkpoint.read(path: SharedData.conformance("training/\(name)/steps.safetensors"), key: nil)
        let truth = theirs.under("initial.").map { "\($0.name) \($0.tensor.shape)" }
        let ours = try design.initialized(seed: 1).stateDict.tensors.map { "\($0.name) \($0.tensor.shape)" }
        #expect(
            Set(ours.filter { !$0.contains("num_batches_tracked") })
                == Set(truth.filter { !$0.contains("num_batches") }))
    }

    @Test("are the same for one seed, and others for another; weights spread as they should")
    func seeds() throws {
        let design = NetworkDesign(.paper, bands: 3, classes: 2, base: 32)
        func weights(_ seed: UInt64, _ initial: InitialWeights) throws -> [Float] {
            try design.initialized(seed: seed, initial).stateDict.elements("down_path.1.block.3.weight")!
        }
        for initial in InitialWeights.allCases {
            #expect(try weights(1, initial) == weights(1, initial))
            #expect(try weights(1, initial) != weights(2, initial))
        }
        // 64 channels of 9 taps: within 1/24 of 0, and of variance 2/576.
        let even = try weights(1, .pytorch)
        #expect(even.map(abs).max()! <= 1 / 24 && even.map(abs).max()! > 0.99 / 24)
        let normal = try weights(1, .heNormal)
        let variance = normal.reduce(0) { $0 + Double($1) * Double($1) } / Double(normal.count)
        #expect(abs(variance * 576 / 2 - 1) < 0.03)
    }

    @Test("get new heads for other classes, and keep all else")
    func heads() throws {
        let design = NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, levels: 3, base: 4, hasDeepSupervision: true)
        let old = try design.initialized(seed: 1)
        let new = try old.withClasses(5, seed: 2)
        for (name, tensor) in new.stateDict.tensors {
            let isHead = name.hasPrefix("final")
            #expect((tensor.elements() == old.stateDict.elements(name)) == !isHead, "\(name)")
            if isHead { #expect(tensor.shape[0] == 5) }
        }
        #expect(
            try old.withClasses(2, seed: 9).stateDict.elements("final1.weight")
                == old.stateDict.elements("final1.weight"))
    }

    @Test("say what a family does not have")
    func refusals() {
        for design in [
            NetworkDesign(.unet, bands: 3, classes: 2, hasBatchNorm: false),
            NetworkDesign(.paper, bands: 3, classes: 2, hasDeepSupervision: true),
            NetworkDesign(.pooledSkip, bands: 3, classes: 2, upsampling: .bilinear),
            NetworkDesign(.unetPlusPlus, bands: 3, classes: 2, upsampling: .transposed),
            NetworkDesign(.unet, bands: 3, classes: 2, base: 5, upsampling: .bilinear),
            NetworkDesign(.paper, bands: 0, classes: 2), NetworkDesign(.paper, bands: 3, classes: 2, levels: 40),
        ] {
            #expect(throws: TrainingError.self, "\(design)") { try design.initialized(seed: 1) }
        }
    }
}
