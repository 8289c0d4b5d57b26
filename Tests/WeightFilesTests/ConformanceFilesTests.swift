import StoredTensors
import TestData
import Testing
import TestModelFiles
import WeightFiles

/// A checkpoint of the shared data, and what PyTorch reads from it.
struct ConformanceFile: CustomTestStringConvertible {
    let path: String
    let tensors: Int
    let elements: Int
    /// Names of the first and the last tensor.
    let first: String
    let last: String
    /// Of all elements, in double precision.
    let sum: Double
    /// A convolution's weight in the middle, its shape, its first and its last element.
    let probe: String
    let shape: [Int]
    let start: Float
    let end: Float

    init(
        _ path: String, tensors: Int, elements: Int, first: String, last: String, sum: Double, probe: String,
        shape: [Int], start: Float, end: Float
    ) {
        self.path = path
        self.tensors = tensors
        self.elements = elements
        self.first = first
        self.last = last
        self.sum = sum
        self.probe = probe
        self.shape = shape
        self.start = start
        self.end = end
    }

    var testDescription: String { path }

    /// Written down from torch.load (PyTorch 2.13) and safetensors.torch.load_file, wrappers' prefixes taken off.
    static let all: [ConformanceFile] = [
        .init(
            "paper-batchnorm/lightning.ckpt", tensors: 106, elements: 31093,
            first: "down_path.0.block.0.weight", last: "last.bias", sum: 353.0522950839394,
            probe: "up_path.0.conv_block.block.0.weight", shape: [16, 32, 3, 3], start: -0.004694683477282524,
            end: 0.06731441617012024),
        .init(
            "paper-batchnorm/model.pth", tensors: 106, elements: 31093,
            first: "down_path.0.block.0.weight", last: "last.bias", sum: 353.0522950839394,
            probe: "up_path.0.conv_block.block.0.weight", shape: [16, 32, 3, 3], start: -0.004694683477282524,
            end: 0.06731441617012024),
        .init(
            "paper-tiny-scene/model.pth", tensors: 46, elements: 121694,
            first: "down_path.0.block.0.weight", last: "last.bias", sum: 18.05921322611018,
            probe: "up_path.0.conv_block.block.0.weight", shape: [32, 64, 3, 3], start: -0.03294019028544426,
            end: -0.1053631454706192),
        .init(
            "paper/legacy.pth", tensors: 46, elements: 121658,
            first: "down_path.0.block.0.weight", last: "last.bias", sum: 13.005530656709311,
            probe: "up_path.0.conv_block.block.0.weight", shape: [32, 64, 3, 3], start: -0.04060222581028938,
            end: 0.1074737161397934),
        .init(
            "paper/model.pth", tensors: 46, elements: 121658,
            first: "down_path.0.block.0.weight", last: "last.bias", sum: 13.005530656709311,
            probe: "up_path.0.conv_block.block.0.weight", shape: [32, 64, 3, 3], start: -0.04060222581028938,
            end: 0.1074737161397934),
        .init(
            "paper/model.safetensors", tensors: 46, elements: 121658,
            first: "down_path.0.block.0.bias", last: "up_path.3.up.weight", sum: 13.005530656709311,
            probe: "up_path.0.conv_block.block.0.weight", shape: [32, 64, 3, 3], start: -0.04060222581028938,
            end: 0.1074737161397934),
        .init(
            "pytorch-unet-bilinear/model.pth", tensors: 110, elements: 68647,
            first: "inc.double_conv.0.weight", last: "outc.conv.bias", sum: 547.1235748147853,
            probe: "down4.maxpool_conv.1.double_conv.3.weight", shape: [32, 32, 3, 3], start: -0.0010911861900240183,
            end: -0.08401378244161606),
        .init(
            "pytorch-unet-transposed/model.pth", tensors: 118, elements: 122852,
            first: "inc.double_conv.0.weight", last: "outc.conv.bias", sum: 708.1763865781904,
            probe: "up1.conv.double_conv.0.weight", shape: [32, 64, 3, 3], start: -0.04053616523742676,
            end: 0.014914354309439659),
        .init(
            "pytorch-unet-transposed/model.safetensors", tensors: 118, elements: 122852,
            first: "down1.maxpool_conv.1.double_conv.1.num_batches_tracked", last: "up4.up.weight",
            sum: 708.1763865781904,
            probe: "up1.conv.double_conv.0.weight", shape: [32, 64, 3, 3], start: -0.04053616523742676,
            end: 0.014914354309439659),
        .init(
            "seed000-bilinear/model.pth", tensors: 110, elements: 68560,
            first: "in_conv.0.weight", last: "out_conv.0.bias", sum: -90.49840267866034,
            probe: "down4.1.3.weight", shape: [32, 32, 3, 3], start: 0.12521930038928986, end: -0.02193298190832138),
        .init(
            "seed000-transposed/model.pth", tensors: 118, elements: 122862,
            first: "in_conv.0.weight", last: "out_conv.0.bias", sum: 735.5018704892971,
            probe: "up1.conv.0.weight", shape: [32, 64, 3, 3], start: 0.06396561861038208, end: 0.021509164944291115),
        .init(
            "seed000-transposed/model.safetensors", tensors: 118, elements: 122862,
            first: "down1.1.1.num_batches_tracked", last: "up4.up.weight", sum: 735.5018704892971,
            probe: "up1.conv.0.weight", shape: [32, 64, 3, 3], start: 0.06396561861038208, end: 0.021509164944291115),
        .init(
            "seed000-transposed/parallel.pth", tensors: 118, elements: 122862,
            first: "in_conv.0.weight", last: "out_conv.0.bias", sum: 735.5018704892971,
            probe: "up1.conv.0.weight", shape: [32, 64, 3, 3], start: 0.06396561861038208, end: 0.021509164944291115),
        .init(
            "seed002-bilinear/model.pth", tensors: 128, elements: 53643,
            first: "inc.double_conv.0.weight", last: "outc.conv.bias", sum: 463.5164771979404,
            probe: "down4.maxpool_conv.1.double_conv.3.weight", shape: [32, 32, 3, 3], start: -0.04468117654323578,
            end: -0.1351984441280365),
        .init(
            "seed002-transposed/legacy.pth", tensors: 136, elements: 59179,
            first: "inc.double_conv.0.weight", last: "outc.conv.bias", sum: 521.3663527485987,
            probe: "up1.conv.double_conv.0.weight", shape: [16, 64, 3, 3], start: -0.006826325785368681,
            end: 0.031177684664726257),
        .init(
            "seed002-transposed/model.pth", tensors: 136, elements: 59179,
            first: "inc.double_conv.0.weight", last: "outc.conv.bias", sum: 521.3663527485987,
            probe: "up1.conv.double_conv.0.weight", shape: [16, 64, 3, 3], start: -0.006826325785368681,
            end: 0.031177684664726257),
        .init(
            "seed003/model.pth", tensors: 136, elements: 123143,
            first: "down1.conv.conv1.0.weight", last: "final.bias", sum: 733.3975093324229,
            probe: "up4.conv.conv2.0.weight", shape: [32, 32, 3, 3], start: 0.04360998794436455,
            end: 0.005279151257127523),
        .init(
            "unetplusplus-deep-1/model.pth", tensors: 218, elements: 145470,
            first: "conv0_0.conv1.weight", last: "final4.bias", sum: 878.103421047143,
            probe: "conv3_1.conv2.weight", shape: [32, 32, 3, 3], start: 0.04044903814792633, end: -0.0799112468957901),
        .init(
            "unetplusplus-deep-2/model.pth", tensors: 218, elements: 145470,
            first: "conv0_0.conv1.weight", last: "final4.bias", sum: 946.7377483348571,
            probe: "conv3_1.conv2.weight", shape: [32, 32, 3, 3], start: -0.024266481399536133,
            end: 0.012711203657090664),
        .init(
            "unetplusplus-deep-3/model.pth", tensors: 218, elements: 145470,
            first: "conv0_0.conv1.weight", last: "final4.bias", sum: 848.6492548844443,
            probe: "conv3_1.conv2.weight", shape: [32, 32, 3, 3], start: -0.03616180270910263, end: -0.13361428678035736
        ),
        .init(
            "unetplusplus-deep-4/model.pth", tensors: 218, elements: 145470,
            first: "conv0_0.conv1.weight", last: "final4.bias", sum: 340.1575884892252,
            probe: "conv3_1.conv2.weight", shape: [32, 32, 3, 3], start: -0.049477528780698776,
            end: -0.10366588085889816),
        .init(
            "unetplusplus-deep-mean/model.pth", tensors: 218, elements: 145470,
            first: "conv0_0.conv1.weight", last: "final4.bias", sum: 878.5764600880356,
            probe: "conv3_1.conv2.weight", shape: [32, 32, 3, 3], start: 0.06472291797399521, end: 0.1464303731918335),
        .init(
            "unetplusplus/model.pth", tensors: 212, elements: 145415,
            first: "conv0_0.conv1.weight", last: "final.bias", sum: 943.8901288280288,
            probe: "conv2_1.conv2.weight", shape: [16, 16, 3, 3], start: -0.1007838174700737, end: -0.12113984674215317),
        .init(
            "unetplusplus/model.safetensors", tensors: 212, elements: 145415,
            first: "conv0_0.bn1.num_batches_tracked", last: "final.weight", sum: 943.8901288280288,
            probe: "conv1_2.conv2.weight", shape: [8, 8, 3, 3], start: -0.24381595849990845, end: -0.0010778948199003935
        ),
    ]
}

