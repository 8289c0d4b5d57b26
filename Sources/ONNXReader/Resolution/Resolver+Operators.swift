import StoredTensors

extension Resolver {
    /// Returns the outputs of a node. Trailing ones may be left out.
    ///
    /// - Throws: an error for operators that are not supported, which says what would be needed.
    mutating func outputs(of call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard ONNXNode.isStandard(domain: call.node.domain) else {
            throw .unsupported(
                "is an operator of domain \(ModelFileError.quoted(call.node.domain)), and only ONNX's own are read: "
                    + "export the network without that runtime's fusions, or inline the file's functions")
        }
        let call = try joiningStacks(call)
        if let outputs = try tokenOutputs(of: call) { return outputs }
        if let outputs = try mapOutputs(of: call) { return outputs }
        if let constant = try Self.constant(of: call) { return [.constant(constant)] }
        throw .unsupported(Self.refusal(of: call.node.operatorType))
    }

    /// Returns the outputs of operators on maps, most of which also take constants.
    private mutating func mapOutputs(of call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue]? {
        switch call.node.operatorType {
        case "Conv": try convolution(call)
        case "ConvTranspose": try transposedConvolution(call)
        case "Gemm": try gemm(call)
        case "MatMul": try matrixProduct(call)
        case "BatchNormalization": try batchNormalization(call)
        case "InstanceNormalization": try instanceNormalization(call)
        case "GroupNormalization": try groupNormalization(call)
        case "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish":
            call.isOfMap ? try activation(call) : nil
        case "Elu", "Selu", "Gelu", "Mish", "Tanh", "Softplus", "Erf", "Swish", "Exp": try function(call)
        case "Sqrt", "Abs", "Neg", "Pow", "Min", "Max": call.isOfMap ? try function(call) : nil
        case "QuantizeLinear": try quantization(call)
        case "DequantizeLinear": try dequantization(call)
        case "LayerNormalization": try layerNormalization(call)
        case "DepthToSpace": try depthToSpace(call)
        case "SpaceToDepth": try spaceToDepth(call)
        case "Clip": try clip(call)
        case "Softmax": try softmax(call)
        case "Add", "Sub", "Mul", "Div": try arithmetic(call)
        case "Identity", "Dropout": [try call.unchanged()]
        case "Cast", "CastLike": [try call.cast()]
        case "MaxPool": try maxPooling(call)
        case "AveragePool": try averagePooling(call)
        case "GlobalAveragePool", "GlobalMaxPool": try globalPooling(call)
        case "ReduceMean", "ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin": try reduction(call)
        case "ReduceL1", "ReduceL2", "ReduceSumSquare": call.isOfMap ? try reduction(call) : nil
        case "Resize": try resize(call)
        case "Upsample": try upsample(call)
        case "Pad": try pad(call)
        case "Slice": try slice(call)
        case "Split": try split(call)
        case "Gather": try gather(call)
        case "GatherND": try gatherND(call)
        case "Where": call.isOfMap ? try choice(call) : nil
        case "Concat": try concatenation(call)
        case "Reshape": try reshape(call)
        case "Flatten": try flatten(call)
        case "Squeeze": try squeeze(call)
        case "Unsqueeze": try unsqueeze(call)
        case "Transpose": try transpose(call)
        case "Expand": try expand(call)
        case "Shape", "Size": [.constant(try call.shapeOrSize())]
        default: nil
        }
    }

    /// Returns the output of operators that can only be folded to constants.
    private static func constant(of call: OperatorCall) throws(OperatorProblem) -> FoldedTensor? {
        if let operation = FoldedTensor.BinaryOperator(rawValue: call.node.operatorType) {
            return try call.folded(operation)
        }
        switch call.node.operatorType {
        case "Constant": return try call.constantNode()
        case "ConstantOfShape": return try call.constantOfShape()
        case "Range": return try call.range()
        case "Mod", "Where": return try call.modOrWhere()
        case "Floor", "Ceil", "Round", "Neg", "Abs", "Not", "Sqrt", "Reciprocal", "Relu", "Sigmoid":
            return try call.foldedUnary()
        default: return nil
        }
    }

    /// Returns why an operator is not supported, and what to do.
    private static func refusal(of operatorType: String) -> String {
        switch operatorType {
        case "Loop", "Scan": "is control flow: export the network without loops over data"
        case "ArgMax", "TopK": "makes classes of scores, which Overtile does itself: export the network without it"
        case "QLinearConv", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "QLinearMatMul":
            "computes with quantised numbers: export the network in float32, before quantisation"
        case "LSTM", "GRU", "RNN": "is recurrent, and only convolutional networks are run"
        case "Einsum", "Attention", "RMSNormalization":
            "belongs to transformers, in a form that is not read: export the network with opset_version=17, which writes "
                + "attention as products of matrices"
        case "GridSample", "DeformConv", "RoiAlign":
            "samples at computed positions: that would need such an operation in the engine"
        case "NonMaxSuppression", "NonZero": "belongs to object detection, and only segmentation networks are run"
        default: "is an operator that is not read: that would need an operation of its own in the engine"
        }
    }
}
