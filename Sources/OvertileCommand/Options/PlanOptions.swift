import ArgumentParser
import Overtile

/// How the scene is cut, and with what means it is run.
struct PlanOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Input pixels of a tile on a side; chosen from network and scene by default.", valueName: "N"))
    var tile: Int?

    @Option(help: ArgumentHelp("Input pixels around the kept ones; what the network needs by default.", valueName: "M"))
    var margin: Int?

    @Option(help: ArgumentHelp("Tiles computed at the same time; one for each core by default.", valueName: "N"))
    var workers: Int?

    @Option(
        help: ArgumentHelp("Most memory to use, as 800M or 4G; half of the machine's by default.", valueName: "size"))
    var memory: MemorySize?

    mutating func validate() throws {
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers takes a number from 1 to 1024.")
        }
        if let tile, tile < 1 { throw ValidationError("--tile takes a number of pixels.") }
        if let margin, margin < 0 { throw ValidationError("--margin takes a number of pixels.") }
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