@Suite("Checkpoints of the shared data", .enabled(if: SharedData.isPresent, "\(SharedData.missing)"))
struct ConformanceFilesTests {
    @Test(arguments: ConformanceFile.all)
    func reads(file: ConformanceFile) throws {
        let stateDict = try Checkpoint.read(path: SharedData.conformance(file.path))
        #expect(stateDict.tensors.count == file.tensors)
        #expect(stateDict.tensors.reduce(0) { $0 + $1.tensor.count } == file.elements)
        #expect(stateDict.tensors.first?.name == file.first)
        #expect(stateDict.tensors.last?.name == file.last)

        let probe = try #require(stateDict.tensors.first { $0.name == file.probe }).tensor
        #expect(probe.shape == file.shape)
        #expect(probe.elements().first == file.start)
        #expect(probe.elements().last == file.end)

        let sum = stateDict.tensors.reduce(0) { $1.tensor.elements().reduce($0) { $0 + Double($1) } }
        #expect(abs(sum - file.sum) < 1e-8)
    }

    /// One network in several containers, and inside a training framework's.
    @Test(arguments: [
        ("paper/model.pth", "paper/model.safetensors"),
        ("paper/model.pth", "paper/legacy.pth"),
        ("seed002-transposed/model.pth", "seed002-transposed/legacy.pth"),
        ("paper-batchnorm/model.pth", "paper-batchnorm/lightning.ckpt"),
        ("seed000-transposed/model.pth", "seed000-transposed/parallel.pth"),
        ("seed000-transposed/model.pth", "seed000-transposed/model.safetensors"),
        ("unetplusplus/model.pth", "unetplusplus/model.safetensors"),
    ])
    func holdsTheSame(one: String, other: String) throws {
        let one = try Checkpoint.read(path: SharedData.conformance(one))
        let other = try Checkpoint.read(path: SharedData.conformance(other))
        #expect(one.elements == other.elements)
        let shapes = [one, other].map { stateDict in
            Dictionary(uniqueKeysWithValues: stateDict.tensors.map { ($0.name, $0.tensor.shape) })
        }
        #expect(shapes[0] == shapes[1])
    }

    /// The rasters beside the checkpoints are model files by mistake.
    @Test func rasterIsNoModel() {
        #expect {
            try Checkpoint.read(path: SharedData.conformance("paper/scene.tif"))
        } throws: { error in
            (error as? ModelFileError)?.code == .unknownContainer
        }
    }
}
