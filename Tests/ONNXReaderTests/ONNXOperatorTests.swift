import ONNXReader
import StoredTensors
import Testing
import TestModelFiles
import TestNetworks

/// What each operator becomes, and the shape of its output, for an input of 6 x 13 x 18.
@Suite struct ONNXOperatorTests {
    private typealias Attributes = [String: ONNXWriter.Attribute]

    /// A network of one operator on the input, with constants as its other inputs.
    private func node(
        _ operatorType: String, opset: Int = 17, weights: [[Int]] = [], integers: [[Int]] = [],
        inputs: [String]? = nil, _ attributes: [String: ONNXWriter.Attribute] = [:]
    ) throws -> ONNXNetwork.Node {
        let model = ONNXWriter.model(opset: opset, outputShape: nil) {
            for (index, shape) in weights.enumerated() { $0.weights("w\(index)", shape) }
            for (index, values) in integers.enumerated() { $0.integers("i\(index)", values) }
            let constants = weights.indices.map { "w\($0)" } + integers.indices.map { "i\($0)" }
            $0.node(operatorType, ["x"] + (inputs ?? constants), ["y"], name: "the node", attributes)
        }
        return try ONNXModel.resolved(bytes: model, height: 13, width: 18).last
    }

    private func problem(
        _ operatorType: String, opset: Int = 17, weights: [[Int]] = [], integers: [[Int]] = [],
        inputs: [String]? = nil, _ attributes: [String: ONNXWriter.Attribute] = [:]
    ) throws -> ModelFileError? {
        do {
            _ = try node(operatorType, opset: opset, weights: weights, integers: integers, inputs: inputs, attributes)
            return nil
        } catch let error as ModelFileError {
            #expect(error.message.hasPrefix("\(operatorType) node 'the node' "), "\(error.message)")
            return error
        }
    }

    // MARK: - Windows

    @Test(
        "padding that a convolution works out itself",
        arguments: [
            ("SAME_UPPER", Pads(top: 1, left: 0, bottom: 2, right: 0), [8, 7, 6]),
            ("SAME_LOWER", Pads(top: 2, left: 0, bottom: 1, right: 0), [8, 7, 6]),
            ("VALID", Pads(all: 0), [8, 5, 6]),
        ])
    func automaticPadding(mode: String, pads: Pads, shape: [Int]) throws {
        let node = try node(
            "Conv", weights: [[8, 6, 4, 3]], ["auto_pad": .string(mode), "strides": .ints([2, 3])])
        guard case .convolution(let convolution) = node.operation else {
            Issue.record("\(node.operation)")
            return
        }
        #expect(convolution.pads == pads)
        #expect(convolution.strides == Extents(height: 2, width: 3))
        #expect(convolution.bias == nil)
        #expect(node.shape.extents == shape)
        #expect(node.name == "the node" && node.valueName == "y" && node.operatorType == "Conv")
    }

    @Test func convolutionsHaveGroupsDilationsAndAsymmetricPads() throws {
        let node = try node(
            "Conv", weights: [[8, 3, 3, 5], [8]],
            ["group": .int(2), "dilations": .ints([2, 1]), "pads": .ints([0, 1, 2, 3])])
        guard case .convolution(let convolution) = node.operation else {
            Issue.record("\(node.operation)")
            return
        }
        #expect(convolution.groups == 2)
        #expect(convolution.dilations == Extents(height: 2, width: 1))
        #expect(convolution.pads == Pads(top: 0, left: 1, bottom: 2, right: 3))
        #expect(convolution.weights.shape == [8, 3, 3, 5])
        #expect(convolution.bias?.shape == [8])
        #expect(node.shape.extents == [8, 11, 18])
    }

    @Test(
        "transposed convolutions",
        arguments: [
            (["strides": .ints([2, 2])], Pads(all: 0), [5, 28, 37]),
            (
                ["strides": .ints([2, 2]), "pads": .ints([1, 0, 1, 1]), "output_padding": .ints([1, 0])],
                Pads(top: 1, left: 0, bottom: 1, right: 1), [5, 27, 36]
            ),
            (
                ["strides": .ints([2, 2]), "output_shape": .ints([25, 36])],
                Pads(top: 2, left: 1, bottom: 1, right: 0), [5, 25, 36]
            ),
            (
                ["strides": .ints([2, 2]), "auto_pad": .string("SAME_UPPER")],
                Pads(top: 1, left: 0, bottom: 1, right: 1), [5, 26, 36]
            ),
        ] as [([String: ONNXWriter.Attribute], Pads, [Int])])
    func transposedConvolutions(attributes: [String: ONNXWriter.Attribute], pads: Pads, shape: [Int]) throws {
        let node = try node("ConvTranspose", weights: [[6, 5, 4, 3]], attributes)
        guard case .transposedConvolution(let convolution, _) = node.operation else {
            Issue.record("\(node.operation)")
            return
        }
        #expect(convolution.pads == pads)
        #expect(node.shape.extents == shape)
    }

