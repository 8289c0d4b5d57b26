import ArgumentParser

/// How progress is shown.
struct ProgressOptions: ParsableArguments {
    /// For whom progress is meant.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case auto, lines, none
    }

    @Option(
        help: ArgumentHelp(
            """
            How progress is shown on standard error: as a bar where that is a terminal; as lines for a program, such as \
            "progress 37", a percentage, with --quiet too; or not at all.
            """, valueName: "auto|lines|none"))
    var progress = Kind.auto

    /// - Returns: nil where nothing is to be shown.
    func display(_ label: String, pixels: Int, _ messages: MessageOptions) -> (any ProgressDisplay)? {
        switch progress {
        case .auto: messages.progressBar(label, pixels: pixels)
        case .lines: ProgressLines()
        case .none: nil
        }
    }
}
