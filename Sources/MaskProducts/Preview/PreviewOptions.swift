/// How a scene and its mask are shown.
public struct PreviewOptions: Sendable {
    /// Pixels of the picture's longer side, without the legend; smaller masks are shown as they are.
    public var longSide = 1600
    /// The scene's bands that are shown: one, or red, green and blue. By default those that the scene itself calls
    /// so, else its first three, else its first.
    public var bands: [Int]?
    /// Of the mask over the scene: 0 shows the scene alone, 1 the mask.
    public var opacity = 0.5
    /// Whether classes are outlined and not filled.
    public var isOutlined = false
    /// Names or numbers of the classes that are painted; all of them by default.
    public var classes: [String] = []
    /// Whether there is a strip with the classes' names and a scale below the picture.
    public var hasLegend = true
    /// A line above the legend; empty for none.
    public var title = ""

    public init() {}

    /// Sizes that a picture may have: far beyond a screen's, and still in memory as a whole.
    public static let longSides = 16...8192
}
