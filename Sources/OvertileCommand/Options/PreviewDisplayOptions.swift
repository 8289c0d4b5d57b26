import ArgumentParser
import Overtile

/// The options of a preview of a scene and its mask.
struct PreviewDisplayOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The longer side of the picture in pixels, without the legend.", valueName: "N"))
    var size = 1600

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The bands of the scene that are shown: one band, or red, green and blue. By default, those that the scene \
            marks as such, else its first three, else its first.
            """, valueName: "4,3,2"))
    var bands: NumberList<Int>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The opacity of the mask over the scene: 0 shows only the scene, 1 only the mask.
            """, valueName: "0…1"))
    var opacity = 0.5

    @Flag(help: "Draw the borders of the classes instead of filling them.")
    var outlines = false

    @Option(
        help: ArgumentHelp(
            """
            Paint only these classes, by name or number. By default, all of them.
            """, valueName: "water,1"))
    var classesOnly: String?

    @Option(help: ArgumentHelp("A title above the legend.", valueName: "text"))
    var title: String?

    @Flag(help: "Leave out the legend and the scale below the picture.")
    var noLegend = false

    mutating func validate() throws {
        let sizes = Preview.Options.longSides
        guard sizes.contains(size) else {
            throw ValidationError("--size \(size) is out of range: give \(sizes.lowerBound) to \(sizes.upperBound)")
        }
        guard (0...1).contains(opacity) else {
            throw ValidationError("--opacity \(opacity) is out of range: give 0 to 1")
        }
    }

    var options: Preview.Options {
        var options = Preview.Options()
        options.longSide = size
        options.bands = bands?.values
        options.opacity = opacity
        options.isOutlined = outlines
        options.classes = classesOnly?.split(separator: ",").map { String($0).trimmed } ?? []
        options.title = title ?? ""
        options.hasLegend = !noLegend
        return options
    }
}
