import Foundation
import Glibc
import StoredTensors
import TestData
import Testing
import TestModelFiles
import WeightFiles

@Suite struct SafetensorsWritingTests {
    private let stateDict = StateDict(
        tensors: [
            ("conv.weight", StoredTensor(shape: [2, 1, 1, 2], elements: [1, 2, 3, 4])),
            ("count", StoredTensor(shape: [], type: .int64) { [70000] }),
            ("conv.bias", StoredTensor(shape: [1], elements: [0.1])),
            ("none", StoredTensor(shape: [0, 3], elements: [])),
        ], metadata: ["format": "pt", "classes": "[\"water\"]\n"])

    @Test func bytesAreThoseOfTheFormat() throws {
        let folder = try TemporaryFolder()
        try stateDict.write(safetensors: folder.path("model.safetensors"))
        let bytes = try folder.bytes("model.safetensors")
        let header = try #require(String(bytes: bytes[8..<bytes.count - 24], encoding: .utf8))
        #expect(
            header.trimmingCharacters(in: .whitespaces)
                == #"{"__metadata__":{"classes":"[\"water\"]\u000a","format":"pt"},"#
                + #""conv.weight":{"dtype":"F32","shape":[2,1,1,2],"data_offsets":[0,16]},"#
                + #""count":{"dtype":"F32","shape":[],"data_offsets":[16,20]},"#
                + #""conv.bias":{"dtype":"F32","shape":[1],"data_offsets":[20,24]},"#
                + #""none":{"dtype":"F32","shape":[0,3],"data_offsets":[24,24]}}"#)
        #expect(header.utf8.count.isMultiple(of: 8))
        #expect(bytes.prefix(8).elementsEqual(UInt64(header.utf8.count).littleEndianBytes))
        #expect(bytes.suffix(24).elementsEqual(([1, 2, 3, 4, 70000, 0.1] as [Float]).littleEndianBytes))

        let again = try Checkpoint.read(path: folder.path("model.safetensors"))
        #expect(again.tensors.map(\.name) == stateDict.tensors.map(\.name))
        #expect(again.tensors.map(\.tensor.shape) == stateDict.tensors.map(\.tensor.shape))
        #expect(again.elements == stateDict.elements && again.metadata == stateDict.metadata)
        #expect(try folder.names == ["model.safetensors"])
    }

    /// Float32 lies before float16, so that no element is at an odd place; the header keeps the order.
    @Test func halvesAreRoundedToNearestEven() throws {
        let folder = try TemporaryFolder()
        let values: [Float] = [1 + 0x1p-11, 1 + 3 * 0x1p-11, 0x1p-24, 0x1p-25, -0, 65504, 65519, .infinity]
        var halves = stateDict
        halves.tensors.insert(("w", StoredTensor(shape: [8], elements: values)), at: 0)
        try halves.write(safetensors: folder.path("half"), metadata: [:], half: true)
        let read = try Checkpoint.read(path: folder.path("half"))
        #expect(read.tensors.map(\.name) == ["w", "conv.weight", "count", "conv.bias", "none"])
        #expect(read.elements["w"] == [1, 1 + 0x1p-9, 0x1p-24, 0, -0, 65504, 65504, .infinity])
        #expect(read.elements["count"] == [70000])
        #expect(read.elementTypes["w"] == .float16 && read.elementTypes["count"] == .float32)
        #expect(read.metadata.isEmpty)
    }

    @Test("numbers beyond float16 are refused", arguments: [65520, -1e30] as [Float])
    func overflow(value: Float) throws {
        let folder = try TemporaryFolder()
        let large = StateDict(tensors: [("big", StoredTensor(shape: [1], elements: [value]))])
        let error = #expect(throws: ModelFileError.self) {
            try large.write(safetensors: folder.path("half"), half: true)
        }
        #expect(error?.code == .unrepresentable && error?.message.contains("'big'") == true)
        #expect(try folder.names == [])
    }

    @Test func namesMayHoldAnyText() throws {
        let folder = try TemporaryFolder()
        let name = "aé😀\"\\/\n\u{0}\u{1f}\u{7f}"
        let odd = StateDict(tensors: [(name, StoredTensor(shape: [1], elements: [1]))], metadata: [name: name])
        try odd.write(safetensors: folder.path("odd"))
        let read = try Checkpoint.read(path: folder.path("odd"))
        #expect(read.elements == [name: [1]] && read.metadata == [name: name])
    }

    @Test("names that cannot be", arguments: [["a", "a"], ["__metadata__"], []])
    func names(names: [String]) throws {
        let folder = try TemporaryFolder()
        let twins = StateDict(tensors: names.map { ($0, StoredTensor(shape: [1], elements: [1])) })
        let error = #expect(throws: ModelFileError.self) { try twins.write(safetensors: folder.path("twins")) }
        #expect(error?.code == .unrepresentable)
        #expect(try folder.names == [])
    }

    @Test func filesAreReplacedOnRequestOnly() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(SafetensorsWriter.small, to: "model")
        let error = #expect(throws: ModelFileError.self) { try stateDict.write(safetensors: path) }
        #expect(error?.code == .outputExists)
        #expect(try folder.bytes("model") == SafetensorsWriter.small)

        // The tensors come from the file that is replaced.
        let source = try Checkpoint.read(path: path)
        try source.write(safetensors: path, overwrite: true)
        #expect(try Checkpoint.read(path: path).elements == source.elements)
        #expect(try folder.names == ["model"])
    }

    @Test func placesThatWillNotDo() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path("none/model"), folder.url.path, folder.path("") + "/", "", "/proc/model", ".."] {
            let error = #expect(throws: ModelFileError.self) {
                try stateDict.write(safetensors: path, overwrite: true)
            }
            #expect(error?.code == .cannotCreate, "\(path)")
        }
        #expect(try folder.names == [])
    }

    /// A limit on the size of files, in a process of its own, stands for a full disk.
    @Test func failedWritesLeaveNothing() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let large = StateDict(
                tensors: [("w", StoredTensor(shape: [50_000], elements: [Float](repeating: 1, count: 50_000)))])
            do {
                try large.write(safetensors: folder.path("model"))
            } catch let error as ModelFileError {
                precondition(error.code == .writeFailed && error.message.contains("large"), error.description)
                let names = try folder.names
                precondition(names.isEmpty)
                return
            }
            preconditionFailure("no error")
        }
    }
}
