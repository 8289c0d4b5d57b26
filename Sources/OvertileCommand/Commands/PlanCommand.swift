import ArgumentParser
import Overtile

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show how a scene would be cut: tiles, overlap, memory, expected time. Segments nothing.",
        discussion: """
            The keys of --json:
              scene            the scene, and its size in pixels: width, height
              resolution       metres of the pixels that the model is given, gridWidth x gridHeight of
                               them; none where these are the scene's own
              tile             pixels of a tile, on a side; of these margin on each side overlap the neighbours
              step             pixels of a tile that are kept, on a side; the last column and row are cut
              tiles            how many there are, in so many columns and rows
              runsPerTile      how often the network runs on each tile: more than once with --tta
              overlapCost      work that overlap and ragged edges add: 0.25 is a quarter more
              workers          tiles computed at the same time
              memoryBytes      memory that the run needs at most; memoryLimit is what it may use
              flop             multiplications and additions of all tiles
              seamless         whether tiles fit together without seams; if not, reason says why
              expectedSeconds  how long computing takes, from a trial of tiles on this machine
              trialSeconds     how long the trial took
              feed             what the model is given: source says who scales pixels so; for each band
                               its low and high in the scene, and givenLow and givenHigh for the model;
                               memory tells how this fits the model's memory of its training
            """)

    @Argument(help: "A raster that GDAL opens.", completion: .files)
    var scene: String

    @OptionGroup var networks: ModelPaths

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Area") var area: AreaOptions
    @OptionGroup(title: "Input") var feed: FeedOptions
    @OptionGroup(title: "Resolution") var resolution: ResolutionOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        messages.showRasterWarnings(about: scene)
        var options = SegmentationOptions()
        input.apply(to: &options)
        area.apply(to: &options)
        feed.apply(to: &options)
        resolution.apply(to: &options)
        plan.apply(to: &options)
        // What the outputs mean changes nothing of the plan.
        options.activation = .logits
        options.task = .segmentation
        let model = try choices.load(networks.models, for: options, on: [scene], warn: messages.warn)
        let scene = try options.open(scene: scene, for: model)
        let job = try SegmentationJob(scene: scene, model: model, options: options)
        job.warnings.forEach(messages.warn)
        var report = PlanReport(job)
        let expected = try job.expectedTime()
        report.expectedSeconds = expected.seconds
        report.trialSeconds = expected.trialSeconds
        try Console.print(json ? try JSONText.encode(report) : report.table, isJSON: json)
    }
}

/// The figures that `plan` prints.
struct PlanReport: Encodable {
    let scene: String
    let width: Int
    let height: Int
    let resolution: Double?
    let gridWidth: Int?
    let gridHeight: Int?
    let tile: Int
    let margin: Int
    let step: Int
    let columns: Int
    let rows: Int
    let tiles: Int
    /// More than one for an augmentation.
    let runsPerTile: Int
    /// Share of the work that overlap and ragged edges add.
    let overlapCost: Double
    let workers: Int
    let memoryBytes: Int
    let memoryLimit: Int
    let flop: Double
    let seamless: Bool
    let reason: String?
    /// From a trial of the network on this machine.
    var expectedSeconds: Double?
    var trialSeconds: Double?
    let feed: FeedSummary?
    private let sampling: String?

    private enum CodingKeys: CodingKey {
        case scene, width, height, resolution, gridWidth, gridHeight, tile, margin, step, columns, rows, tiles,
            runsPerTile, overlapCost
        case workers, memoryBytes, memoryLimit, flop, seamless, reason, expectedSeconds, trialSeconds, feed
    }

    init(_ job: SegmentationJob) {
        let (plan, model, scene) = (job.plan, job.model, job.scene)
        feed = job.feed.map(FeedSummary.init)
        self.scene = scene.path
        width = scene.size.width
        height = scene.size.height
        resolution = plan.resampling.wanted?.value
        gridWidth = resolution.map { _ in plan.grid.scene.width }
        gridHeight = resolution.map { _ in plan.grid.scene.height }
        sampling = plan.resampling.wanted.flatMap { wanted in
            plan.resampling.ground.map {
                "\(wanted.value) m (\(wanted.source)) of pixels of \(Resampling.text($0)): "
                    + "\(plan.grid.scene.width) x \(plan.grid.scene.height) pixels"
            }
        }
        tile = plan.grid.tile
        margin = plan.grid.margin
        step = plan.grid.step
        columns = plan.grid.columns
        rows = plan.grid.rows
        tiles = plan.grid.count
        runsPerTile = plan.tiling.runsPerTile
        overlapCost = plan.tiling.overlapCost(model.network)
        workers = plan.tiling.workers
        memoryBytes = plan.tiling.memoryBytes
        memoryLimit = plan.tiling.memoryLimit
        flop = plan.tiling.operations
        reason = model.network.seam
        seamless = reason == nil
    }

    var table: String {
        var rows = [
            ("Scene", "\(scene): \(width) x \(height) pixels")
        ]
        if let sampling { rows.append(("Resolution", sampling)) }
        rows += [
            ("Tile", "\(tile) x \(tile) pixels, of which \(step) x \(step) are kept behind a margin of \(margin)"),
            ("Grid", "\(columns) x \(self.rows) tiles, \(Text.grouped(tiles)) in all"),
        ]
        if runsPerTile > 1 { rows.append(("Runs", "\(runsPerTile) of the network on each tile, for --tta")) }
        rows += [
            ("Overlap", "\(Text.number(100 * overlapCost)) % more work than the scene in one piece"),
            ("Work", Text.operations(flop)),
            ("Workers", "\(workers)"),
            ("Seamless", reason.map { "no: \($0)" } ?? "yes"),
            ("Memory", "\(ByteCount.text(memoryBytes)) of \(ByteCount.text(memoryLimit)) allowed"),
        ]
        if let feed { rows += feed.rows }
        if let expectedSeconds, let trialSeconds {
            let (expected, trial) = (Text.time(.seconds(expectedSeconds)), Text.time(.seconds(trialSeconds)))
            rows.append(("Expected time", "\(expected), from a trial of \(trial) on this machine"))
        }
        return Text.table(rows)
    }
}
