import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// One tensor over one storage, as `torch.save` describes it.
@Suite struct TorchTensorTests {
    /// The storage of float32 that the layouts below look at.
    private let ramp = (0..<12).map(Float.init)

    @Test(
        "layouts",
        arguments: [
            // Contiguous; transposed; every second column; a row of a larger map; a diagonal.
            (0, [3, 4], [4, 1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            (0, [4, 3], [1, 4], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
            (1, [3, 2], [4, 2], [1, 3, 5, 7, 9, 11]),
            (4, [4], [1], [4, 5, 6, 7]),
            (0, [3], [5], [0, 5, 10]),
            // Channels last: (1, 2, 2, 3) with the channel fastest.
            (0, [1, 2, 2, 3], [12, 1, 6, 2], [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]),
            // Axes of extent 1 with strides that PyTorch leaves as they come.
            (2, [1, 2, 1], [999, 3, 999], [2, 5]),
            // Overlapping windows; a scalar; empty tensors, one of them beyond the storage's end.
            (0, [3, 3], [1, 2], [0, 2, 4, 1, 3, 5, 2, 4, 6]),
            (7, [], [], [7]),
            (0, [0, 3], [3, 1], []), (12, [0], [1], []),
            // A repeated row of fewer elements than the storage has.
            (8, [2, 3], [0, 1], [8, 9, 10, 8, 9, 10]),
        ] as [(Int, [Int], [Int], [Float])])
    func layouts(offset: Int, shape: [Int], strides: [Int], expected: [Float]) throws {
        let tensor = SampleTensor(storage: .init(count: 12), offset: offset, shape: shape, strides: strides)
        let stateDict = try Checkpoint.read(bytes: TorchWriter.zip(tensor, ramp.littleEndianBytes))
        #expect(stateDict.tensors.first?.tensor.shape == shape)
        #expect(stateDict.elements == ["w": expected])
    }

    @Test(
        "layouts that do not fit",
        arguments: [
            (0, [13], [1]), (1, [12], [1]), (12, [], []), (0, [3, 4], [5, 1]), (0, [2], [-1]), (-1, [2], [1]),
            (0, [-2], [1]), (0, [2], [.max]), (0, [3], [.max]), (.max, [2], [1]), (0, [2, 2], [.max, .max]),
            (0, [1 << 62, 1 << 62], [1, 1]), (0, [1 << 62, 4], [0, 0]), (0, [1 << 32, 1 << 32], [0, 0]),
            (0, [1 << 62, 1 << 62, 0], [1, 1, 1]), (0, [2, 2], [1]), (0, [2], [2, 1]),
            (0, [Int](repeating: 1, count: 65), [Int](repeating: 1, count: 65)),
            (0, [1_000_000], [0]),  // four megabytes out of nothing
        ] as [(Int, [Int], [Int])])
    func misfits(offset: Int, shape: [Int], strides: [Int]) throws {
        let tensor = SampleTensor(storage: .init(count: 12), offset: offset, shape: shape, strides: strides)
        let error = try Checkpoint.error(bytes: TorchWriter.zip(tensor, ramp.littleEndianBytes))
        #expect(error?.code == .malformed)
    }

    @Test("storages shorter than the pickle says", arguments: [3, 1 << 40, 1 << 62, .max, -1])
    func shortStorages(count: Int) throws {
        let tensor = SampleTensor(storage: .init(count: count), shape: [2], strides: [1])
        let error = try Checkpoint.error(bytes: TorchWriter.zip(tensor, ([1, 2] as [Float]).littleEndianBytes))
        #expect(error?.code == .malformed)
    }

    @Test(
        "storage types",
        arguments: [
            ("FloatStorage", [0, 0, 0xc0, 0xbf], -1.5),
            ("DoubleStorage", [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f], 0.1),
            ("HalfStorage", [0x00, 0x3e], 1.5), ("BFloat16Storage", [0xc0, 0xbf], -1.5),
            ("LongStorage", [12, 0, 0, 0, 0, 0, 0, 0], 12), ("IntStorage", [0xff, 0xff, 0xff, 0xff], -1),
            ("ShortStorage", [0, 0x80], -32768), ("CharStorage", [0x80], -128), ("ByteStorage", [0x80], 128),
            ("BoolStorage", [1], 1),
        ] as [(String, [UInt8], Float)])
    func types(type: String, bytes: [UInt8], value: Float) throws {
        var tensor = SampleTensor.vector(type: type, count: 1)
        #expect(try Checkpoint.read(bytes: TorchWriter.zip(tensor, bytes)).elements == ["w": [value]])
        // Written on a big-endian machine.
        let swapped = TorchWriter.zip(tensor, bytes.reversed(), byteOrder: "big")
        #expect(try Checkpoint.read(bytes: swapped).elements == ["w": [value]])
        // Before 1.6, storages of the GPU kept their module.
        tensor.storage.module = "torch.cuda"
        #expect(try Checkpoint.read(bytes: TorchWriter.zip(tensor, bytes, byteOrder: nil)).elements == ["w": [value]])
    }

    @Test func untypedStoragesTakeTheTensorsType() throws {
        var tensor = SampleTensor.vector(type: "UntypedStorage", count: 4)  // bytes
        tensor.storage.module = "torch.storage"
        tensor.dtype = "uint16"
        tensor.shape = [2]
        #expect(try Checkpoint.read(bytes: TorchWriter.zip(tensor, [1, 0, 0, 1])).elements == ["w": [1, 256]])
        tensor.shape = [3]
        #expect(try Checkpoint.error(bytes: TorchWriter.zip(tensor, [1, 0, 0, 1]))?.code == .malformed)
        tensor.dtype = nil
        #expect(try Checkpoint.error(bytes: TorchWriter.zip(tensor, [1, 0, 0, 1]))?.code == .malformed)
    }

    @Test("types without a float32 reading", arguments: ["ComplexFloatStorage", "QInt8Storage"])
    func unsupportedTypes(type: String) throws {
        let tensor = SampleTensor.vector(type: type, count: 1)
        let error = try Checkpoint.error(bytes: TorchWriter.zip(tensor, [UInt8](repeating: 0, count: 8)))
        #expect(error?.code == .unsupportedType)
        #expect(error?.message.contains("'torch.\(type)'") == true)
    }

    @Test func unknownByteOrderIsRefused() throws {
        let file = TorchWriter.zip(.vector(count: 1), [0, 0, 0, 0], byteOrder: "middle")
        #expect(try Checkpoint.error(bytes: file)?.code == .malformed)
    }

    @Test func tensorsShareAStorage() throws {
        let tensors = [
            SampleTensor(name: "a", storage: .init(count: 12), shape: [2], strides: [1]),
            SampleTensor(name: "b", storage: .init(count: 12), offset: 10, shape: [2], strides: [1]),
        ]
        let archive = TorchWriter.archive(
            pickle: PickleWriter.pickle { $0.stateDict(tensors) }, storages: [("0", ramp.littleEndianBytes)])
        #expect(try Checkpoint.read(bytes: archive.bytes).elements == ["a": [0, 1], "b": [10, 11]])
    }

    /// Parameters are tensors inside one more call, or two where the user gave them attributes.
    @Test(
        "parameters",
        arguments: [
            ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"),
            ("torch.nn.parameter", "Parameter"),
        ])
    func parameters(module: String, name: String) throws {
        let pickle = PickleWriter.pickle { writer in
            writer.code("}")
            writer.string("w")
            writer.global(module, name)
            writer.code("(")
            writer.tensor(.vector(count: 12))
            writer.raw([0x88])
            writer.orderedDict()
            writer.code("}tRs")
        }
        let archive = TorchWriter.archive(pickle: pickle, storages: [("0", ramp.littleEndianBytes)])
        #expect(try Checkpoint.read(bytes: archive.bytes).elements == ["w": ramp])
    }
}
