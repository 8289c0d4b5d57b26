import ArgumentParser
import Overtile

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Show what this machine does with a model: speed and memory, without a scene.",
        discussion: """
            Runs tiles of zeros through the network; nothing is read or written.

            Arithmetic is counted as if every convolution were done the direct way, so that figures of different \
            programs can be compared. Peak is what the processor's widest fused multiply-add does on registers alone, on \
            as many threads as there are workers. Winograd's convolution needs as little as a quarter of the \
            multiplications of the direct way, so that more than the whole peak is possible.

            The keys of --json:
              tile                 input pixels of a tile, on a side
              step                 kept pixels of a tile, on a side
              workers              tiles computed at the same time
              tiles                tiles run
              seconds              in so much time
              megapixelsPerSecond  kept pixels, in millions, a second
              gigaflops            multiplications and additions, in milliards, a second
              peakGigaflops        what the workers' threads do at best, on registers
              shareOfPeak          gigaflops / peakGigaflops
              flopPerTile          multiplications and additions of a tile
              memoryBytes          of all workers and the weights
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
            valueName: "file"))
    var model: String

    @Option(help: ArgumentHelp("How long to run.", valueName: "seconds"))
    var seconds = 3.0

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Tiles") var plan: PlanOptions

    mutating func validate() throws {
        guard seconds > 0 && seconds <= 3600 else { throw ValidationError("--seconds takes a number up to 3600.") }
    }

    func run() throws {
        var options = SegmentationOptions()
        plan.apply(to: &options)
        let report = TrialReport(try ModelTrial(choices.load(model), options: options, seconds: seconds))
        try Console.print(json ? JSONText.encode(report) : report.table)
    }
}

/// What `bench` tells.
struct TrialReport: Encodable {
    let tile: Int
    let step: Int
    let workers: Int
    let tiles: Int
    let seconds: Double
    let megapixelsPerSecond: Double
    let gigaflops: Double
    let peakGigaflops: Double
    let shareOfPeak: Double
    let flopPerTile: Double
    let memoryBytes: Int

    init(_ trial: ModelTrial) {
        tile = trial.tile
        step = trial.step
        workers = trial.workers
        tiles = trial.tilesRun
        seconds = trial.seconds
        megapixelsPerSecond = trial.megapixelsPerSecond
        gigaflops = trial.gigaflops
        peakGigaflops = trial.peakGigaflops
        shareOfPeak = trial.shareOfPeak
        flopPerTile = trial.operationsPerTile
        memoryBytes = trial.memoryBytes
    }

    var table: String {
        Text.table([
            ("Tile", "\(tile) x \(tile) pixels, of which \(step) x \(step) are kept"),
            ("Workers", "\(workers)"),
            ("Run", "\(tiles) tiles in \(Text.number(seconds, digits: 1)) s"),
            ("Speed", "\(Text.number(megapixelsPerSecond, digits: 3)) Mpx/s, overlap paid"),
            ("Arithmetic", "\(Text.number(gigaflops)) GFLOP/s, of convolutions done the direct way"),
            (
                "Share of peak",
                "\(Text.number(100 * shareOfPeak)) % of \(Text.number(peakGigaflops)) GFLOP/s, the threads' best on registers"
            ),
            ("Memory", ByteCount.text(memoryBytes)),
        ])
    }
}
