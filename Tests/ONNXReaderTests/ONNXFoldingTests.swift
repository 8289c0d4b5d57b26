import ONNXReader
import StoredTensors
import Testing
import TestModelFiles
import TestNetworks

/// Shape arithmetic, and axes of extent 1 that come and go.
@Suite struct ONNXFoldingTests {
    /// The constant that a network adds to its input, whose shape the nodes make `c`.
    private func folded(opset: Int = 17, _ body: (inout ONNXWriter) -> Void) throws -> [Float]? {
        let model = ONNXWriter.model(opset: opset, channels: 4) {
            body(&$0)
            $0.integers("column", [-1, 1, 1])
            $0.node("Cast", ["c"], ["f"], ["to": .int(1)])
            $0.node("Reshape", ["f", "column"], ["r"])
            $0.node("Add", ["x", "r"], ["y"])
        }
        guard case .arithmetic(let sum) = try ONNXModel.resolved(bytes: model).last.operation else { return nil }
        return sum.constant?.elements()
    }

    @Test(
        "arithmetic on whole numbers",
        arguments: [
            ("Add", [3, 5, -4, 10]), ("Sub", [11, -9, -10, 4]), ("Mul", [-28, -14, -21, 21]), ("Div", [-1, 0, -2, 2]),
            ("Mod", [-1, 5, 2, 1]), ("Min", [-4, -2, -7, 3]), ("Max", [7, 7, 3, 7]), ("Equal", [0, 0, 0, 0]),
            ("Less", [0, 1, 1, 0]), ("GreaterOrEqual", [1, 0, 0, 1]),
        ])
    func arithmetic(operatorType: String, expected: [Float]) throws {
        let folded = try folded {
            $0.integers("a", [7, -2, -7, 7])
            $0.integers("b", [-4, 7, 3, 3])
            $0.node(operatorType, ["a", "b"], ["c"])
        }
        #expect(folded == expected)
    }

    /// Four rows times the column (1 -1 2), and what a ReLU leaves of them.
    @Test(
        "products of constants",
        arguments: [("Identity", [-5, 11, 2, -3]), ("Relu", [0, 11, 2, 0])] as [(String, [Float])])
    func product(function: String, expected: [Float]) throws {
        let folded = try folded {
            $0.integers("rows", [-1, -2, -3, 4, 5, 6, 1, 1, 1, 0, -1, -2])
            $0.integers("shape", [4, 3])
            $0.integers("column3", [1, -1, 2])
            $0.integers("upright", [3, 1])
            $0.node("Cast", ["rows"], ["floats"], ["to": .int(1)])
            $0.node("Reshape", ["floats", "shape"], ["matrix"])
            $0.node("Cast", ["column3"], ["column4"], ["to": .int(1)])
            $0.node("Reshape", ["column4", "upright"], ["vector"])
            $0.node("MatMul", ["matrix", "vector"], ["p"])
            $0.node(function, ["p"], ["c"])
        }
        #expect(folded == expected)
    }

