public import ArgumentParser
public import Overtile

/// Options for cutting a scene into tiles, and for its workers and memory.
struct PlanOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The side of a tile in pixels, including its overlap. By default, it is chosen for the network and the \
            scene.
            """,
            valueName: "N"))
    var tile: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The overlap of a tile on each side, in pixels. By default, what the network needs.", valueName: "M"))
    var margin: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The number of tiles that are computed at the same time. By default, one for each processor that the process may \
            use.
            """, valueName: "N"))
    var workers: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The most memory to use, such as 800M or 4G. By default, half of the machine's memory, or of what a container or a \
            scheduler allows.
            """, valueName: "size"), transform: { try MemorySize(argument: $0) })
    var memory: MemorySize?

    @Option(
        help: ArgumentHelp(
            """
            Run each tile several times and take the mean of the probabilities: also mirrored (flips, 4 runs), turned by \
            quarters (rotations, 4 runs), or both (all, 8 runs).
            """, valueName: "flips|rotations|all"))
    var tta: SegmentationOptions.Augmentation?

    mutating func validate() throws {
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers \(workers) is out of range: give a number from 1 to 1024")
        }
        if let tile, tile < 1 {
            throw ValidationError("--tile \(tile) is no number of pixels: give one greater than 0, or leave it out")
        }
        if let margin, margin < 0 {
            throw ValidationError(
                "--margin \(margin) is no number of pixels: give one that is not negative, or leave it out")
        }
    }

    func apply(to options: inout SegmentationOptions) {
        options.tile = tile
        options.margin = margin
        options.workers = workers
        options.memory = memory?.bytes
        options.augmentation = tta
    }
}

extension SegmentationOptions.Augmentation: ExpressibleByArgument {}

/// An amount of memory, as it is typed.
struct MemorySize {
    var bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init(argument: String) throws {
        guard let bytes = ByteCount.parse(argument) else {
            throw ValidationError("--memory \(argument) is no size: give a number with its unit, such as 800M or 4G")
        }
        guard bytes >= Self.smallest else {
            let meant =
                argument.allSatisfy(\.isNumber) ? "give its unit, such as \(argument)G" : "give more, such as 1G"
            throw ValidationError("--memory \(argument) is \(bytes) bytes, in which nothing runs: \(meant)")
        }
        self.bytes = bytes
    }

    /// Bytes below which a number must lack its unit.
    private static let smallest = 1 << 20
}
