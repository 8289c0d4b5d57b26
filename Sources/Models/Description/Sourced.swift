/// A value, and who says so.
public struct Sourced<Value: Sendable & Equatable>: Sendable, Equatable {
    public var value: Value
    /// For people: "--mean", or "standardization_mean of model.onnx".
    public var source: String

    public init(_ value: Value, source: String) {
        self.value = value
        self.source = source
    }

    func map<Other>(_ transform: (Value) -> Other) -> Sourced<Other> {
        Sourced<Other>(transform(value), source: source)
    }
}