    @Test(
        "one operator",
        arguments: [
            ("Shape", ["x"], [:], [1, 4, 32, 48]), ("Shape", ["x"], ["start": .int(-2)], [32, 48]),
            ("Size", ["x"], [:], [6144]), ("Gather", ["v", "two"], [:], [9]),
            ("Gather", ["m", "two"], ["axis": .int(1)], [3, 6]), ("Slice", ["v", "one", "two"], [:], [8]),
            ("Slice", ["v", "minus", "least", "zero", "minus"], [:], [10, 9, 8, 7]),
            ("Concat", ["v", "two"], ["axis": .int(-1)], [7, 8, 9, 10, 2]),
            ("Concat", ["m", "m"], ["axis": .int(1)], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]),
            ("Transpose", ["m"], [:], [1, 4, 2, 5, 3, 6]), ("Range", ["one", "v0", "two"], [:], [1, 3, 5]),
            ("ConstantOfShape", ["two"], [:], [0, 0]), ("ReduceProd", ["v"], ["axes": .ints([0])], [5040]),
            ("ReduceProd", ["m"], ["axes": .ints([1]), "keepdims": .int(0)], [6, 120]),
            ("ReduceSum", ["m", "zero"], [:], [5, 7, 9]), ("Where", ["bits", "v", "w"], [:], [7, 1, 9, 1]),
            ("Expand", ["two", "four"], [:], [2, 2, 2, 2]), ("Neg", ["two"], [:], [-2]),
            ("Not", ["bits"], [:], [0, 1, 0, 1]), ("Relu", ["minus"], [:], [0]),
            ("Clip", ["v", "", "nine"], [:], [7, 8, 9, 9]), ("Identity", ["two"], [:], [2]),
            ("Unsqueeze", ["two", "zero"], [:], [2]), ("Squeeze", ["two"], [:], [2]),
        ] as [(String, [String], [String: ONNXWriter.Attribute], [Float])])
    func operators(
        type: String, inputs: [String], attributes: [String: ONNXWriter.Attribute], expected: [Float]
    ) throws {
        #expect(try folded(type: type, inputs: inputs, attributes) == expected)
    }

    private func folded(
        type: String, inputs: [String], _ attributes: [String: ONNXWriter.Attribute]
    ) throws -> [Float]? {
        let model = ONNXWriter.model(channels: 4) {
            $0.integers("v", [7, 8, 9, 10])
            $0.integers("w", [1, 1, 1, 1])
            $0.integers("m", [1, 2, 3, 4, 5, 6], shape: [2, 3])
            $0.integers("bits", [1, 0, 1, 0])
            for (name, value) in [("zero", 0), ("one", 1), ("two", 2), ("four", 4), ("minus", -1), ("least", .min)] {
                $0.integers(name, [value])
            }
            $0.integers("v0", [7], shape: [])
            $0.integers("nine", [9], shape: [])
            $0.integers("all", [-1, 1, 1])
            $0.node(type, inputs, ["c"], attributes)
            $0.node("Reshape", ["c", "all"], ["r"])
            $0.node("ReduceMean", ["x"], ["gray"], ["axes": .ints([1])])
            $0.node("Mul", ["gray", "r"], ["y"])
        }
        guard case .arithmetic(let product) = try ONNXModel.resolved(bytes: model).last.operation else { return nil }
        return product.constant?.elements()
    }

    @Test func fractionsAreRoundedWhenTheyAreCast() throws {
        let folded = try folded {
            $0.weights("a", [4], [2.7, -2.7, 2.5, 1e9])
            $0.node("Floor", ["a"], ["b"])
            $0.node("Cast", ["b"], ["c"], ["to": .int(7)])
        }
        #expect(folded == [2, -3, 2, 1e9])
    }

    @Test("arithmetic that has no result", arguments: ["Div", "Mod", "Mul", "Pow"])
    func impossible(operatorType: String) throws {
        let model = ONNXWriter.model {
            $0.integers("a", [.min])
            $0.integers("b", [operatorType == "Mul" ? -1 : 0])
            $0.node(operatorType, ["a", operatorType == "Pow" ? "a" : "b"], ["c"])
            $0.node("Add", ["x", "c"], ["y"])
        }
        #expect(try ONNXModel.error(bytes: model) != nil)
    }

    // MARK: - What exporters leave behind

    /// As `F.interpolate(x, size=skip.shape[2:])` comes out.
    @Test func sizesToResizeTo() throws {
        let model = ONNXWriter.model(opset: 13) {
            $0.node("MaxPool", ["x"], ["p"], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
            $0.node("Shape", ["x"], ["s"])
            $0.integers("two", [2])
            $0.integers("four", [4])
            $0.integers("zero", [0])
            $0.node("Slice", ["s", "two", "four", "zero"], ["size"])
            $0.node("Shape", ["p"], ["t"])
            $0.node("Slice", ["t", "zero", "two", "zero"], ["head"])
            $0.node("Concat", ["head", "size"], ["sizes"], ["axis": .int(0)])
            $0.node("Resize", ["p", "", "", "sizes"], ["y"], ["mode": .string("nearest")])
        }
        for (height, width) in [(32, 48), (33, 49)] {
            let network = try ONNXModel.resolved(bytes: model, height: height, width: width)
            #expect(network.operatorTypes == ["input", "MaxPool", "Resize"])
            #expect(network.outputShape.extents == [6, height, width])
        }
    }

    /// The amounts of `F.pad(up, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])` as PyTorch's exporter turns them
    /// round: a vector of pads, last axis first, padded with zeros, reshaped, sliced backwards, transposed.
    @Test func amountsToPadSkipsWith() throws {
        let model = ONNXWriter.model(opset: 13) {
            $0.integers("pads", [1, 2, 3, 4])  // left, right, top, bottom
            $0.integers("four", [4])
            $0.integers("two columns", [-1, 2])
            $0.integers("zero", [0])
            $0.integers("minus one", [-1])
            $0.integers("least", [.min])
            $0.integers("flat", [-1])
            $0.node("ConstantOfShape", ["four"], ["zeros"])
            $0.node("Cast", ["zeros"], ["whole zeros"], ["to": .int(7)])
            $0.node("Concat", ["pads", "whole zeros"], ["all"], ["axis": .int(0)])
            $0.node("Reshape", ["all", "two columns"], ["pairs"])
            $0.node("Slice", ["pairs", "minus one", "least", "zero", "minus one"], ["reversed"])
            $0.node("Transpose", ["reversed"], ["turned"], ["perm": .ints([1, 0])])
            $0.node("Reshape", ["turned", "flat"], ["amounts"])
            $0.node("Pad", ["x", "amounts"], ["y"])
        }
        guard case .pad(let pad) = try ONNXModel.resolved(bytes: model).last.operation else {
            Issue.record("no padding")
            return
        }
        #expect(pad.mode == .constant(0) && pad.amounts == Pads(top: 3, left: 1, bottom: 4, right: 2))
    }

    @Test("branches whose condition is known", arguments: [(6, "Relu"), (5, "Sigmoid")])
    func branches(channels: Int, expected: String) throws {
        let model = ONNXWriter.model {
            $0.integers("one", [1], shape: [])
            $0.integers("wanted", [channels], shape: [])
            $0.node("Shape", ["x"], ["s"])
            $0.node("Gather", ["s", "one"], ["c"])
            $0.node("Equal", ["c", "wanted"], ["q"])
            let then = ONNXWriter.branch([ONNXWriter.node("Relu", ["x"], ["t"])], outputs: ["t"])
            let otherwise = ONNXWriter.branch([ONNXWriter.node("Sigmoid", ["x"], ["e"])], outputs: ["e"])
            $0.node("If", ["q"], ["y"], ["then_branch": .graph(then), "else_branch": .graph(otherwise)])
        }
        #expect(try ONNXModel.resolved(bytes: model).operatorTypes == ["input", expected])
    }

    @Test func branchesThatTheSceneChoosesAreRefused() throws {
        let model = ONNXWriter.model {
            let branch = ONNXWriter.branch([ONNXWriter.node("Relu", ["x"], ["t"])], outputs: ["t"])
            $0.node("If", ["x"], ["y"], name: "choice", ["then_branch": .graph(branch), "else_branch": .graph(branch)])
        }
        #expect(try ONNXModel.error(bytes: model)?.message.contains("If node 'choice' has a condition") == true)
    }

    // MARK: - Axes of extent 1

    /// Squeeze and excite, as `x.mean((2, 3))`, linear layers and `view(n, c, 1, 1)`.
    @Test func pooledMapsMayLoseTheirPixels() throws {
        let model = ONNXWriter.model(opset: 13) {
            $0.weights("w", [6, 4])
            $0.weights("b", [4])
            $0.weights("v", [4, 6])
            $0.weights("a", [6])
            $0.integers("shape", [-1, 6, 1, 1])
            $0.node("GlobalAveragePool", ["x"], ["p"])
            $0.node("Flatten", ["p"], ["f"])
            $0.node("Gemm", ["f", "w", "b"], ["g"], ["alpha": .float(2), "beta": .float(3)])
            $0.node("MatMul", ["g", "v"], ["m"])
            $0.node("Add", ["m", "a"], ["n"])
            $0.node("Reshape", ["n", "shape"], ["r"])
            $0.node("Mul", ["x", "r"], ["y"])
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "GlobalAveragePool", "Gemm", "MatMul", "Add", "Mul"])
        #expect(network.nodes.map(\.shape.channels) == [6, 6, 4, 6, 6, 6])
        guard case .convolution(let dense) = network.nodes[2].operation else {
            Issue.record("no convolution")
            return
        }
        #expect(dense.weights.shape == [4, 6, 1, 1])
        // Column 0 of the file's weights, 0 4 1 5 2 6 3 less 3 each, twice.
        #expect(dense.weights.elements()[..<6] == [-6, 2, -4, 4, -2, 6])
        #expect(dense.bias?.elements() == [-9, -6, -3, 0])
    }

    @Test func groupsOfChannelsMayBecomeAnAxisToBeNormalised() throws {
        let model = ONNXWriter.model {
            $0.weights("scale", [3], [1, 2, 3])
            $0.weights("shift", [3], [4, 5, 6])
            $0.integers("groups", [0, 3, -1])
            $0.node("Reshape", ["x", "groups"], ["r"])
            $0.node("InstanceNormalization", ["r", "scale", "shift"], ["n"])
            $0.node("Shape", ["x"], ["s"])
            $0.node("Reshape", ["n", "s"], ["y"])
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "InstanceNormalization"])
        guard case .groupNormalization(3, let affine, _) = network.last.operation else {
            Issue.record("no normalisation")
            return
        }
        #expect(affine.scale.elements() == [1, 1, 2, 2, 3, 3])
        #expect(affine.shift.elements() == [4, 4, 5, 5, 6, 6])
    }

    /// As `torch.stack(maps).sum(0)` in an FPN.
    @Test func stackedMapsAreAdded() throws {
        let model = ONNXWriter.model {
            $0.integers("zero", [0])
            $0.node("Unsqueeze", ["x", "zero"], ["a"])
            $0.node("Relu", ["x"], ["r"])
            $0.node("Unsqueeze", ["r", "zero"], ["b"])
            $0.node("Concat", ["a", "b", "a"], ["c"], ["axis": .int(0)])
            $0.node("ReduceSum", ["c", "zero"], ["y"], ["keepdims": .int(0)])
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "Relu", "ReduceSum", "ReduceSum"])
        #expect(network.nodes.map(\.inputs) == [[], [0], [0, 1], [2, 0]])
    }

    @Test func pixelsMayNotBecomeChannels() throws {
        let model = ONNXWriter.model(outputShape: nil) {
            $0.node("Flatten", ["x"], ["f"])
            $0.weights("w", [9216, 2])
            $0.node("Gemm", ["f", "w"], ["y"])
        }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains("pixels laid out in one row, as shape (1, 9216)") == true)
    }

    @Test func layoutsMayBePermutedAndBack() throws {
        let model = ONNXWriter.model(opset: 11) {
            $0.weights("w", [6, 5])
            $0.node("Transpose", ["x"], ["t"], ["perm": .ints([0, 2, 3, 1])])
            $0.node("MatMul", ["t", "w"], ["m"])
            $0.node("Softmax", ["m"], ["s"], ["axis": .int(3)])
            $0.node("Transpose", ["s"], ["y"], ["perm": .ints([0, 3, 1, 2])])
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "MatMul", "Softmax"])
        #expect(network.outputShape.extents == [5, 32, 48])
        guard case .softmax(.channels) = network.last.operation else {
            Issue.record("\(network.last.operation)")
            return
        }
    }

    /// Channels of two maps alternate: they are stacked, and the axes are joined.
    @Test func stackedMapsMayBeLaidFlat() throws {
        let model = ONNXWriter.model(channels: 4, outputShape: nil) {
            $0.integers("two", [2])
            $0.integers("flat", [1, 8, 32, 48])
            $0.node("Relu", ["x"], ["r"])
            $0.node("Unsqueeze", ["x", "two"], ["a"])
            $0.node("Unsqueeze", ["r", "two"], ["b"])
            $0.node("Concat", ["a", "b"], ["s"], ["axis": .int(2)])
            $0.node("Reshape", ["s", "flat"], ["y"])
        }
        #expect(try ONNXModel.resolved(bytes: model).last.shape.extents == [8, 32, 48])
    }

    @Test func aPermutedMapIsLaidOutBeforeItIsConvolved() throws {
        let model = ONNXWriter.model(channels: 4, outputShape: nil) {
            $0.weights("w", [6, 48, 1, 1])
            $0.node("Relu", ["x"], ["r"])
            $0.node("Transpose", ["r"], ["t"], ["perm": .ints([0, 3, 1, 2])])
            $0.node("Conv", ["t", "w"], ["y"])
        }
        let network = try ONNXModel.resolved(bytes: model)
        guard case .rearrangement = network.nodes[network.nodes.count - 2].operation else {
            Issue.record("\(network.nodes.map(\.operation))")
            return
        }
        #expect(network.last.shape.extents == [6, 4, 32])
    }
}
