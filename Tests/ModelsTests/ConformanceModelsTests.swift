import Models
import NetworkGraph
import TestData
import Testing

/// What a model file of the shared data has to be recognised as.
struct ConformanceModel: CustomTestStringConvertible {
    let path: String
    let family: String
    let bands: Int
    let outputs: Int
    var stride = 16
    /// nil where tiles do not fit together without seams.
    let margin: Int?
    var depth: Int?

    var testDescription: String { path }

    static let all: [ConformanceModel] = [
        .init(path: "paper/model.pth", family: "the paper's U-Net", bands: 1, outputs: 2, margin: 92),
        .init(path: "paper/model.safetensors", family: "the paper's U-Net", bands: 1, outputs: 2, margin: 92),
        .init(path: "paper/legacy.pth", family: "the paper's U-Net", bands: 1, outputs: 2, margin: 92),
        .init(
            path: "paper-batchnorm/model.pth", family: "the paper's U-Net", bands: 3, outputs: 3, stride: 8, margin: 44),
        .init(
            path: "paper-batchnorm/lightning.ckpt", family: "the paper's U-Net", bands: 3, outputs: 3, stride: 8,
            margin: 44),
        .init(path: "paper-tiny-scene/model.pth", family: "the paper's U-Net", bands: 2, outputs: 2, margin: 92),
        .init(path: "seed000-transposed/model.pth", family: "the DRIVE U-Net", bands: 3, outputs: 4, margin: 96),
        .init(path: "seed000-transposed/parallel.pth", family: "the DRIVE U-Net", bands: 3, outputs: 4, margin: 96),
        .init(
            path: "seed000-transposed/model.safetensors", family: "the DRIVE U-Net", bands: 3, outputs: 4, margin: 96),
        .init(path: "seed000-bilinear/model.pth", family: "the DRIVE U-Net", bands: 1, outputs: 2, margin: nil),
        .init(path: "seed002-transposed/model.pth", family: "Pytorch-UNet", bands: 4, outputs: 1, margin: 96),
        .init(path: "seed002-transposed/legacy.pth", family: "Pytorch-UNet", bands: 4, outputs: 1, margin: 96),
        .init(path: "seed002-bilinear/model.pth", family: "Pytorch-UNet", bands: 3, outputs: 1, margin: nil),
        .init(path: "pytorch-unet-transposed/model.pth", family: "Pytorch-UNet", bands: 3, outputs: 2, margin: 96),
        .init(
            path: "pytorch-unet-transposed/model.safetensors", family: "Pytorch-UNet", bands: 3, outputs: 2, margin: 96),
        .init(path: "pytorch-unet-bilinear/model.pth", family: "Pytorch-UNet", bands: 3, outputs: 5, margin: nil),
        .init(path: "seed003/model.pth", family: "the pooled-skip U-Net", bands: 1, outputs: 1, margin: nil),
        .init(path: "unetplusplus/model.pth", family: "U-Net++", bands: 3, outputs: 1, margin: nil),
        .init(path: "unetplusplus/model.safetensors", family: "U-Net++", bands: 3, outputs: 1, margin: nil),
        .init(path: "unetplusplus-deep-mean/model.pth", family: "U-Net++", bands: 3, outputs: 3, margin: nil),
        .init(
            path: "unetplusplus-deep-1/model.pth", family: "U-Net++", bands: 3, outputs: 3, stride: 2, margin: nil,
            depth: 1),
        .init(
            path: "unetplusplus-deep-2/model.pth", family: "U-Net++", bands: 3, outputs: 3, stride: 4, margin: nil,
            depth: 2),
        .init(
            path: "unetplusplus-deep-3/model.pth", family: "U-Net++", bands: 3, outputs: 3, stride: 8, margin: nil,
            depth: 3),
        .init(
            path: "unetplusplus-deep-4/model.pth", family: "U-Net++", bands: 3, outputs: 3, stride: 16, margin: nil,
            depth: 4),
    ]
}

@Suite("Networks of the shared data", .enabled(if: SharedData.isPresent, "\(SharedData.missing)"))
struct ConformanceModelsTests {
    @Test(arguments: ConformanceModel.all)
    func isRecognised(expected: ConformanceModel) throws {
        let model = try Model(
            path: SharedData.conformance(expected.path), options: ModelOptions(depth: expected.depth))
        #expect(model.family == expected.family)
        #expect(model.bands == expected.bands)
        #expect(model.outputChannels == expected.outputs)
        #expect(model.classCount == max(2, expected.outputs))
        #expect(model.network.stride == expected.stride)
        #expect(model.margin == expected.margin)
        #expect(model.depths == (expected.path.hasPrefix("unetplusplus-deep") ? 1...4 : nil))
        #expect(try model.tile().operationCount > 0)
    }

    /// Forms of one project differ in their weights' shapes alone.
    @Test(arguments: [
        ("seed002-transposed", "older form (biased convolutions), 5 levels", "up-convolution"),
        ("seed002-bilinear", "older form (biased convolutions), 5 levels", "bilinear"),
        ("pytorch-unet-transposed", "today's form, 5 levels", "up-convolution"),
        ("pytorch-unet-bilinear", "today's form, 5 levels", "bilinear"),
        ("seed000-bilinear", "5 levels", "bilinear"),
    ])
    func summaryTellsTheForm(name: String, start: String, upsampling: String) throws {
        let model = try Model(path: SharedData.conformance("\(name)/model.pth"))
        #expect(model.summary.hasPrefix(start))
        #expect(model.summary.contains(upsampling))
    }

    @Test func depthsCostMoreTheDeeper() throws {
        let path = SharedData.conformance("unetplusplus-deep-mean/model.pth")
        let counts = try (1...4).map { depth in
            try Model(path: path, options: ModelOptions(depth: depth)).tile().operationCount
        }
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 })
        #expect(try counts[3] < Model(path: path).tile().operationCount)
    }
}
