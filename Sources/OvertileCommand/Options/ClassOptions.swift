public import ArgumentParser
public import Overtile

/// What the model's outputs mean.
struct ClassOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Names of the classes, from class 0 on, in the model's order; GIS programs show them.",
            valueName: "water,land"))
    var classes: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            With one output: a pixel whose probability is above this is class 1, else class 0; 0.5 by default. With \
            more: a pixel none of whose probabilities reaches it is class 0.
            """, valueName: "0…1"))
    var threshold: Float?

    @Option(
        help: ArgumentHelp(
            "What the model's outputs are; logits by default, of which a sigmoid or a softmax makes probabilities.",
            valueName: "logits|probabilities"))
    var activation: ModelDescription.Activation?

    func apply(to options: inout SegmentationOptions) {
        options.classNames =
            classes?.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed } ?? []
        options.threshold = threshold
        options.activation = activation
    }
}

extension ModelDescription.Activation: ExpressibleByArgument {}
extension OutputPixelGrid: ExpressibleByArgument {}
