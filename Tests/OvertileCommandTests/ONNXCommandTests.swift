import Foundation
import TestData
import Testing

/// ONNX models from the command line.
struct ONNXCommandTests {
    /// A network's bytes: fields 1 (format 8), 8 (opset 17) and 7, a graph of one node from `x` to `y`, one band.
    private func model(_ operatorType: String) -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        func extent(_ value: UInt8?) -> [UInt8] { field(1, value.map { [8, $0] } ?? field(2, Array("n".utf8))) }
        let shape = extent(1) + extent(1) + extent(nil) + extent(nil)
        func value(_ name: String) -> [UInt8] {
            field(1, Array(name.utf8)) + field(2, field(1, [8, 1] + field(2, shape)))
        }
        let node =
            field(1, Array("x".utf8)) + field(2, Array("y".utf8)) + field(3, Array("the node".utf8))
            + field(4, Array(operatorType.utf8))
        let graph = field(1, node) + field(11, value("x")) + field(12, value("y"))
        return [8, 8] + field(2, Array("test".utf8)) + field(7, graph) + field(8, [16, 17])
    }

    private func write(_ operatorType: String, in bench: Workbench) throws -> String {
        let path = bench.folder.path("\(operatorType).onnx")
        try Data(model(operatorType)).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("a network is segmented, inspected and listed")
    func runs() throws {
        let bench = try Workbench()
        let path = try write("HardSwish", in: bench)
        let outcome = try CommandProcess.run([
            "segment", bench.scene, "--model", path, "--output", bench.output(), "--scale", "0.01",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bench.outputs.contains("mask.tif"))
        let inspected = try CommandProcess.run(["inspect", path])
        #expect(inspected.status == 0 && inspected.output.contains("ONNX network (test)"))
        #expect(inspected.output.contains("opset 17"))
        #expect(try CommandProcess.run(["inspect", path, "--tensors"]).status == 65)
    }

    @Test("what cannot be run is refused in one line", arguments: [("Tanh", "Tanh node"), ("Sqrt", "'the node'")])
    func refused(_ operatorType: String, _ says: String) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run([
            "segment", bench.scene, "--model", try write(operatorType, in: bench), "--output", bench.output(),
            "--quiet",
        ])
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains(says) && outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(try bench.outputs.isEmpty)
    }

    @Test("options of other networks are refused", arguments: [["--padded"], ["--depth", "2"]])
    func options(_ words: [String]) throws {
        let bench = try Workbench()
        let outcome = try CommandProcess.run(["inspect", try write("HardSwish", in: bench)] + words)
        #expect(outcome.status == 64 && outcome.errorLines.count == 1, "\(outcome.errors)")
    }
}
