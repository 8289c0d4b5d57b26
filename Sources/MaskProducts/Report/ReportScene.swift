package import RasterIO
package import TileGeometry

/// The content of a report about one scene, as far as it is known. Only the pictures are read from files, and only if there is
/// no preview.
package struct ReportScene: Sendable {
    /// The name of the scene; may be any text.
    package var name: String
    /// The path of the scene. Pictures are made only if both the scene and the mask are given.
    package var scene: String?
    /// What opening the scene may reach.
    package var access = RasterAccess.anything
    /// The path of the mask.
    package var mask: String?
    /// The bands of the scene that are shown, as in `Preview.Options`.
    package var bands: [Int]?
    /// A preview of the two files, if the run made one. The page's pictures are then made from it, and the files are
    /// not read again. A preview of outlines, or of only some classes, is not used.
    package var preview: Preview?
    /// The size of the scene.
    package var size: PixelSize?
    /// The amount of each class in the mask.
    package var classes: [ClassShare] = []
    /// The stages of the work, with the time that each took.
    package var stages: [Stage] = []
    /// The wall time of the run, in seconds.
    package var seconds: Double?
    /// The warnings about this scene.
    package var warnings: [String] = []
    /// The reason why there is no mask, in one line; nil if all went well.
    package var error: String?
    /// The facts that hold for this scene alone, such as its outputs and its plan.
    package var facts: [ReportFact] = []

    /// Makes a scene of which only the name is known.
    package init(name: String) { self.name = name }

    /// The amount of one class in a scene.
    package struct ClassShare: Sendable {
        /// The name of the class.
        package var name: String
        /// The colour of the class in the mask.
        package var color: LegendEntry.Color
        /// The number of pixels of the class.
        package var pixels: Int
        /// The area in hectares; nil if the size of pixels is not known.
        package var hectares: Double?

        /// Makes the amount of one class.
        package init(name: String, color: LegendEntry.Color, pixels: Int, hectares: Double? = nil) {
            self.name = name
            self.color = color
            self.pixels = pixels
            self.hectares = hectares
        }
    }

    /// A stage of the work.
    package struct Stage: Sendable {
        /// The name of the stage, such as "reading".
        package var name: String
        /// The time in seconds that its threads were busy, summed over all threads.
        package var busySeconds: Double
        /// The number of threads.
        package var threads: Int

        /// Makes a stage.
        package init(name: String, busySeconds: Double, threads: Int = 1) {
            self.name = name
            self.busySeconds = busySeconds
            self.threads = threads
        }
    }

    /// The number of pixels with data: those of all classes.
    var validPixels: Int { classes.reduce(0) { $0 + $1.pixels } }

    /// Returns the share of a class in what has data, 0 to 1. It is a share of the area if the areas of all classes are
    /// known, because pixels of a scene in degrees differ in size; otherwise it is a share of pixels.
    func share(of row: ClassShare) -> Double {
        let areas = classes.compactMap(\.hectares)
        if let area = row.hectares, areas.count == classes.count, areas.contains(where: { $0 > 0 }) {
            return area / areas.reduce(0, +)
        }
        let all = validPixels
        return all > 0 ? Double(row.pixels) / Double(all) : 0
    }

    /// Returns the part of the run's time during which a stage's threads were busy, 0 to 1.
    func utilization(of stage: Stage) -> Double {
        guard let seconds, seconds > 0, stage.threads > 0 else { return 0 }
        return min(1, max(0, stage.busySeconds / Double(stage.threads) / seconds))
    }
}

/// A labelled line of a report.
package struct ReportFact: Sendable {
    /// The label, such as "Model".
    package var label: String
    /// The text behind the label.
    package var value: String
    /// The file that the text names, as a path from the page's folder; nil where it names none.
    package var file: String?

    /// Makes a line of a label and a text.
    package init(_ label: String, _ value: String, file: String? = nil) {
        self.label = label
        self.value = value
        self.file = file
    }
}
