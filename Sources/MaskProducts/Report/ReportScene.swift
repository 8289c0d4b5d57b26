package import RasterIO
public import TileGeometry

/// What a report says of one scene: as much as is known, nothing of it read but the pictures, and these only where there is no preview.
public struct ReportScene: Sendable {
    /// As people call it; may be any text.
    public var name: String
    /// The files of which pictures are made: without both, there are none.
    public var scene: String?
    public var mask: String?
    /// The scene's bands that are shown, as in `PreviewOptions`.
    public var bands: [Int]?
    /// A preview of the two files, where the run made one: the page's pictures are made of it, and the files are not read
    /// again. One of outlines or of some classes only is not used.
    public var preview: Preview?
    /// Of the scene.
    public var size: PixelSize?
    public var classes: [ClassShare] = []
    public var stages: [Stage] = []
    /// Wall time of the run, in seconds.
    public var seconds: Double?
    public var warnings: [String] = []
    /// Why there is no mask, in one line; nil where all went well.
    public var error: String?
    /// What holds for this scene alone: its outputs, its plan, ….
    public var facts: [ReportFact] = []

    public init(name: String) { self.name = name }

    /// How much of a scene is of one class.
    public struct ClassShare: Sendable {
        public var name: String
        package var color: LegendEntry.Color
        public var pixels: Int
        /// nil where nobody knows how large the pixels are.
        public var hectares: Double?

        package init(name: String, color: LegendEntry.Color, pixels: Int, hectares: Double? = nil) {
            self.name = name
            self.color = color
            self.pixels = pixels
            self.hectares = hectares
        }
    }

    /// A part of the work.
    public struct Stage: Sendable {
        /// "reading"
        public var name: String
        /// Time that its threads were busy, the sum of all of them.
        public var busySeconds: Double
        public var threads: Int

        public init(name: String, busySeconds: Double, threads: Int = 1) {
            self.name = name
            self.busySeconds = busySeconds
            self.threads = threads
        }
    }

    /// Pixels of all classes: those with data.
    var validPixels: Int { classes.reduce(0) { $0 + $1.pixels } }

    /// Part of what has data, 0 to 1: of its area where that of all classes is known, as pixels of a scene in degrees
    /// differ in size, else of its pixels.
    func share(of row: ClassShare) -> Double {
        let areas = classes.compactMap(\.hectares)
        if let area = row.hectares, areas.count == classes.count, areas.contains(where: { $0 > 0 }) {
            return area / areas.reduce(0, +)
        }
        let all = validPixels
        return all > 0 ? Double(row.pixels) / Double(all) : 0
    }

    /// Part of the run's time that a stage's threads were busy, 0 to 1.
    func utilization(of stage: Stage) -> Double {
        guard let seconds, seconds > 0, stage.threads > 0 else { return 0 }
        return min(1, max(0, stage.busySeconds / Double(stage.threads) / seconds))
    }
}

/// A line of a report: what it is about, and what is so.
public struct ReportFact: Sendable {
    public var label: String
    public var value: String

    public init(_ label: String, _ value: String) {
        self.label = label
        self.value = value
    }
}
