import ONNXReader
import StoredTensors
import Testing
import TestModelFiles
import TestNetworks

@Suite struct ONNXReadingTests {
    @Test func tellsWhatTheFileSaysOfItself() throws {
        var writer = ONNXWriter(opset: 13)
        writer.metadata = [("model_type", "\"Segmentor\""), ("resolution", "10"), ("resolution", "50")]
        writer.input("x", ["batch", 3, 256, "width"])
        writer.node("Relu", ["x"], ["y"])
        writer.output("y", ["batch", 3, 256, "width"])
        let model = try ONNXModel.read(bytes: writer.bytes)
        #expect(model.opset == 13)
        #expect(model.irVersion == 8)
        #expect(model.producer == "test 1.0")
        #expect(model.metadata == ["model_type": "\"Segmentor\"", "resolution": "50"])
        #expect(model.graph.input.name == "x")
        #expect(model.graph.input.shape == [.symbolic("batch"), .fixed(3), .fixed(256), .symbolic("width")])
        #expect(model.graph.outputName == "y")
    }

    @Test func fixedSizesWin() throws {
        var writer = ONNXWriter()
        writer.input("x", [1, 3, 256, "width"])
        writer.node("Relu", ["x"], ["y"])
        writer.output("y", nil)
        let network = try ONNXModel.resolved(bytes: writer.bytes, height: 32, width: 48)
        #expect(network.input.extents == [3, 256, 48])
        #expect(network.isHeightFixed && !network.isWidthFixed)
    }

    @Test("unknown fields are passed over")
    func unknownFields() throws {
        var bytes = ONNXWriter.model { $0.node("Relu", ["x"], ["y"]) }
        bytes += ProtobufWriter.message {
            $0.int(99, -1)
            $0.float(100, 1)
            $0.string(101, "text")
            $0.tag(102, wire: 1)
            $0.raw([UInt8](repeating: 7, count: 8))
        }
        #expect(try ONNXModel.error(bytes: bytes) == nil)
    }

    /// In order: 1.5, -2, as whole numbers where the type has no fractions, 0 and 1 for truth values.
    static let types: [(type: Int, field: Int, values: [UInt64], raw: [UInt8], elements: [Float])] = [
        (1, 4, [], ([1.5, -2] as [Float]).littleEndianBytes, [1.5, -2]),
        (11, 10, [], [1.5, -2].flatMap { ($0 as Double).bitPattern.littleEndianBytes }, [1.5, -2]),
        (10, 5, [0x3e00, 0xc000], [0x00, 0x3e, 0x00, 0xc0], [1.5, -2]),
        (16, 5, [0x3fc0, 0xc000], [0xc0, 0x3f, 0x00, 0xc0], [1.5, -2]),
        (7, 7, [1, UInt64(bitPattern: -2)], [1, -2].flatMap { ($0 as Int64).littleEndianBytes }, [1, -2]),
        (6, 5, [1, UInt64(bitPattern: -2)], [1, -2].flatMap { ($0 as Int32).littleEndianBytes }, [1, -2]),
        (5, 5, [1, UInt64(bitPattern: -2)], [1, -2].flatMap { ($0 as Int16).littleEndianBytes }, [1, -2]),
        (3, 5, [1, UInt64(bitPattern: -2)], [1, 0xfe], [1, -2]),
        (13, 11, [1, 1 << 40], [1, 1 << 40].flatMap { ($0 as UInt64).littleEndianBytes }, [1, 0x1p40]),
        (12, 11, [1, 1 << 31], [1, 1 << 31].flatMap { ($0 as UInt32).littleEndianBytes }, [1, 0x1p31]),
        (4, 5, [1, 65535], [1, 0, 0xff, 0xff], [1, 65535]),
        (2, 5, [1, 255], [1, 255], [1, 255]),
        (9, 5, [0, 1], [0, 1], [0, 1]),
    ]