    /// The last window begins inside the map or the padding before it, as in PyTorch.
    @Test(
        "pooling",
        arguments: [
            ([2, 2], [2, 2], [0, 0, 0, 0], 0, [6, 6, 9]), ([2, 2], [2, 2], [0, 0, 0, 0], 1, [6, 7, 9]),
            ([3, 3], [2, 2], [1, 1, 1, 1], 0, [6, 7, 9]), ([3, 3], [2, 2], [1, 1, 1, 1], 1, [6, 7, 10]),
            ([2, 2], [3, 3], [0, 0, 0, 0], 1, [6, 5, 6]), ([1, 1], [6, 5], [0, 0, 1, 0], 1, [6, 3, 4]),
        ])
    func pooling(kernel: [Int], strides: [Int], pads: [Int], ceilMode: Int, shape: [Int]) throws {
        for type in ["MaxPool", "AveragePool"] {
            let node = try node(
                type,
                [
                    "kernel_shape": .ints(kernel), "strides": .ints(strides), "pads": .ints(pads),
                    "ceil_mode": .int(ceilMode),
                ])
            if kernel != [1, 1] || type == "MaxPool" { #expect(node.shape.extents == shape) }
        }
    }

    // MARK: - Opsets

    @Test func boundsAreAttributesAndThenInputs() throws {
        let old = try node("Clip", opset: 9, ["min": .float(0), "max": .float(6)])
        let new = try node("Clip", opset: 13, weights: [[]], inputs: ["", "w0"])
        guard case .activation(.clip(0, 6)) = old.operation, case .activation(.clip(-.infinity, -3)) = new.operation
        else {
            Issue.record("\(old.operation), \(new.operation)")
            return
        }
    }

    @Test func upsamplingIsResizingOfItsTime() throws {
        for (type, opset) in [("Upsample", 9), ("Resize", 10)] {
            let model = ONNXWriter.model(opset: opset) {
                $0.weights("s", [4], [1, 1, 2, 2])
                $0.node(type, ["x", "s"], ["y"], ["mode": .string("nearest")])
            }
            let node = try ONNXModel.resolved(bytes: model, height: 13, width: 18).last
            guard case .resize(let resize) = node.operation else {
                Issue.record("\(node.operation)")
                return
            }
            #expect(resize.mode == .nearest(.floor) && resize.coordinates == .asymmetric && !resize.isToSize)
            #expect(node.shape.extents == [6, 26, 36])
        }
    }

    @Test func resizingTakesScalesSizesAndAxes() throws {
        let sizes = try node(
            "Resize", opset: 13, integers: [[1, 6, 26, 9]], inputs: ["", "", "i0"],
            ["mode": .string("linear"), "coordinate_transformation_mode": .string("align_corners")])
        guard case .resize(let resize) = sizes.operation else {
            Issue.record("\(sizes.operation)")
            return
        }
        #expect(resize.mode == .linear && resize.coordinates == .alignCorners && resize.isToSize)
        #expect(resize.verticalScale == 2 && resize.horizontalScale == 0.5)
        #expect(sizes.shape.extents == [6, 26, 9])
        let axes = try node(
            "Resize", opset: 18, integers: [[20, 31]], inputs: ["", "", "i0"], ["axes": .ints([3, 2])])
        #expect(axes.shape.extents == [6, 31, 20])
    }

    @Test func amountsOfPaddingAreAttributesThenInputsThenHaveAxes() throws {
        let expected = Pads(top: 1, left: 2, bottom: 3, right: 4)
        for node in [
            try node("Pad", opset: 9, ["pads": .ints([0, 0, 1, 2, 0, 0, 3, 4]), "mode": .string("reflect")]),
            try node("Pad", opset: 13, integers: [[0, 0, 1, 2, 0, 0, 3, 4]], ["mode": .string("reflect")]),
            try node(
                "Pad", opset: 18, integers: [[2, 1, 4, 3], [-1, 2]], inputs: ["i0", "", "i1"],
                ["mode": .string("reflect")]),
        ] {
            guard case .pad(let pad) = node.operation else {
                Issue.record("\(node.operation)")
                continue
            }
            #expect(pad.mode == .reflect && pad.amounts == expected)
            #expect(node.shape.extents == [6, 17, 24])
        }
    }

    @Test func slicesAreAttributesAndThenInputs() throws {
        for node in [
            try node(
                "Slice", opset: 9,
                ["starts": .ints([1, -5]), "ends": .ints([.max, -1]), "axes": .ints([2, 3])]),
            try node("Slice", opset: 13, integers: [[1, -5], [.max, -1], [2, -1]]),
        ] {
            guard case .slice(let channels, let rows, let columns) = node.operation else {
                Issue.record("\(node.operation)")
                continue
            }
            #expect([channels.start, rows.start, columns.start] == [0, 1, 13])
            #expect([channels.step, rows.step, columns.step] == [1, 1, 1])
            #expect(node.shape.extents == [6, 12, 4])
        }
    }

    @Test func softmaxOverOneAxis() throws {
        for (opset, axis, expected) in [(13, 1, MapAxis.channels), (13, -1, .width), (11, 3, .width)] {
            guard case .softmax(expected) = try node("Softmax", opset: opset, ["axis": .int(axis)]).operation else {
                Issue.record("opset \(opset), axis \(axis)")
                continue
            }
        }
        // Before opset 13 all axes from 1 on count as one.
        #expect(try problem("Softmax", opset: 11, ["axis": .int(1)])?.code == .unsupportedNetwork)
    }

    @Test func meansOverPixelsAndChannels() throws {
        for node in [
            try node("GlobalAveragePool"), try node("ReduceMean", opset: 13, ["axes": .ints([-1, 2])]),
            try node("ReduceMean", opset: 18, integers: [[2, 3]]),
        ] {
            guard case .mean([.height, .width]) = node.operation else {
                Issue.record("\(node.operation)")
                continue
            }
            #expect(node.shape.extents == [6, 1, 1])
        }
        #expect(try node("ReduceMean", opset: 13, ["axes": .ints([1])]).shape.extents == [1, 13, 18])
    }

    @Test func instanceNormalizationIsThatOfAsManyGroupsAsChannels() throws {
        guard
            case .groupNormalization(6, let affine, let epsilon) = try node(
                "InstanceNormalization", weights: [[6], [6]], ["epsilon": .float(0.5)]
            ).operation
        else {
            Issue.record("no normalisation")
            return
        }
        #expect(affine.scale.shape == [6] && epsilon == 0.5)
    }

    @Test(
        "operands beside a map",
        arguments: [
            ([6, 1, 1], [6, 1, 1]), ([1], [1, 1, 1]), ([], [1, 1, 1]), ([1, 6, 1, 1], [6, 1, 1]),
            ([13, 18], [1, 13, 18]), ([18], [1, 1, 18]),
        ])
    func operands(shape: [Int], expected: [Int]) throws {
        for inputs in [["x", "c"], ["c", "x"]] {
            let model = ONNXWriter.model {
                $0.weights("c", shape)
                $0.node("Div", inputs, ["y"])
            }
            let node = try ONNXModel.resolved(bytes: model, height: 13, width: 18).last
            guard case .arithmetic(let division) = node.operation else {
                Issue.record("\(node.operation)")
                continue
            }
            #expect(division.operator == .divide && division.isConstantFirst == (inputs[0] == "c"))
            #expect(division.constant?.shape == expected)
            #expect(node.shape.extents == [6, 13, 18])
        }
    }

    // MARK: - Refusals

    @Test(
        "nodes that contradict themselves or ask for too much",
        arguments: [
            ("Conv", [[8, 5, 3, 3]], [:], "6 channels"), ("Conv", [[8, 6, 3]], [:], "two axes of pixels"),
            ("Conv", [[8, 6, 3, 3], [7]], [:], "bias of shape (7)"), ("Conv", [], [:], "no input 1"),
            ("Conv", [[8, 6, 15, 3]], [:], "gives nothing for an input of 13 x 18"),
            ("Conv", [[8, 6, 3, 3]], ["strides": .ints([0, 1])], "strides (0, 1)"),
            ("Conv", [[8, 6, 3, 3]], ["pads": .ints([1, 1])], "pads (1, 1)"),
            ("Conv", [[8, 6, 3, 3]], ["auto_pad": .string("SAME")], "'SAME'"),
            ("Conv", [[8, 6, 3, 3]], ["kernel_shape": .ints([5, 5])], "kernel of (5, 5)"),
            ("Conv", [[8, 6, 3, 3]], ["group": .float(1)], "attribute group of the wrong type"),
            ("BatchNormalization", [[5], [5], [5], [5]], [:], "(5) for 6 channels"),
            ("MaxPool", [], [:], "no attribute kernel_shape"), ("Add", [[5, 1, 1]], [:], "do not fit together"),
            ("Concat", [[1, 6, 13, 17]], ["axis": .int(1)], "joins maps of shapes (1, 6, 13, 18) and (1, 6, 13, 17)"),
            ("Resize", [[0], [4]], ["mode": .string("cubic")], "batch or the channels"),
            ("ReduceMin", [], ["axes": .ints([2])], "only means, sums and maxima are"),
            ("Cast", [], ["to": .int(7)], "int64 of a map"), ("TopK", [], [:], "Overtile does itself"),
            ("QLinearConv", [], [:], "before quantisation"), ("Loop", [], [:], "control flow"),
            ("NoSuchOperator", [], [:], "operator that is not read"),
            ("Transpose", [], ["perm": .ints([0, 1, 2, 2])], "permutes axes"), ("Floor", [], [:], "only shapes"),
        ] as [(String, [[Int]], [String: ONNXWriter.Attribute], String)])
    func refusals(
        operatorType: String, weights: [[Int]], attributes: [String: ONNXWriter.Attribute], words: String
    ) throws {
        let error = try problem(operatorType, opset: 13, weights: weights, attributes)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "not refused")")
    }

