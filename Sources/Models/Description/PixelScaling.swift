/// What happens to a pixel v before the network sees it, as far as a source says:
///
///     (clamp(v) * scale + offset - mean) / std
///
/// Each has one value, or one for each of the model's bands.
public struct PixelScaling: Hashable, Sendable {
    public var minimum: [Float]?
    public var maximum: [Float]?
    public var scale: [Float]?
    public var offset: [Float]?
    public var mean: [Float]?
    /// None is 0.
    public var std: [Float]?

    public init() {}

    var parts: [(name: String, values: [Float])] {
        [
            ("minimum", minimum), ("maximum", maximum), ("scale", scale), ("offset", offset), ("mean", mean),
            ("std", std),
        ].compactMap { name, values in values.map { (name, $0) } }
    }

    var bandCounts: [Int] { parts.map(\.values.count) }

    /// For people: "scale 0.5, mean 1, 2".
    public var text: String {
        parts.map { name, values in "\(name) " + values.map { "\($0)" }.joined(separator: ", ") }
            .joined(separator: "; ")
    }
}
