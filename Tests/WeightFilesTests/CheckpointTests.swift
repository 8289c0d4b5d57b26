import Dispatch
import Foundation
import Glibc
import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// Paths and files that are not model files at all.
@Suite struct CheckpointTests {
    private func code(path: String) -> ModelFileError.Code? {
        do {
            _ = try Checkpoint.read(path: path)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func pathsThatHoldNoFile() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("overtile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(code(path: folder.path) == .unreadable)
        #expect(code(path: folder.path + "/model.pth") == .noSuchFile)
        #expect(code(path: "") == .noSuchFile)
        #expect(code(path: "/dev/null") == .unreadable)
        let empty = folder.path + "/empty"
        try Data().write(to: URL(fileURLWithPath: empty))
        #expect(code(path: empty) == .unreadable)
    }

    /// Opening a pipe waits for a writer. One comes after five seconds, so that a reader who waits fails here and does
    /// not stop the run.
    @Test func pipesAreRefusedWithoutWaiting() throws {
        let pipe = FileManager.default.temporaryDirectory.appendingPathComponent("overtile-\(UUID().uuidString)").path
        #expect(mkfifo(pipe, 0o600) == 0)
        defer { unlink(pipe) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 5) {
            let writer = open(pipe, O_WRONLY | O_NONBLOCK)
            if writer >= 0 { close(writer) }
        }
        let elapsed = ContinuousClock().measure { #expect(code(path: pipe) == .unreadable) }
        #expect(elapsed < .seconds(4))
    }

    @Test(
        "other formats are named",
        arguments: [
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0], "HDF5"),
            (Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\n".utf8), "Git LFS"),
            (Array("<!DOCTYPE html><html>".utf8), "web page"),
            ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], "gzip"),
            ([UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8), "tar archive"),
            ([0x1c, 0, 0, 0] + Array("TFL3".utf8), "TensorFlow Lite"),
            ([0x93] + Array("NUMPY".utf8), "NumPy"), ([0x49, 0x49, 0x2a, 0], "no known kind"), ([0], "no known kind"),
        ] as [([UInt8], String)])
    func otherFormats(bytes: [UInt8], name: String) throws {
        let error = try Checkpoint.error(bytes: bytes)
        #expect(error?.code == .unknownContainer)
        #expect(error?.message.contains(name) == true)
        #expect(error?.message.contains("safetensors") == true)
        #expect(error?.message.contains(Self.export) == true)
    }

    /// The way that any network may take.
    private static let export =
        "net.eval(); scene = torch.zeros(1, 3, 512, 512); torch.onnx.export(net, scene, 'model.onnx')"

    /// Whatever is taken for a model and holds none: ONNX is named as the way, with the statements that export it.
    @Test(
        "no model at all",
        arguments: [
            ("nothing", []), ("a text", Array("epoch,loss\n1,0.5\n".utf8)),
            ("an archive without tensors", ZipWriter([.init(name: "a/readme.txt", data: [1])]).bytes),
            // pickle.dump({}, file, protocol=2)
            ("a bare pickle", [0x80, 2, 0x7d, 0x2e]), ("a dictionary of nothing", TorchWriter.zip { $0.code("}") }),
            // torch.save of the state of an optimizer before its first step.
            (
                "an optimizer",
                TorchWriter.zip {
                    $0.code("}(")
                    $0.string("state")
                    $0.code("}")
                    $0.string("param_groups")
                    $0.code("]u")
                }
            ),
        ] as [(String, [UInt8])])
    func noModel(what: String, bytes: [UInt8]) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("overtile-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let error = try #require(throws: ModelFileError.self) { try Checkpoint.read(path: url.path) }
        #expect(error.message.contains(Self.export), "\(error)")
    }

    @Test func descriptionsStartWithThePath() {
        #expect(
            ModelFileError(.malformed, path: "model.pth", "is broken: copy it again").description
                == "model.pth: is broken: copy it again")
    }

    /// The mapping outlives the name and the reader.
    @Test func tensorsKeepTheirFile() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("overtile-\(UUID().uuidString)")
        try Data(TorchWriter.smallZip).write(to: url)
        let stateDict = try Checkpoint.read(path: url.path)
        try FileManager.default.removeItem(at: url)
        #expect(stateDict.elements["conv.weight"] == [1, 2, 3, 4])
    }
}
