import ArgumentParser
import Overtile

/// How the scene is cut, and with what means it is run.
struct PlanOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pixels of a tile on a side, its overlap included; chosen from network and scene by default.",
            valueName: "N"))
    var tile: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pixels by which a tile overlaps on each side; what the network needs by default.", valueName: "M"))
    var margin: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tiles computed at the same time; one for each core by default.", valueName: "N"))
    var workers: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most memory to use, as 800M or 4G; half of the machine's by default.", valueName: "size"))
    var memory: MemorySize?

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
    }
}

struct MemorySize: ExpressibleByArgument {
    var bytes: Int

    init?(argument: String) {
        guard let bytes = ByteCount.parse(argument) else { return nil }
        self.bytes = bytes
    }
}
