import Models
import NetworkGraph
import StoredTensors
import Testing
import WeightFiles

/// Families at other widths, bands and classes than those of the shared data.
@Suite struct ModelFamilyTests {
    typealias Sketch = StateDictSketch

    @Test("bands and classes", arguments: [(1, 1), (4, 3), (13, 300)])
    func bandsAndClasses(bands: Int, classes: Int) throws {
        let stateDicts: [(String, StateDict)] = [
            ("the paper's U-Net", Sketch.paper(bands: bands, classes: classes, widths: [3, 5, 9])),
            ("the DRIVE U-Net", Sketch.drive(bands: bands, classes: classes, base: 6, .upConvolution)),
            ("Pytorch-UNet", Sketch.pytorchUNet(bands: bands, classes: classes, base: 12, .bilinear)),
            ("the pooled-skip U-Net", Sketch.pooledSkip(bands: bands, classes: classes, base: 3)),
            ("U-Net++", Sketch.nested(bands: bands, classes: classes, widths: [4, 6, 7, 11, 12], isDeep: true)),
        ]
        for (family, stateDict) in stateDicts {
            let model = try Model(stateDict, path: "model.pth")
            #expect(model.family == family)
            #expect(model.bands == bands)
            #expect(model.outputChannels == classes)
        }
    }

    @Test(arguments: Sketch.Upsampling.allCases, [false, true])
    func pytorchUNet(upsampling: Sketch.Upsampling, isOld: Bool) throws {
        let stateDict = Sketch.pytorchUNet(bands: 3, classes: 2, base: 8, upsampling, isOld: isOld)
        let model = try Model(stateDict, path: "model.pth")
        #expect(model.isSeamless == (upsampling == .upConvolution))
        #expect(model.network.stride == 16)
        let bottom = isOld || upsampling == .bilinear ? 64 : 128
        #expect(model.summary.contains("widths 8, 16, 32, 64, \(bottom)"))
    }

    /// The paper's parameters are the same with and without padding.
    @Test func paddingIsTheUsersWord() throws {
        let stateDict = Sketch.paper(bands: 2, classes: 2, widths: [4, 8, 16, 32], hasNorms: true)
        let valid = try Model(stateDict, path: "model.pth")
        let padded = try Model(stateDict, path: "model.pth", options: ModelOptions(padded: true))
        #expect(valid.margin == 44)
        #expect(padded.margin == 48)
        #expect(valid.summary.contains("valid convolutions"))
        #expect(padded.summary.contains("padded convolutions"))
        #expect(padded.network.tileRemainder == 0)
    }

    @Test("as many levels as the names say", arguments: 2...6)
    func levels(count: Int) throws {
        let widths = (1...count).map { 2 * $0 }
        let paper = try Model(Sketch.paper(bands: 1, classes: 2, widths: widths), path: "model.pth")
        let nested = try Model(
            Sketch.nested(bands: 1, classes: 2, widths: widths, isDeep: true), path: "model.pth")
        for model in [paper, nested] {
            #expect(model.network.stride == 1 << (count - 1))
            #expect(model.summary.contains("\(count) levels"))
        }
        #expect(nested.depths == 1...(count - 1))
    }

    @Test func asManyLevelsAsThereMayBe() throws {
        let widths = Array(repeating: 1, count: 12)
        let nested = try Model(Sketch.nested(bands: 1, classes: 2, widths: widths, isDeep: true), path: "model.pth")
        #expect(nested.network.stride == 2048)
        let error = try #require(throws: ArchitectureError.self) {
            try Model(Sketch.paper(bands: 1, classes: 2, widths: widths), path: "model.pth")
        }
        #expect(error.description.contains("no input of up to 16384 pixels gives an output"))
    }

    /// Shapes of all other depths' tensors are checked before they are left out.
    @Test func prunedDepthLeavesOutWhatItDoesNotNeed() throws {
        let stateDict = Sketch.nested(bands: 3, classes: 2, widths: [4, 8, 16, 32, 64], isDeep: true)
        let pruned = try Model(stateDict, path: "model.pth", options: ModelOptions(depth: 1))
        let convolutions = try pruned.tile().graph.nodes.filter { node in
            if case .convolution = node.operation { true } else { false }
        }
        #expect(convolutions.count == 3 * 2 + 1)
        #expect(try pruned.head()?.weights.shape == [2, 4, 1, 1])
        #expect(throws: ArchitectureError.self) {
            try Model(
                stateDict.with("conv1_3.bn2.running_var", shape: [4]), path: "model.pth",
                options: ModelOptions(depth: 1))
        }
    }

    @Test func meanOfHeadsIsOneConvolution() throws {
        let stateDict = Sketch.nested(bands: 3, classes: 2, widths: [3, 4, 5, 6], isDeep: true)
        let head = try #require(try Model(stateDict, path: "model.pth").head())
        #expect(head.weights.shape == [2, 9, 1, 1])
        let parts = try (1...3).map { depth in
            try #require(
                try Model(stateDict, path: "model.pth", options: ModelOptions(depth: depth)).head())
        }
        for row in 0..<2 {
            let expected = parts.flatMap { $0.weights.elements()[row * 3..<row * 3 + 3].map { $0 / 3 } }
            let found = head.weights.elements()[row * 9..<row * 9 + 9]
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        let biases = parts.map { $0.bias?.elements() ?? [] }
        let found = try #require(head.bias?.elements())
        for row in 0..<2 {
            #expect(abs(found[row] - biases.map { $0[row] }.reduce(0, +) / 3) < 1e-6)
        }
    }
}
