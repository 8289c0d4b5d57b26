/// Makes an ONNX model of any bytes. Each byte is a choice (an operator, an operand, a number), so that every input is a
/// graph and not only a file, and inputs that are alike make graphs that are alike.
///
/// Most choices make sense together; the others read values that come later or never, have numbers beyond all sizes, or
/// attributes of another type.
struct GraphWriter {
    private var choices: Choices
    private var writer = ONNXWriter()
    /// The values that nodes may read, with the channels that they should have.
    private var maps: [(name: String, channels: Int)] = [("x", 2)]
    private var constants = 0

    /// Returns the bytes of the model's file.
    static func model(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var writer = GraphWriter(choices: Choices(bytes: bytes))
        writer.write()
        return writer.writer.bytes
    }

    private mutating func write() {
        writer = ONNXWriter(opset: choices.one(of: [17, 17, 13, 11, 18, 20, 9]))
        let open: [ONNXWriter.Extent] = ["n", 2, "h", "w"]
        let fixed: [ONNXWriter.Extent] = [1, 2, 16, 16]
        writer.input("x", choices.one(of: [open, open, fixed, ["n", .fixed(choices.number()), 0, -1]]))
        while !choices.isEmpty, maps.count < 40 { addNode() }
        writer.output(choices.chance(16) ? "nothing" : maps.last!.name, ["n", "c", "h", "w"])
    }

    private mutating func addNode() {
        let recipe = choices.one(of: GraphRecipe.all)
        var channels = 0
        var operands: [String] = []
        for kind in recipe.operands {
            operands.append(operand(choices.chance(24) ? .any : kind, &channels))
        }
        var attributes: [String: ONNXWriter.Attribute] = [:]
        for (name, kind) in recipe.attributes where choices.chance(2) {
            attributes[name] = attribute(choices.chance(24) ? .int : kind)
        }
        let name = "v\(maps.count)"
        if recipe.name == "If" {
            let branches = [0, 1].map { _ in
                ONNXWriter.branch([ONNXWriter.node("Relu", [maps.last!.name], ["b"])], outputs: ["b"])
            }
            attributes = ["then_branch": .graph(branches[0]), "else_branch": .graph(branches[1])]
        }
        writer.node(recipe.name, operands, choices.chance(8) ? [name, name + "b"] : [name], attributes)
        maps.append((name, channels))
    }

    /// Returns the name of what a node reads, which is made where it is a constant.
    private mutating func operand(_ kind: GraphRecipe.Operand, _ channels: inout Int) -> String {
        switch kind {
        case .map:
            // Mostly the last value, so that the graph is long; now and then a later one, which makes a circle.
            if choices.chance(40) { return "v\(maps.count + Int(choices.next() % 4))" }
            let map = choices.chance(2) ? maps.last! : choices.one(of: maps)
            channels += map.channels
            return map.name
        case .any:
            return choices.one(of: [maps[0].name, maps.last!.name, "c\(max(0, constants - 1))", "", "nothing"])
        case .weights(let isTransposed):
            let (more, side) = (Int(choices.next() % 4) + 1, Int(choices.next() % 3) + 1)
            let inner = choices.chance(16) ? 1 : channels
            defer { channels = more }
            return weights(isTransposed ? [inner, more, side, side] : [more, inner, side, side])
        case .matrix: return weights([channels, channels])
        case .vector: return weights([channels])
        case .scalar: return weights([])
        case .integers(let count): return integers((0..<count).map { _ in choices.number() })
        case .absent: return ""
        }
    }

    private mutating func attribute(_ kind: GraphRecipe.Attribute) -> ONNXWriter.Attribute {
        switch kind {
        case .int: .int(choices.number())
        case .ints(let count): .ints((0..<count).map { _ in choices.number() })
        case .float: .float(choices.float())
        case .text(let words): .string(choices.one(of: words))
        }
    }

    private mutating func weights(_ shape: [Int]) -> String {
        let name = "c\(constants)"
        constants += 1
        let count = shape.reduce(1, *)
        let value = choices.float()
        let elements = (0..<count).map { Float($0 % 5 - 2) * value }
        switch choices.next() {
        case ..<8: writer.initializer(ONNXWriter.tensor(name, shape.map { $0 + 1 }, type: 1) { $0.floats(9, elements) })
        case ..<16:
            writer.initializer(ONNXWriter.tensor(name, shape, type: 10) { $0.packed(5, elements.map { _ in 15360 }) })
        case ..<24: writer.initializer(ONNXWriter.tensor(name, [choices.number()], type: 1) { $0.floats(9, elements) })
        default: writer.weights(name, shape, elements)
        }
        return name
    }

    private mutating func integers(_ values: [Int]) -> String {
        let name = "c\(constants)"
        constants += 1
        writer.integers(name, values, shape: values.count == 1 && choices.chance(4) ? [] : nil)
        return name
    }
}

/// Choices made by the bytes of an input, one after the other; when they are used up, the first of all.
struct Choices {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func next() -> UInt8 {
        guard position < bytes.count else { return 255 }
        defer { position += 1 }
        return bytes[position]
    }

    /// Returns true once in so many times.
    mutating func chance(_ times: Int) -> Bool { Int(next()) < 256 / times }

    mutating func one<Element>(of choices: [Element]) -> Element { choices[Int(next()) % choices.count] }

    /// Returns a whole number, mostly one that a network has.
    mutating func number() -> Int {
        let byte = Int(next())
        switch byte {
        case ..<192: return byte % 6 - 1
        case ..<240: return byte - 192
        default: return Self.extremes[byte - 240]
        }
    }

    private static let extremes = [
        -16, 64, 255, 1000, 16384, 65536, 1 << 20, 1 << 31, -1 << 31, 1 << 40, 1 << 62, .max, .min, .min + 1, .max - 1,
        3_037_000_500,
    ]

    mutating func float() -> Float {
        one(of: [1, 0.5, -1, 0.01, 2, 0, 255, 1e-20, 3e38, -3e38, .infinity, .nan, 1e9, -0.0])
    }
}
