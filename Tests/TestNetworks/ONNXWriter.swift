/// Makes ONNX files, node by node.
package struct ONNXWriter {
    package enum Attribute: Sendable {
        case int(Int)
        case float(Float)
        case string(String)
        case ints([Int])
        case floats([Float])
        case tensor([UInt8])
        case graph([UInt8])

        fileprivate func bytes(named name: String) -> [UInt8] {
            ProtobufWriter.message {
                $0.string(1, name)
                switch self {
                case .float(let value):
                    $0.float(2, value)
                    $0.int(20, 1)
                case .int(let value):
                    $0.int(3, value)
                    $0.int(20, 2)
                case .string(let text):
                    $0.string(4, text)
                    $0.int(20, 3)
                case .tensor(let tensor):
                    $0.bytes(5, tensor)
                    $0.int(20, 4)
                case .graph(let graph):
                    $0.bytes(6, graph)
                    $0.int(20, 5)
                case .floats(let values):
                    for value in values { $0.float(7, value) }  // not packed, as the format has it
                    $0.int(20, 6)
                case .ints(let values):
                    for value in values { $0.int(8, value) }
                    $0.int(20, 7)
                }
            }
        }
    }

    /// A fixed extent, or the name of an open one.
    package enum Extent: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
        case fixed(Int)
        case symbolic(String)

        package init(integerLiteral value: Int) { self = .fixed(value) }
        package init(stringLiteral value: String) { self = .symbolic(value) }
    }

    package var opset: Int
    /// `metadata_props`
    package var metadata: [(String, String)] = []
    /// Of the main graph.
    package private(set) var graph = ProtobufWriter()

    package init(opset: Int = 17) { self.opset = opset }

    /// A model of one input `x`, (n, channels, h, w), and one output.
    package static func model(
        opset: Int = 17, channels: Extent = 6, output: String = "y", outputShape: [Extent]? = ["n", "c", "h", "w"],
        _ body: (inout ONNXWriter) -> Void
    ) -> [UInt8] {
        var writer = ONNXWriter(opset: opset)
        writer.input("x", ["n", channels, "h", "w"])
        body(&writer)
        writer.output(output, outputShape)
        return writer.bytes
    }

    /// The graph comes first and the opset last, so that a file that is cut short lacks something wherever it is cut.
    package var bytes: [UInt8] {
        ProtobufWriter.message {
            $0.int(1, 8)
            $0.string(2, "test")
            $0.string(3, "1.0")
            $0.bytes(7, graph.bytes)
            for (key, value) in metadata {
                $0.bytes(
                    14,
                    ProtobufWriter.message {
                        $0.string(1, key); $0.string(2, value)
                    })
            }
            $0.bytes(
                8,
                ProtobufWriter.message {
                    $0.string(1, ""); $0.int(2, opset)
                })
        }
    }

    package mutating func node(
        _ operatorType: String, _ inputs: [String], _ outputs: [String] = ["y"], name: String = "", domain: String = "",
        _ attributes: [String: Attribute] = [:]
    ) {
        graph.bytes(1, Self.node(operatorType, inputs, outputs, name: name, domain: domain, attributes))
    }

    package static func node(
        _ operatorType: String, _ inputs: [String], _ outputs: [String] = ["y"], name: String = "", domain: String = "",
        _ attributes: [String: Attribute] = [:]
    ) -> [UInt8] {
        ProtobufWriter.message {
            for input in inputs { $0.string(1, input) }
            for output in outputs { $0.string(2, output) }
            $0.string(3, name)
            $0.string(4, operatorType)
            $0.string(7, domain)
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { $0.bytes(5, value.bytes(named: name)) }
        }
    }

    package mutating func input(_ name: String, _ shape: [Extent]?, type: Int = 1) {
        graph.bytes(11, Self.valueInfo(name, shape, type: type))
    }

    package mutating func output(_ name: String, _ shape: [Extent]?) { graph.bytes(12, Self.valueInfo(name, shape)) }

    package static func valueInfo(_ name: String, _ shape: [Extent]?, type: Int = 1) -> [UInt8] {
        ProtobufWriter.message {
            $0.string(1, name)
            let tensor = ProtobufWriter.message {
                $0.int(1, type)
                guard let shape else { return }
                $0.bytes(
                    2,
                    ProtobufWriter.message {
                        for extent in shape {
                            $0.bytes(
                                1,
                                ProtobufWriter.message {
                                    switch extent {
                                    case .fixed(let value): $0.int(1, value)
                                    case .symbolic(let name): $0.string(2, name)
                                    }
                                })
                        }
                    })
            }
            $0.bytes(2, ProtobufWriter.message { $0.bytes(1, tensor) })
        }
    }

    /// A tensor whose elements are written by `data`.
    package static func tensor(
        _ name: String, _ shape: [Int], type: Int, _ data: (inout ProtobufWriter) -> Void
    ) -> [UInt8] {
        ProtobufWriter.message {
            $0.packed(1, shape)
            $0.int(2, type)
            $0.string(8, name)
            data(&$0)
        }
    }

    /// Fields of a `GraphProto`.
    package mutating func addToGraph(_ fields: [UInt8]) { graph.raw(fields) }

    package mutating func initializer(_ tensor: [UInt8]) { graph.bytes(5, tensor) }

    /// Weights: `raw_data` of float32.
    package mutating func weights(_ name: String, _ shape: [Int], _ elements: [Float]? = nil) {
        let count = shape.reduce(1, *)
        let elements = elements ?? (0..<count).map { Float($0 % 7) - 3 }
        initializer(Self.tensor(name, shape, type: 1) { $0.floats(9, elements) })
    }

    /// Whole numbers: `int64_data`.
    package mutating func integers(_ name: String, _ values: [Int], shape: [Int]? = nil) {
        initializer(Self.tensor(name, shape ?? [values.count], type: 7) { $0.packed(7, values) })
    }

    /// A graph for an attribute.
    package static func branch(_ nodes: [[UInt8]], outputs: [String]) -> [UInt8] {
        ProtobufWriter.message {
            for node in nodes { $0.bytes(1, node) }
            for output in outputs { $0.bytes(12, valueInfo(output, nil)) }
        }
    }
}
