import ONNXReader
import StoredTensors
import TestMaps
import TestNetworks
import Testing
import TestModelFiles
import TestNetworks

/// Damaged ONNX files are read or refused in one line, and never end the process.
@Suite struct ONNXCorruptionTests {
    @Test func theUndamagedFileReads() throws {
        let network = try ONNXModel.resolved(bytes: Self.sound, height: 8, width: 10)
        #expect(network.operatorTypes == ["input", "Conv", "LeakyRelu", "Resize", "Relu"])
        #expect(network.outputShape.extents == [2, 16, 20])
    }

    @Test func everyFileThatWasCutShortIsRefused() throws {
        for length in Self.sound.indices.dropFirst() {
            #expect(try ONNXModel.error(bytes: Self.sound[..<length]) != nil, "cut to \(length) bytes")
        }
    }

    @Test func oneWrongByteIsReadOrRefused() throws {
        for position in Self.sound.indices {
            for mask: UInt8 in [0x01, 0x04, 0x20, 0x80, 0xff, Self.sound[position]] where mask != 0 {
                var damaged = Self.sound
                damaged[position] ^= mask
                readOrRefuse(damaged)
            }
        }
    }

    @Test func manyWrongBytesAreReadOrRefused() throws {
        var generator = SeededGenerator(seed: 21)
        for _ in 0..<3000 {
            var damaged = Self.sound
            for _ in 0..<Int.random(in: 2...6, using: &generator) {
                damaged[Int.random(in: damaged.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            readOrRefuse(damaged)
        }
    }

    /// Whole numbers in a file may be any 64 bits: in shapes, attributes and arithmetic.
    @Test func extremeNumbersAreReadOrRefused() throws {
        let numbers = [Int.min, .min + 1, -1 << 31, -2, -1, 0, 1, 3, 1 << 21, 1 << 31, 1 << 62, .max]
        for a in numbers {
            for b in numbers {
                for model in Self.models(a, b) {
                    readOrRefuse(model)
                }
            }
        }
    }

    private static func models(_ a: Int, _ b: Int) -> [[UInt8]] {
        [
            ONNXWriter.model(channels: 2) {
                $0.weights("w", [2, 2, 3, 3])
                $0.node("Conv", ["x", "w"], ["a"], ["strides": .ints([a, b]), "pads": .ints([a, b, 1, 1])])
                $0.node("MaxPool", ["a"], ["y"], ["kernel_shape": .ints([b, a]), "dilations": .ints([1, a])])
            },
            ONNXWriter.model(channels: 2) {
                $0.weights("w", [2, 2, 3, 3])
                $0.node(
                    "ConvTranspose", ["x", "w"], ["y"],
                    ["output_padding": .ints([a, b]), "group": .int(a), "dilations": .ints([b, b])])
            },
            ONNXWriter.model(channels: 2) {
                $0.integers("s", [a, b])
                $0.integers("e", [b, a])
                $0.integers("axes", [2, 3])
                $0.integers("steps", [a, 1])
                $0.node("Slice", ["x", "s", "e", "axes", "steps"], ["y"])
            },
            ONNXWriter.model(channels: 2) {
                $0.integers("p", [0, 0, a, b, 0, 0, b, a])
                $0.node("Pad", ["x", "p"], ["y"])
            },
            ONNXWriter.model(channels: 2) {
                $0.integers("v", [a, b])
                $0.integers("w", [b, a])
                $0.integers("k", [a], shape: [])
                for (index, type) in ["Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max"].enumerated() {
                    $0.node(type, ["v", "w"], ["v\(index)"])
                    $0.node("ConstantOfShape", ["v\(index)"], ["c\(index)"])
                }
                $0.node("Range", ["k", "k", "k"], ["range"])
                $0.node("Reshape", ["x", "v"], ["y"])
            },
            ONNXWriter.model(channels: 2) {
                $0.integers("v", [a, b])
                $0.integers("k", [b], shape: [])
                $0.node("Expand", ["k", "v"], ["c"])
                $0.node("Gather", ["v", "k"], ["d"])
                $0.node("Unsqueeze", ["d", "v"], ["e"])
                $0.node("Concat", ["e", "c"], ["f"], ["axis": .int(a)])
                $0.node("Add", ["x", "f"], ["y"])
            },
            ONNXWriter.model(channels: 2) {
                $0.integers("z", [1, 2, a, b])
                $0.node("Resize", ["x", "", "", "z"], ["r"])
                $0.node("Split", ["r"], ["y", "u"], ["axis": .int(a), "num_outputs": .int(b)])
            },
        ]
    }

    /// An empty constant may have other extents of any size.
    @Test func emptyConstantsAreReadOrRefused() throws {
        for extent in [1, 1 << 20, 1 << 40, 1 << 62] {
            for axis in 0...1 {
                let model = ONNXWriter.model(channels: 2) {
                    $0.integers("e", [], shape: [extent, 0])
                    $0.integers("lengths", [extent, extent, extent])
                    $0.integers("one", [1], shape: [])
                    $0.node("Transpose", ["e"], ["a"])
                    $0.node("Concat", ["e", "e"], ["b"], ["axis": .int(axis)])
                    $0.node("ReduceSum", ["b"], ["c"])
                    $0.node("Split", ["e", "lengths"], ["d", "d1", "d2"], ["axis": .int(axis)])
                    $0.node("Gather", ["e", "one"], ["f"], ["axis": .int(axis)])
                    $0.node("Concat", ["a", "c", "d", "f"], ["y"], ["axis": .int(0)])
                }
                #expect(try ONNXModel.error(bytes: model) != nil)
            }
        }
    }

    // MARK: - Wire format

    @Test(
        "numbers, groups and lengths that break the format",
        arguments: [
            BrokenField("group") { $0.tag(7, wire: 3) }, BrokenField("end of a group") { $0.tag(7, wire: 4) },
            BrokenField("wire type 6") { $0.tag(7, wire: 6) },
            BrokenField("field 0") {
                $0.tag(0, wire: 0)
                $0.raw([0])
            },
            BrokenField("number of 11 bytes") {
                $0.tag(1, wire: 0)
                $0.raw([UInt8](repeating: 0x80, count: 10) + [1])
            },
            BrokenField("tag of 11 bytes") { $0.raw([UInt8](repeating: 0xff, count: 11)) },
            BrokenField("endless") { $0.bytes(7, [], claimedLength: .max) },
            BrokenField("half of all memory") { $0.bytes(7, [], claimedLength: 1 << 62) },
            BrokenField("text as a number") { $0.int(2, 1) }, BrokenField("number as text") { $0.string(1, "8") },
            BrokenField("not UTF-8") { $0.bytes(2, [0xff, 0xfe]) },
            BrokenField("graph as a number") { $0.int(7, 1) },
        ])
    func brokenWire(field: BrokenField) throws {
        for rest in [[], Self.sound] {
            let error = try ONNXModel.error(bytes: ProtobufWriter.message(field.write) + rest)
            #expect(error?.code == .malformed || error?.code == .truncated)
        }
    }

    @Test("a length beyond its enclosing message", arguments: [1, 5, 11, 12])
    func nestedLengths(field: Int) throws {
        let inner = ProtobufWriter.message { $0.bytes(1, [1, 2], claimedLength: 3) }
        let graph = ProtobufWriter.message { $0.bytes(field, inner) }
        let file = ProtobufWriter.message {
            $0.bytes(7, graph); $0.raw([UInt8](repeating: 0, count: 100))
        }
        #expect(try ONNXModel.error(bytes: file)?.code == .malformed)
    }

    @Test("graphs inside graphs", arguments: [9, 10_000])
    func nesting(depth: Int) throws {
        var graph = ONNXWriter.branch([], outputs: [])
        for _ in 0..<depth {
            graph = ONNXWriter.branch(
                [ONNXWriter.node("If", ["x"], ["y"], ["then_branch": .graph(graph)])], outputs: ["y"])
        }
        let file = ProtobufWriter.message { $0.bytes(7, graph) }
        let error = try ONNXModel.error(bytes: file)
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("nested") == true)
    }

    @Test func whatIsNoProtobufIsRefused() throws {
        for text in ["hello, world", "<!DOCTYPE html>", "\n\n\n\n", String(repeating: "a", count: 1000)] {
            #expect(try ONNXModel.error(bytes: text.utf8) != nil)
        }
        #expect(try ONNXModel.error(bytes: [0x08, 0x08])?.code == .malformed)  // a version and nothing else
    }

    /// Has every kind of message, and shape arithmetic.
    private static let sound: [UInt8] = {
        var writer = ONNXWriter()
        writer.metadata = [("key", "value")]
        writer.input("x", ["n", 2, "h", "w"])
        writer.weights("w", [2, 2, 3, 3])
        writer.initializer(
            ONNXWriter.tensor("b", [2], type: 1) {
                $0.float(4, 1); $0.float(4, 2)
            })
        writer.initializer(ONNXWriter.tensor("two", [1], type: 7) { $0.int(7, 2) })
        writer.integers("zero", [0])
        writer.integers("four", [4])
        writer.node("Conv", ["x", "w", "b"], ["a"], name: "conv", ["pads": .ints([1, 1, 1, 1]), "group": .int(1)])
        writer.node("Shape", ["a"], ["s"])
        writer.node("Slice", ["s", "zero", "two"], ["head"])
        writer.node("Slice", ["s", "two", "four"], ["size"])
        writer.node("LeakyRelu", ["a"], ["l"], ["alpha": .float(0.5)])
        writer.node("Mul", ["size", "two"], ["z"])
        writer.node("Concat", ["head", "z"], ["sizes"], ["axis": .int(0)])
        writer.node("Resize", ["l", "", "", "sizes"], ["r"], ["mode": .string("linear")])
        writer.node("Equal", ["two", "two"], ["q"])
        writer.node(
            "If", ["q"], ["y"],
            [
                "then_branch": .graph(ONNXWriter.branch([ONNXWriter.node("Relu", ["r"], ["t1"])], outputs: ["t1"])),
                "else_branch": .graph(ONNXWriter.branch([ONNXWriter.node("Sigmoid", ["r"], ["e1"])], outputs: ["e1"])),
            ])
        writer.output("y", ["n", 2, "h", "w"])
        return writer.bytes
    }()

    private func readOrRefuse(_ bytes: [UInt8]) {
        do {
            _ = try ONNXModel.error(bytes: bytes)
        } catch {
            Issue.record(error)
        }
    }
}
