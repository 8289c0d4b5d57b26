public import ArgumentParser
public import Overtile

/// Which polygons are made of a mask, and how.
struct PolygonOptionGroup: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Leave out polygons of less than so many square metres on the ground.", valueName: "m2"))
    var minArea: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Leave out vertices that are no further than so many pixels from the line in their place; neighbours keep \
            their common border. 1 smooths the pixels' stairs.
            """, valueName: "pixels"))
    var simplify: Double?

    @Option(help: ArgumentHelp("Polygons of these classes only, by name or number.", valueName: "water,land"))
    var classesOnly: String?

    @Option(
        help: ArgumentHelp(
            "Whether pixels of a class belong together that share a side (4), or a corner too (8).", valueName: "4|8"))
    var connectedness = Connectedness.four

    mutating func validate() throws {
        if let minArea, !(minArea >= 0 && minArea.isFinite) {
            throw ValidationError("--min-area \(minArea) is no area: give square metres, 0 or more")
        }
        if let simplify, !(simplify > 0 && simplify.isFinite) {
            throw ValidationError("--simplify \(simplify) is no distance: give pixels, more than 0")
        }
    }

    /// The first option that is given, if any.
    var firstGiven: String? {
        if minArea != nil { return "--min-area" }
        if simplify != nil { return "--simplify" }
        if classesOnly != nil { return "--classes-only" }
        return connectedness == .four ? nil : "--connectedness"
    }

    func options(overwrite: Bool) -> PolygonOptions {
        var options = PolygonOptions()
        options.minimumArea = minArea ?? 0
        options.tolerance = simplify
        options.classes = classesOnly?.split(separator: ",").map { String($0).trimmed } ?? []
        options.connectedness = connectedness
        options.overwrite = overwrite
        return options
    }
}

extension Connectedness: ExpressibleByArgument {}
