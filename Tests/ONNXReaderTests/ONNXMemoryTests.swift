import ONNXReader
import Testing
import TestModelFiles
import TestNetworks

/// How much memory hostile ONNX files take, measured in a process of their own.
@Suite struct ONNXMemoryTests {
    /// Two bytes of file can be a node, a name or an extent of its own.
    @Test func manySmallMessagesAreRefused() async {
        await #expect(processExitsWith: .success) {
            let count = 3_000_000
            let empty = [UInt8]((0..<count).flatMap { _ in [0x0a, 0x00] as [UInt8] })
            let nodes = ProtobufWriter.message { $0.bytes(7, empty) }
            let names = ProtobufWriter.message { $0.bytes(7, ProtobufWriter.message { $0.bytes(1, empty) }) }
            let extents = ONNXWriter.model {
                $0.initializer(ONNXWriter.tensor("w", [], type: 1) { $0.bytes(1, [UInt8](repeating: 1, count: count)) })
                $0.node("Relu", ["x"], ["y"])
            }
            let attribute = ProtobufWriter.message {
                $0.string(1, "ints")
                $0.bytes(8, [UInt8](repeating: 1, count: count))
                $0.int(20, 7)
            }
            let ints = ONNXWriter.model {
                let node = ProtobufWriter.message {
                    $0.raw(ONNXWriter.node("Relu", ["x"]))
                    $0.bytes(5, attribute)
                }
                $0.addToGraph(ProtobufWriter.message { $0.bytes(1, node) })
            }
            Self.expectToStay(
                within: 300 << 20,
                reading: [("nodes", nodes), ("names", names), ("extents", extents), ("integers", ints)])
        }
    }

    /// A few bytes can ask for constants of any size, and for work on them without end.
    @Test func constantsThatGrowAreRefused() async {
        await #expect(processExitsWith: .success) {
            let million = [1 << 10, 1 << 10]
            let filled = Self.chain("ConstantOfShape", [1 << 20, 1 << 20])
            let sums = ONNXWriter.model {
                $0.integers("shape", million)
                $0.node("ConstantOfShape", ["shape"], ["c0"])
                for index in 0..<1000 { $0.node("Add", ["c\(index)", "c\(index)"], ["c\(index + 1)"]) }
                $0.node("Add", ["x", "c1000"], ["y"])
            }
            let products = ONNXWriter.model {
                $0.integers("shape", million)
                $0.node("ConstantOfShape", ["shape"], ["c"])
                for index in 0..<1000 { $0.node("ReduceProd", ["c"], ["p\(index)"]) }
                $0.node("Sum", (0..<1000).map { "p\($0)" }, ["y"])
            }
            let axes = ONNXWriter.model {
                $0.integers("ones", [Int](repeating: 1, count: 60_000))
                $0.integers("one", [1])
                $0.node("Expand", ["one", "ones"], ["c"])
                $0.node("Add", ["x", "c"], ["y"])
            }
            let moves = ONNXWriter.model {
                $0.weights("t0", [1, 1, 128, 128])
                for index in 0..<20_000 { $0.node("Transpose", ["t\(index)"], ["t\(index + 1)"]) }
                $0.node("Add", ["x", "t20000"], ["y"])
            }
            Self.expectToStay(
                within: 400 << 20,
                reading: [
                    ("filled", filled), ("expanded", Self.chain("Expand", [1 << 20, 1 << 20])), ("sums", sums),
                    ("products", products), ("axes", axes), ("moves", moves),
                ])
        }
    }

    private static func chain(_ operatorType: String, _ shape: [Int]) -> [UInt8] {
        ONNXWriter.model {
            $0.integers("one", [1])
            $0.integers("shape", shape)
            $0.node(operatorType, operatorType == "Expand" ? ["one", "shape"] : ["shape"], ["c"])
            $0.node("Add", ["x", "c"], ["y"])
        }
    }

    /// Ends the process where a file is not refused, or takes more memory on top of what there was.
    private static func expectToStay(within bound: Int, reading files: [(name: String, bytes: [UInt8])]) {
        PeakMemory.expectToStay(within: bound, reading: files) { path in
            do {
                _ = try ONNXModel(path: path).graph.resolved(height: 128, width: 128)
                return false
            } catch { return true }
        }
    }
}
