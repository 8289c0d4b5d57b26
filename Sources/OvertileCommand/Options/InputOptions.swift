public import ArgumentParser
public import Overtile

/// The bands that the model sees, and how their values are scaled.
///
/// Values may be negative, and `.unconditional` keeps the parser from taking them for options.
struct InputOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The bands of the scene that the model takes, in its order: numbers from 1 on, or names, as \
            B04,B03,B02. By default, those that the model itself names, or else all but alpha.
            """, valueName: "4,3,2"))
    var bands: BandList?

    @Option(
        help: ArgumentHelp(
            """
            The pixels that the bands are laid on where a scene is made of several files: those of the first file, the \
            smallest, the largest, or squares of so many units of the coordinate system. Larger pixels are interpolated, \
            and smaller ones are averaged.
            """, valueName: "first|finest|coarsest|size"))
    var stackResolution = StackResolution.first

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            """
            Give the model what pixels mean by the scale and the offset that the scene's bands carry. These come before \
            --scale and its like. By default they are not applied, and a warning names them.
            """))
    var applyScale: Bool?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The model sees (pixel * scale + offset - mean) / std. What is not given here comes from the model itself. \
            If nobody gives any of the four, 8-bit pixels are divided by 255 and other pixels are taken as they are.
            """, valueName: "factor"), transform: { try factor($0) })
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
        options.bands = bands?.selectors
        options.stackResolution = stackResolution
        options.appliesStoredScale = applyScale
        options.scale = scale
        options.offset = offset
        options.mean = mean?.values
        options.std = std?.values
        options.nodata = nodata
    }
}

/// Reads a factor: a number, or a fraction such as 1/10000.
///
/// - Throws: `ValidationError` that says what is missing.
private func factor(_ argument: String) throws -> Float {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Float(String($0).trimmed) }
    switch parts.count {
    case 1: if let value = parts[0] { return value }
    case 2: if let value = parts[0], let divisor = parts[1], divisor != 0 { return value / divisor }
    default: break
    }
    throw ValidationError("--scale \(argument) is no number: give one such as 0.0001, or a fraction such as 1/10000")
}

extension StackResolution: ExpressibleByArgument {
    /// Reads the name of a choice, or the size of a pixel.
    public init?(argument: String) {
        switch argument.lowercased() {
        case "first": self = .first
        case "finest": self = .finest
        case "coarsest": self = .coarsest
        default:
            guard let size = Double(argument), size > 0, size.isFinite else { return nil }
            self = .size(size)
        }
    }

    /// The choice as it is typed.
    public var defaultValueDescription: String {
        switch self {
        case .first: "first"
        case .finest: "finest"
        case .coarsest: "coarsest"
        case .size(let size): "\(size)"
        }
    }
}

/// A list of bands, separated by commas: numbers from 1 on, or names.
struct BandList: ExpressibleByArgument {
    var selectors: [ModelDescription.BandSelector]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        selectors = parts.map { part in Int(part).map { .number($0) } ?? .name([part]) }
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
