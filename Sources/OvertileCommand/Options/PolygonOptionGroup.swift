public import ArgumentParser
public import Overtile

/// Options for which regions of a mask become polygons, and how.
struct PolygonOptionGroup: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Leave out polygons whose pixels cover fewer square metres than this on the ground.", valueName: "m2"))
    var minArea: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Simplify the borders: leave out vertices that are at most this many pixels away from the line that \
            replaces them. Neighbours keep their common border. 1 smooths the stairs of the pixels.
            """, valueName: "pixels"))
    var simplify: Double?

    @Option(help: ArgumentHelp("Make polygons of these classes only, by name or number.", valueName: "water,land"))
    var classesOnly: String?

    @Option(
        help: ArgumentHelp(
            """
            Which pixels of a class belong together: those that share a side (4), or those that share a side or a \
            corner (8).
            """, valueName: "4|8"))
    var connectedness = PolygonOutput.Connectedness.four

    mutating func validate() throws {
        if let minArea, !(minArea >= 0 && minArea.isFinite) {
            throw ValidationError("--min-area \(minArea) is no area: give square metres, 0 or more")
        }
        if let simplify, !(simplify > 0 && simplify.isFinite) {
            throw ValidationError("--simplify \(simplify) is no distance: give pixels, more than 0")
        }
    }

    /// The name of the first option that was given, or nil if none was.
    var firstGiven: String? {
        if minArea != nil { return "--min-area" }
        if simplify != nil { return "--simplify" }
        if classesOnly != nil { return "--classes-only" }
        return connectedness == .four ? nil : "--connectedness"
    }

    func options(overwrite: Bool) -> PolygonOutput.Options {
        var options = PolygonOutput.Options()
        options.minimumArea = minArea ?? 0
        options.tolerance = simplify
        options.classes = classesOnly?.split(separator: ",").map { String($0).trimmed } ?? []
        options.connectedness = connectedness
        options.overwrite = overwrite
        return options
    }
}

extension PolygonOutput.Connectedness: ExpressibleByArgument {}