    @Test func matricesThatDoNotFitAreRefused() throws {
        let model = ONNXWriter.model { $0.node("MatMul", ["x", "x"], ["y"], name: "/encoder/attn") }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.hasPrefix("MatMul node '/encoder/attn' ") == true)
        #expect(error?.message.contains("multiplies values of shapes (1, 6, 32, 48) and (1, 6, 32, 48)") == true)
    }

    @Test func otherDomainsAreRefused() throws {
        let model = ONNXWriter.model { $0.node("FusedConv", ["x"], ["y"], domain: "com.microsoft") }
        #expect(try ONNXModel.error(bytes: model)?.message.contains("domain 'com.microsoft'") == true)
    }

    @Test func aNodeWithoutANameIsNamedAfterItsOutput() throws {
        let model = ONNXWriter.model { $0.node("Det", ["x"], ["y"]) }
        #expect(try ONNXModel.error(bytes: model)?.message.hasPrefix("the Det node that gives 'y' ") == true)
    }

    // MARK: - Places that the file gives

    @Test(
        "elements that are picked",
        arguments: [
            // Channels in another order, and one of them twice.
            ([5, 0, 0, 2], [4], nil, [4, 13, 18]),
            // Rows and columns, each by a list of its own.
            ([0, 0, 7, 3, 0, 0, 7, 9, 0, 0, 2, 3, 0, 0, 2, 9], [2, 2, 4], nil, [4, 1, 1]),
            // Beyond the last channel.
            ([0, 6], [2], "beyond an axis of 6", []),
            ([0, 9], [1, 2], "beyond an axis of 6", []),
            // A diagonal: the row depends on the column.
            ([0, 0, 0, 0, 0, 0, 1, 1], [2, 4], "along several axes together", []),
            // More places than there are axes.
            ([0, 0, 0, 0, 0], [1, 5], "from shape (1, 6, 13, 18)", []),
        ] as [([Int], [Int], String?, [Int])])
    func picking(places: [Int], shape: [Int], problem: String?, extents: [Int]) throws {
        let model = ONNXWriter.model(opset: 17, outputShape: nil) {
            $0.integers("places", places)
            $0.integers("shape", shape)
            $0.integers("map", [1, -1, extents.dropFirst().first ?? 1, extents.last ?? 1])
            $0.node("Reshape", ["places", "shape"], ["indices"])
            let (type, attributes): (String, Attributes) =
                shape.count == 1 ? ("Gather", ["axis": .int(1)]) : ("GatherND", [:])
            $0.node(type, ["x", "indices"], ["picked"], name: "the node", attributes)
            $0.node("Reshape", ["picked", "map"], ["y"])
        }
        do {
            let node = try ONNXModel.resolved(bytes: model, height: 13, width: 18).last
            #expect(problem == nil && node.shape.extents == extents)
        } catch let error as ModelFileError {
            #expect(problem.map { error.message.contains($0) } ?? false, "\(error.message)")
        }
    }

    @Test("a product needs axes")
    func productOfNoAxes() throws {
        let model = ONNXWriter.model(opset: 17, outputShape: nil) {
            $0.weights("w", [4])
            $0.node("ReduceMean", ["x"], ["m"], ["keepdims": .int(0)])
            $0.node("MatMul", ["m", "w"], ["y"], name: "the node")
        }
        #expect(try ONNXModel.error(bytes: model)?.message.hasPrefix("MatMul node 'the node' ") ?? false)
    }

    @Test("channels are filled with a constant, and not mirrored")
    func paddedChannels() throws {
        let pads = [0, 1, 0, 0, 0, 3, 0, 0]
        let node = try node("Pad", integers: [pads])
        guard case .convolution(let convolution) = node.operation else {
            Issue.record("\(node.operation)")
            return
        }
        #expect(node.shape.extents == [10, 13, 18])
        #expect(convolution.weights.elements().reduce(0, +) == 6 && convolution.bias == nil)
        let problem = try problem("Pad", integers: [pads], ["mode": .string("reflect")])
        #expect(problem?.message.contains("mirrors or repeats the channels") ?? false)
    }
}
