/// What a node of an operator reads, and what it is told.
struct GraphRecipe: Sendable {
    enum Operand: Sendable {
        case map
        /// Anything, or nothing.
        case any
        /// The weights of a convolution.
        case weights(isTransposed: Bool)
        /// A number for each pair of channels, for each channel, or one.
        case matrix, vector, scalar
        case integers(Int)
        case absent
    }

    enum Attribute: Sendable {
        case int, float
        case ints(Int)
        case text([String])
    }

    let name: String
    let operands: [Operand]
    let attributes: [(name: String, kind: Attribute)]

    init(_ name: String, _ operands: [Operand], _ attributes: [(String, Attribute)] = []) {
        (self.name, self.operands) = (name, operands)
        self.attributes = attributes.map { (name: $0.0, kind: $0.1) }
    }

    private static let window: [(String, Attribute)] = [
        ("kernel_shape", .ints(2)), ("strides", .ints(2)), ("pads", .ints(4)), ("dilations", .ints(2)),
        ("auto_pad", .text(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "other"])),
        ("ceil_mode", .int), ("count_include_pad", .int),
    ]
    private static let group: [(String, Attribute)] = [("group", .int)]
    private static let axis: [(String, Attribute)] = [("axis", .int)]
    private static let sampling: [(String, Attribute)] = [
        ("mode", .text(["nearest", "linear", "cubic"])),
        (
            "coordinate_transformation_mode",
            .text(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "tf_crop_and_resize"])
        ),
        ("nearest_mode", .text(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])),
    ]

    static let all: [GraphRecipe] = [
        GraphRecipe("Conv", [.map, .weights(isTransposed: false)], window + group),
        GraphRecipe("Conv", [.map, .weights(isTransposed: false), .vector], window),
        GraphRecipe("Conv", [.map, .weights(isTransposed: false)], [("pads", .ints(4))]),
        GraphRecipe(
            "ConvTranspose", [.map, .weights(isTransposed: true)], window + group + [("output_padding", .ints(2))]),
        GraphRecipe("ConvTranspose", [.map, .weights(isTransposed: true)], [("strides", .ints(2))]),
        GraphRecipe("MaxPool", [.map], window), GraphRecipe("AveragePool", [.map], window),
        GraphRecipe("GlobalAveragePool", [.map]), GraphRecipe("GlobalMaxPool", [.map]),
        GraphRecipe("BatchNormalization", [.map, .vector, .vector, .vector, .vector], [("epsilon", .float)]),
        GraphRecipe("InstanceNormalization", [.map, .vector, .vector], [("epsilon", .float)]),
        GraphRecipe("GroupNormalization", [.map, .vector, .vector], [("num_groups", .int), ("epsilon", .float)]),
        GraphRecipe("LayerNormalization", [.map, .vector, .vector], [("axis", .int), ("epsilon", .float)]),
        GraphRecipe("Relu", [.map]), GraphRecipe("Sigmoid", [.map]), GraphRecipe("Tanh", [.map]),
        GraphRecipe("LeakyRelu", [.map], [("alpha", .float)]), GraphRecipe("Elu", [.map], [("alpha", .float)]),
        GraphRecipe("HardSigmoid", [.map], [("alpha", .float), ("beta", .float)]),
        GraphRecipe("PRelu", [.map, .vector]), GraphRecipe("Gelu", [.map]), GraphRecipe("Exp", [.map]),
        GraphRecipe("Pow", [.map, .scalar]), GraphRecipe("Clip", [.map, .scalar, .scalar]),
        GraphRecipe("Softmax", [.map], axis), GraphRecipe("Add", [.map, .map]), GraphRecipe("Mul", [.map, .map]),
        GraphRecipe("Sub", [.map, .scalar]), GraphRecipe("Div", [.map, .scalar]), GraphRecipe("Mul", [.map, .vector]),
        GraphRecipe("Concat", [.map, .map], axis), GraphRecipe("Concat", [.map, .map, .map], axis),
        GraphRecipe("Resize", [.map, .absent, .absent, .integers(4)], sampling),
        GraphRecipe("Resize", [.map, .absent, .vector, .absent], sampling),
        GraphRecipe("Upsample", [.map, .vector], sampling),
        GraphRecipe("Pad", [.map, .integers(8)], [("mode", .text(["constant", "reflect", "edge"]))]),
        GraphRecipe("Slice", [.map, .integers(1), .integers(1), .integers(1), .integers(1)]),
        GraphRecipe("Slice", [.map, .integers(2), .integers(2), .integers(2), .integers(2)]),
        GraphRecipe("Split", [.map, .integers(2)], axis + [("num_outputs", .int)]),
        GraphRecipe("Gather", [.map, .integers(1)], axis), GraphRecipe("Gather", [.map, .integers(3)], axis),
        GraphRecipe("GatherND", [.map, .integers(4)], [("batch_dims", .int)]),
        GraphRecipe("Where", [.integers(1), .map, .scalar]), GraphRecipe("Where", [.integers(4), .map, .map]),
        GraphRecipe("ReduceSum", [.map, .integers(1)], [("keepdims", .int)]),
        GraphRecipe("Transpose", [.map], [("perm", .ints(4))]),
        GraphRecipe("Reshape", [.map, .integers(4)], [("allowzero", .int)]),
        GraphRecipe("Reshape", [.map, .integers(3)]),
        GraphRecipe("Flatten", [.map], axis), GraphRecipe("Squeeze", [.map, .integers(1)]),
        GraphRecipe("Unsqueeze", [.map, .integers(1)]), GraphRecipe("Expand", [.map, .integers(4)]),
        GraphRecipe("DepthToSpace", [.map], [("blocksize", .int), ("mode", .text(["DCR", "CRD"]))]),
        GraphRecipe("SpaceToDepth", [.map], [("blocksize", .int)]), GraphRecipe("MatMul", [.map, .matrix]),
        GraphRecipe("MatMul", [.map, .map]),
        GraphRecipe("Gemm", [.map, .matrix, .vector], [("alpha", .float), ("transB", .int)]),
        GraphRecipe("ReduceMean", [.map, .integers(2)], [("keepdims", .int)]),
        GraphRecipe("ReduceMax", [.map], [("axes", .ints(2)), ("keepdims", .int)]),
        GraphRecipe("QuantizeLinear", [.map, .scalar, .absent], axis),
        GraphRecipe("DequantizeLinear", [.map, .scalar, .absent], axis),
        // Numbers that are worked out when the file is read.
        GraphRecipe("Shape", [.map], [("start", .int), ("end", .int)]), GraphRecipe("Size", [.map]),
        GraphRecipe("Range", [.scalar, .scalar, .scalar]), GraphRecipe("ConstantOfShape", [.integers(3)]),
        GraphRecipe("Constant", [], [("value_ints", .ints(3)), ("value_float", .float)]),
        GraphRecipe("Add", [.integers(2), .any]), GraphRecipe("Mul", [.integers(2), .integers(2)]),
        GraphRecipe("Div", [.integers(2), .integers(2)]), GraphRecipe("Mod", [.integers(2), .integers(2)]),
        GraphRecipe("Concat", [.any, .integers(1)], axis), GraphRecipe("Gather", [.any, .integers(1)], axis),
        GraphRecipe("Slice", [.any, .integers(1), .integers(1)]), GraphRecipe("Cast", [.any], [("to", .int)]),
        GraphRecipe("Where", [.any, .any, .any]), GraphRecipe("Identity", [.any]), GraphRecipe("If", [.scalar]),
        GraphRecipe("Loop", [.scalar]),
    ]
}
