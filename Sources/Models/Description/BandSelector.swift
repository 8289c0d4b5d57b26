/// One of a scene's bands, as a model asks for it.
public enum BandSelector: Hashable, Sendable {
    /// Counted from 1.
    case number(Int)
    /// Any of these names, the one that the model itself uses first: "B04", "red".
    case name([String])

    /// For messages.
    public var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let names): names[0]
        }
    }
}
