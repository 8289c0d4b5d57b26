import ArgumentParser
import Overtile

/// The bands that the model sees, and how their values are scaled.
///
/// Values may be negative, and `.unconditional` keeps the parser from taking them for options.
struct InputOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The bands of the scene that the model takes, in its order, counted from 1. By default, those that the \
            model itself names, or else all but alpha.
            """, valueName: "4,3,2"))
    var bands: NumberList<Int>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The model sees (pixel * scale + offset - mean) / std. What is not given here comes from the model itself. \
            If nobody gives any of the four, 8-bit pixels are divided by 255 and other pixels are taken as they are.
            """, valueName: "factor"))
    var scale: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("See --scale.", valueName: "value"))
    var offset: Float?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("See --scale; one value, or one for each band.", valueName: "a,b"))
    var mean: NumberList<Float>?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("See --scale; one value, or one for each band.", valueName: "a,b"))
    var std: NumberList<Float>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The pixel value that means \"no data\", instead of the scene's own.", valueName: "value"))
    var nodata: Double?

    func apply(to options: inout SegmentationOptions) {
        options.bands = bands?.values
        options.scale = scale
        options.offset = offset
        options.mean = mean?.values
        options.std = std?.values
        options.nodata = nodata
    }
}

/// A list of numbers, separated by commas.
struct NumberList<Number: LosslessStringConvertible>: ExpressibleByArgument {
    var values: [Number]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Number(String($0).trimmed) }
        guard values.count == parts.count else { return nil }
    }
}

extension String {
    /// The text without spaces at its ends.
    var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

/// The size of the pixels that the model sees, and the grid of the outputs.
struct ResolutionOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The size of the pixels that the model sees: the scene's own (native), the size that the model was trained \
            on (model, the default if the model states it), or a number of metres. Smaller pixels are averaged into \
            larger ones, and larger ones are interpolated linearly.
            """, valueName: "native|model|metres"))
    var resolution: ResolutionArgument?

    @Option(
        help: ArgumentHelp(
            """
            The grid of the outputs: the scene's own, on which each pixel takes the model's answer for the place under \
            its centre, or the grid of the model's pixels.
            """, valueName: "scene|model"))
    var grid = SegmentationOptions.PixelGrid.scene

    @Flag(help: "Go on where the resolution makes more than a hundred times the scene's own pixels.")
    var yes = false

    func apply(to options: inout SegmentationOptions) {
        options.resolution = resolution?.choice
        options.outputPixelGrid = grid
        options.allowsManyPixels = yes
    }
}

struct ResolutionArgument: ExpressibleByArgument {
    let choice: SegmentationOptions.Resolution

    init?(argument: String) {
        switch argument {
        case "native": choice = .native
        case "model": choice = .model
        default:
            guard let metres = Double(argument), metres > 0, metres.isFinite else { return nil }
            choice = .metres(metres)
        }
    }
}
