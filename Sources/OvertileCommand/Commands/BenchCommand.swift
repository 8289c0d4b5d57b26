import ArgumentParser
import Overtile

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the speed and the memory of a model on this machine, without a scene.",
        discussion: """
            Runs tiles of zeros through the network. No scene is read, and nothing is written.

            Operations are counted as if every convolution were computed directly, so that the figures of different \
            programs can be compared. The peak is what the processor's widest fused multiply-add reaches on registers \
            alone, with as many threads as there are workers. Winograd's convolution needs as little as a quarter of \
            the direct multiplications, so a share of more than the whole peak is possible.

            The keys of --json:
              tile                 side of a tile's input, in pixels
              step                 side of the part of a tile that is kept, in pixels
              workers              number of tiles computed at the same time
              tiles                number of tiles that were run
              seconds              time that they took
              megapixelsPerSecond  kept pixels in millions per second
              gigaflops            multiplications and additions in billions per second
              peakGigaflops        what the workers' threads reach at best, on registers
              shareOfPeak          gigaflops / peakGigaflops
              flopPerTile          multiplications and additions of a tile
              memoryBytes          memory of all workers and the weights
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
            valueName: "file"), completion: .models)
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
        try Console.print(json ? JSONText.encode(report) : report.table, isJSON: json)
    }
}

/// The figures that `bench` prints.
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
        Text.table(
            [
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
            ], fitting: Console.resultWidth)
    }
}