    @Test("each type of element becomes float32, however it is stored", arguments: types.indices)
    func elementTypes(index: Int) throws {
        let (type, field, values, raw, elements) = Self.types[index]
        var forms: [(inout ProtobufWriter) -> Void] = [{ $0.bytes(9, raw) }]
        if values.isEmpty {
            let half = raw.count / 2
            forms.append { $0.bytes(field, raw) }
            forms.append {
                $0.bytes(field, Array(raw[..<half])); $0.bytes(field, Array(raw[half...]))
            }
            forms.append {
                for part in [raw[..<half], raw[half...]] {
                    $0.tag(field, wire: half == 4 ? 5 : 1)
                    $0.raw(Array(part))
                }
            }
        } else {
            forms.append { $0.bytes(field, values.flatMap { ProtobufWriter.varint($0) }) }
            forms.append {
                for value in values {
                    $0.tag(field, wire: 0)
                    $0.raw(ProtobufWriter.varint(value))
                }
            }
        }
        for form in forms {
            let model = ONNXWriter.model(channels: 2) {
                $0.initializer(ONNXWriter.tensor("c", [2, 1, 1], type: type, form))
                $0.node("Add", ["x", "c"], ["y"])
            }
            guard case .arithmetic(let sum) = try ONNXModel.resolved(bytes: model).last.operation else {
                Issue.record("no sum")
                continue
            }
            #expect(sum.constant?.elements() == elements)
        }
    }

    @Test(
        "tensors that contradict themselves",
        arguments: [
            ([3], 1, BrokenField("too few bytes") { $0.bytes(9, [UInt8](repeating: 0, count: 8)) }),
            ([3], 1, BrokenField("no data") { _ in }),
            ([3], 1, BrokenField("too many floats") { $0.bytes(4, [UInt8](repeating: 0, count: 16)) }),
            ([3], 7, BrokenField("too few integers") { $0.packed(7, [1, 2]) }),
            ([3], 7, BrokenField("another field") { $0.packed(5, [1, 2, 3]) }),
            (
                [2], 7,
                BrokenField("two fields") {
                    $0.packed(7, [1, 2])
                    $0.bytes(9, [UInt8](repeating: 0, count: 16))
                }
            ),
            ([3], 1, BrokenField("part of a float") { $0.bytes(4, [0, 0, 0]) }),
            ([-1], 1, BrokenField("negative") { _ in }),
            ([1 << 62, 4, 2], 1, BrokenField("wraps around to 0") { _ in }),
            ([1 << 62, 1 << 62, 0], 1, BrokenField("empty, but not for who multiplies") { _ in }),
            ([1 << 61], 11, BrokenField("wraps around to 0 bytes") { _ in }),
            ([Int](repeating: 1, count: 65), 1, BrokenField("65 axes") { $0.bytes(9, [0, 0, 0, 0]) }),
            ([1], 7, BrokenField("11 bytes") { $0.bytes(7, [UInt8](repeating: 0x80, count: 10) + [1]) }),
        ])
    func badTensors(shape: [Int], type: Int, data: BrokenField) throws {
        let model = ONNXWriter.model {
            $0.initializer(ONNXWriter.tensor("w", shape, type: type, data.write))
            $0.node("Relu", ["x"], ["y"])
        }
        #expect(try ONNXModel.error(bytes: model)?.code == .malformed)
    }

    @Test("types that no weights have are refused where they are used", arguments: [8, 14, 17, 22, 99])
    func unreadableTypes(type: Int) throws {
        for (reader, code) in [("w", ModelFileError.Code.unsupportedType), ("x", nil)] {
            let model = ONNXWriter.model {
                $0.initializer(ONNXWriter.tensor("w", [2], type: type) { $0.bytes(9, [0, 0]) })
                $0.node("Add", ["x", reader], ["y"])
            }
            #expect(try ONNXModel.error(bytes: model)?.code == code)
        }
    }

    @Test func sparseWeightsAreRefused() throws {
        let model = ONNXWriter.model {
            var graph = ProtobufWriter()
            graph.bytes(15, [])
            $0.addToGraph(graph.bytes)
        }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedType)
        #expect(error?.message.contains("sparse") == true)
    }

    @Test("versions of operators", arguments: [8, 25, 0, -1])
    func opsets(opset: Int) throws {
        let model = ONNXWriter.model(opset: opset) { $0.node("Relu", ["x"], ["y"]) }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains("opset \(opset)") == true)
    }
}
