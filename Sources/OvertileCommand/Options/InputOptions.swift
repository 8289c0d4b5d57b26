import ArgumentParser
import Overtile

/// Which of the scene's pixels the model is given, and how.
///
/// Values may be negative: `.unconditional` takes them for what they are, and not for options.
struct InputOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The scene's bands that the model takes, in its order, counted from 1; by default those that the model \
            itself names, else all but alpha.
            """, valueName: "4,3,2"))
    var bands: NumberList<Int>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The model is given (pixel * scale + offset - mean) / std. What is not given here is as the model itself \
            says; where nobody gives any of the four, 8-bit pixels are divided by 255 and others are taken as they are.
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
        help: ArgumentHelp("Pixel value that means \"no data\", instead of the scene's own.", valueName: "value"))
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

/// Numbers with commas between them.
struct NumberList<Number: LosslessStringConvertible>: ExpressibleByArgument {
    var values: [Number]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Number(String($0).trimmed) }
        guard values.count == parts.count else { return nil }
    }
}

extension String {
    /// Without spaces at its ends.
    var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

/// How large the pixels are that the model is given, and those of the outputs.
struct ResolutionOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Pixels that the model is given: the scene's own (native), those that the model was trained on (model, the \
            default where it says so), or of so many metres. Smaller pixels are averaged into larger ones, larger ones \
            interpolated linearly.
            """, valueName: "native|model|metres"))
    var resolution: ResolutionArgument?

    @Option(
        help: ArgumentHelp(
            """
            Grid of the outputs: the scene's own, each pixel taking what the model says of the place under its centre; \
            or that of the model's pixels.
            """, valueName: "scene|model"))
    var grid = OutputGrid.scene

    func apply(to options: inout SegmentationOptions) {
        options.resolution = resolution?.choice
        options.outputGrid = grid
    }
}

struct ResolutionArgument: ExpressibleByArgument {
    let choice: ResolutionChoice

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
