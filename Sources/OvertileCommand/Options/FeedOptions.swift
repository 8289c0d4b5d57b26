public import ArgumentParser
public import Overtile

/// What is made of the network's own memory of what it was fed in its training.
struct FeedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Who chooses --scale, --offset, --mean and --std: these options and the model (said), or, where a usual scaling \
            fits the memory of the network's batch norms clearly better, that one (auto).
            """, valueName: "said|auto"))
    var scaling = ScalingChoice.asSaid

    @Flag(
        name: .customLong("no-feed-check"),
        help: """
            Do not compare what the network is given with what its batch norms remember of its training. The outputs are \
            the same.
            """)
    var noFeedCheck = false

    func apply(to options: inout SegmentationOptions) {
        options.scaling = scaling
        options.checksFeed = !noFeedCheck
    }
}

extension ScalingChoice: ExpressibleByArgument {}
