import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// Checkpoints from before torch 1.6.
@Suite struct LegacyCheckpointTests {
    private let ramp = (0..<6).map(Float.init)

    private func file(
        _ tensors: [SampleTensor], count: Int64 = 6, keys: [String] = ["0"], version: Int = 1001
    ) -> [UInt8] {
        TorchWriter.legacy(
            pickle: PickleWriter.pickle { $0.stateDict(tensors, isLegacy: true) },
            storages: keys.map { ($0, count, ramp.littleEndianBytes) }, version: version)
    }

    @Test func storagesMayBeViewsOnOthers() throws {
        let tensor = SampleTensor(
            storage: .init(count: 6, view: (offset: 2, count: 3)), offset: 1, shape: [2], strides: [1])
        #expect(try Checkpoint.read(bytes: file([tensor])).elements == ["w": [3, 4]])
    }

    @Test("views that do not fit", arguments: [(5, 3), (-1, 3), (2, -1), (.max, 3), (1, .max), (0, 2)])
    func viewMisfits(offset: Int, count: Int) throws {
        let tensor = SampleTensor(
            storage: .init(count: 6, view: (offset: offset, count: count)), offset: 1, shape: [2], strides: [1])
        #expect(try Checkpoint.error(bytes: file([tensor]))?.code == .malformed)
    }

    @Test(
        "counts of elements",
        arguments: [
            (7, .truncated), (5, .malformed), (-1, .malformed), (.max, .malformed), (1 << 60, .truncated),
            (1 << 61, .malformed),
        ]
            as [(Int64, ModelFileError.Code)])
    func counts(count: Int64, code: ModelFileError.Code) throws {
        #expect(try Checkpoint.error(bytes: file([.vector(count: 6)], count: count))?.code == code)
    }

    @Test func keysMustAgree() throws {
        #expect(try Checkpoint.error(bytes: file([.vector(count: 6)], keys: []))?.code == .malformed)
        #expect(try Checkpoint.error(bytes: file([.vector(count: 6)], keys: ["1"]))?.code == .malformed)
        #expect(try Checkpoint.error(bytes: file([.vector(count: 6)], keys: ["0", "0"]))?.code == .malformed)
    }

    @Test func otherVersionsAreRefused() throws {
        #expect(try Checkpoint.error(bytes: file([.vector(count: 6)], version: 1002))?.code == .unsupportedContainer)
    }

    @Test func barePicklesAreNoCheckpoints() throws {
        let error = try Checkpoint.error(bytes: PickleWriter.pickle { $0.code("}") })
        #expect(error?.code == .unknownContainer)
    }
}
