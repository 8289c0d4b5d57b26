/// A named constant of a node.
struct AttributeProto: Sendable {
    enum Value: Sendable {
        case float(Float)
        case int(Int)
        case string(String)
        case tensor(TensorProto)
        /// A branch of an `If`, the body of a `Loop`.
        case graph(GraphProto)
        case floats([Float])
        case ints([Int])
        case strings([String])
        /// What no operator that is read needs: "a sparse tensor".
        case other(String)
    }

    var name: String
    var value: Value
}
