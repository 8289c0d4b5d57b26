/// Which pixels of a class belong together.
public enum Connectedness: Int, CaseIterable, Sendable {
    /// Those that share a side.
    case four = 4
    /// Those that share a side or a corner.
    case eight = 8
}
