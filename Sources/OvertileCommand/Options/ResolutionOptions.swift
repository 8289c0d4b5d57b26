import ArgumentParser
import Overtile

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
    var grid = OutputPixelGrid.scene

    func apply(to options: inout SegmentationOptions) {
        options.resolution = resolution?.choice
        options.outputPixelGrid = grid
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
