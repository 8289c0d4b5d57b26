import Foundation
import ONNXReader
import StoredTensors
import TestData
import Testing
import TestModelFiles
import TestNetworks

/// Weights in files beside the model.
@Suite struct ONNXExternalDataTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A model whose 1 x 1 convolution takes its six weights from elsewhere.
    private func model(_ entries: [(String, String)]) -> [UInt8] {
        ONNXWriter.model(channels: 2) {
            $0.initializer(
                ONNXWriter.tensor("w", [3, 2, 1, 1], type: 1) {
                    for (key, value) in entries {
                        $0.bytes(
                            13,
                            ProtobufWriter.message {
                                $0.string(1, key); $0.string(2, value)
                            })
                    }
                    $0.int(14, 1)
                })
            $0.node("Conv", ["x", "w"], ["y"])
        }
    }

    private func error(_ entries: [(String, String)]) throws -> ModelFileError? {
        let path = try folder.write(model(entries), to: "model.onnx")
        do {
            _ = try ONNXModel(path: path)
            return nil
        } catch {
            #expect(!error.description.contains("\n"))
            return error
        }
    }

    private let weights = ([1, 2, 3, 4, 5, 6] as [Float]).littleEndianBytes

    @Test func readsThemFromTheirOffset() throws {
        _ = try folder.write([9, 9, 9, 9] + weights + [9], to: "model.data")
        for entries in [
            [("location", "model.data"), ("offset", "4"), ("length", "24")],
            [("location", "./model.data"), ("offset", "4"), ("checksum", "ignored")],
        ] {
            let path = try folder.write(model(entries), to: "model.onnx")
            let network = try ONNXModel(path: path).graph.resolved(height: 4, width: 4)
            guard case .convolution(let convolution) = network.last.operation else {
                Issue.record("no convolution")
                return
            }
            #expect(convolution.weights.elements() == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func readsThemFromAFolderBelow() throws {
        try FileManager.default.createDirectory(atPath: folder.path("parts"), withIntermediateDirectories: false)
        _ = try folder.write(weights, to: "parts/w")
        #expect(try error([("location", "parts/w")]) == nil)
    }

    @Test("outside the model's folder", arguments: ["../w", "/etc/passwd", "parts/../../w", "", "..", "/", "a\0b"])
    func outside(location: String) throws {
        let error = try error([("location", location)])
        #expect(error?.code == .refused)
        #expect(error?.message.contains("outside the model's folder") == true)
    }

    @Test func linksThatLeaveTheFolderAreRefused() throws {
        let elsewhere = try TemporaryFolder()
        let target = try elsewhere.write(weights, to: "w")
        try FileManager.default.createSymbolicLink(atPath: folder.path("file"), withDestinationPath: target)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("folder"), withDestinationPath: elsewhere.url.path)
        #expect(try error([("location", "file")])?.code == .refused)
        #expect(try error([("location", "folder/w")])?.code == .refused)
    }

    @Test func linksInsideTheFolderAreFollowed() throws {
        _ = try folder.write(weights, to: "w")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "w")
        #expect(try error([("location", "link")]) == nil)
    }

    @Test func aMissingFileIsNamed() throws {
        let error = try error([("location", "model.onnx.data")])
        #expect(error?.code == .noSuchFile)
        #expect(error?.path == folder.path("model.onnx.data"))
        #expect(error?.message.contains("copy it together with the model") == true)
    }

    @Test(
        "sizes that do not fit",
        arguments: [
            ([("location", "w"), ("offset", "4")], .truncated), ([("location", "w"), ("length", "20")], .malformed),
            ([("location", "w"), ("offset", "9223372036854775807")], .truncated),
            ([("location", "w"), ("offset", "9223372036854775808")], .malformed),
            ([("location", "w"), ("offset", "-4")], .malformed), ([("location", "w"), ("length", "x")], .malformed),
            ([("offset", "0")], .malformed),
        ] as [([(String, String)], ModelFileError.Code)])
    func sizes(entries: [(String, String)], code: ModelFileError.Code) throws {
        _ = try folder.write(weights, to: "w")
        #expect(try error(entries)?.code == code)
    }
}
