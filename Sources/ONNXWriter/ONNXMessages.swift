import NetworkGraph

/// The messages of an ONNX file, named as in `onnx.proto`, with the fields that are written. Source:
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

/// One operation of a graph.
struct ONNXNode {
    /// The operator, such as "Conv".
    var operatorType: String
    /// The name of the node, by which messages call it.
    var name: String
    /// The names of the values that it reads; an empty one stands for an input that is left out.
    var inputs: [String]
    /// The name of the value that it gives.
    var output: String
    var attributes: [(name: String, value: ONNXAttribute)]

    var message: ProtobufMessage {
        var message = ProtobufMessage()
        for input in inputs { message.text(1, input) }
        message.text(2, output)
        message.text(3, name)
        message.text(4, operatorType)
        for (name, value) in attributes { message.message(5, value.message(named: name)) }
        return message
    }
}

/// The value of an attribute of a node.
enum ONNXAttribute {
    case float(Float)
    case int(Int)
    case ints([Int])
    case string(String)

    func message(named name: String) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.text(1, name)
        switch self {
        case .float(let value):
            message.float(2, value)
            message.integer(20, 1)
        case .int(let value):
            message.integer(3, value)
            message.integer(20, 2)
        case .string(let text):
            message.text(4, text)
            message.integer(20, 3)
        case .ints(let values):
            for value in values { message.integer(8, value) }
            message.integer(20, 7)
        }
        return message
    }
}

/// A constant of a graph.
struct ONNXTensor {
    /// The name of the value.
    var name: String
    var value: Value

    enum Value {
        /// Numbers of float32, in a tensor's own shape.
        case floats(ConstantTensor)
        /// A list of int64.
        case integers([Int])
    }

    var message: ProtobufMessage {
        var message = ProtobufMessage()
        switch value {
        case .floats(let tensor):
            for extent in tensor.shape { message.integer(1, extent) }
            message.integer(2, 1)
            message.text(8, name)
            message.elements(9, tensor)
        case .integers(let numbers):
            message.integer(1, numbers.count)
            message.integer(2, 7)
            message.text(8, name)
            message.bytes(9, numbers.flatMap { ProtobufMessage.bytes(of: Int64($0)) })
        }
        return message
    }
}

/// The name and shape of a graph's input or output, of float32.
struct ONNXValueInfo {
    /// The extent of one axis.
    enum Extent {
        case fixed(Int)
        /// Any extent, by its name.
        case named(String)
        /// Any extent.
        case open
    }

    var name: String
    var shape: [Extent]

    var message: ProtobufMessage {
        var (message, type, tensor, shape) = (
            ProtobufMessage(), ProtobufMessage(), ProtobufMessage(), ProtobufMessage()
        )
        for extent in self.shape {
            var dimension = ProtobufMessage()
            switch extent {
            case .fixed(let count): dimension.integer(1, count)
            case .named(let name): dimension.text(2, name)
            case .open: break
            }
            shape.message(1, dimension)
        }
        tensor.integer(1, 1)
        tensor.message(2, shape)
        type.message(1, tensor)
        message.text(1, name)
        message.message(2, type)
        return message
    }
}
