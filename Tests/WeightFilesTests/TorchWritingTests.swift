import FileIO
import Foundation
import StoredTensors
import TestData
import Testing
import TestModelFiles
import WeightFiles

@Suite struct TorchWritingTests {
    private let stateDict = StateDict(
        tensors: [
            ("conv.weight", StoredTensor(shape: [2, 1, 1, 2], elements: [1, 2, 3, 4])),
            ("norm.num_batches_tracked", StoredTensor(shape: [], elements: [70000])),
            ("conv.bias", StoredTensor(shape: [1], elements: [0.1])),
            ("indices", StoredTensor(shape: [2], type: .int32) { [3, -1] }),
            ("none", StoredTensor(shape: [0, 3], elements: [])),
        ], metadata: ["overtile.classes": "[\"wäter\"]\n", "a": ""])

    @Test("tensors, their types, and the text beside them come back")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        try stateDict.write(torch: folder.path("model.pth"), metadata: stateDict.metadata)
        let again = try Checkpoint.read(path: folder.path("model.pth"))
        #expect(again.tensors.map(\.name) == stateDict.tensors.map(\.name))
        #expect(again.tensors.map(\.tensor.shape) == stateDict.tensors.map(\.tensor.shape))
        #expect(again.elements == stateDict.elements && again.metadata == stateDict.metadata)
        // A counter is a whole number in PyTorch, whatever the file that it comes from has.
        #expect(again.tensors.map(\.tensor.type) == [.float32, .int64, .float32, .int64, .float32])
        // Written again from there, the file is the same.
        try again.write(torch: folder.path("again.pth"), metadata: again.metadata)
        #expect(try folder.bytes("again.pth") == folder.bytes("model.pth"))
        #expect(try folder.names == ["again.pth", "model.pth"])
    }

    /// PyTorch has loaded this file, which a script in Python wrote byte by byte, with `weights_only=True`, and found these tensors, types and text in it.
    @Test func bytesAreThoseThatPyTorchHasRead() throws {
        let folder = try TemporaryFolder()
        try stateDict.write(torch: folder.path("model.pth"), metadata: stateDict.metadata)
        let sum = try SHA256.checksum(ofFile: folder.path("model.pth")) { false }
        #expect(sum == "e6985c468c95d3151ec8514f1ea1bd11e627c26489ad623c2bdcae264e6aacf6")
    }

    @Test("data lie at multiples of 64 bytes, so that readers may map them")
    func alignment() throws {
        let folder = try TemporaryFolder()
        // Numbers that are nowhere else in the file.
        let marks: [Float] = [0x1.23456p5, 0x1.89abcp7]
        let marked = StateDict(
            tensors: marks.enumerated().map { ("t\($0)", StoredTensor(shape: [1], elements: [$1])) })
        try marked.write(torch: folder.path("model.pth"), metadata: [:])
        let bytes = try folder.bytes("model.pth")
        for mark in marks {
            let wanted = [mark].littleEndianBytes
            let places = (0..<bytes.count - 4).filter { Array(bytes[$0..<$0 + 4]) == wanted }
            #expect(places.count == 1 && places[0] % 64 == 0, "\(places)")
        }
    }

    @Test func halvesAreOnRequest() throws {
        let folder = try TemporaryFolder()
        try stateDict.write(torch: folder.path("half.pth"), metadata: [:], half: true)
        let read = try Checkpoint.read(path: folder.path("half.pth"))
        #expect(read.tensors.map(\.tensor.type) == [.float16, .int64, .float16, .int64, .float16])
        #expect(read.elements["conv.weight"] == [1, 2, 3, 4] && read.elements["conv.bias"] == [Float(Float16(0.1))])
        #expect(read.metadata.isEmpty)
    }

    /// What cannot be written is told by name, and leaves no file.
    @Test(
        "tensors that cannot be",
        arguments: [
            [("a", [1]), ("a", [1])],  // a dict has each key once
            [("n.num_batches_tracked", [.nan])], [("n.num_batches_tracked", [0.5])],  // no whole numbers
            [],
        ] as [[(String, [Float])]])
    func refusals(tensors: [(String, [Float])]) throws {
        let folder = try TemporaryFolder()
        let odd = StateDict(
            tensors: tensors.map { name, elements in
                (name, StoredTensor(shape: name.hasSuffix("tracked") ? [] : [elements.count], elements: elements))
            })
        let error = #expect(throws: ModelFileError.self) { try odd.write(torch: folder.path("odd.pth"), metadata: [:]) }
        #expect(error?.code == .unrepresentable)
        #expect(tensors.isEmpty || error?.message.contains("'\(tensors[0].0)'") == true)
        #expect(try folder.names == [])
    }

    @Test func filesAreReplacedOnRequestOnly() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(SafetensorsWriter.small, to: "model")
        let error = #expect(throws: ModelFileError.self) { try stateDict.write(torch: path, metadata: [:]) }
        #expect(error?.code == .outputExists)
        // The tensors come from the file that is replaced.
        let source = try Checkpoint.read(path: path)
        let before = source.elements
        try source.write(torch: path, metadata: [:], overwrite: true)
        #expect(try Checkpoint.read(path: path).elements == before)
        #expect(try folder.names == ["model"])
    }

    /// The text is an attribute of the dict. Whatever else stands there is none of Overtile's.
    @Test func otherAttributesAreNoMetadata() throws {
        let file = TorchWriter.small { pickle in
            pickle.stateDict(TorchWriter.smallTensors)
            pickle.code("}")
            pickle.string("overtile")
            pickle.code("}")
            pickle.string("key")
            pickle.int(7)
            pickle.code("ssb")
        }
        let folder = try TemporaryFolder()
        let read = try Checkpoint.read(path: try folder.write(file, to: "model.pth"))
        #expect(!read.tensors.isEmpty && read.metadata.isEmpty)
    }
}
