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
              expectedSeconds  how long segment takes, from a trial of tiles on this machine; expectedRange has the
                               low and the high that are expected where nothing else runs, and tiles
                               with data are spread as in the middle of the scene
              productSeconds   what polygons, statistics and a report add
              trialSeconds     how long the trial took
              parts            with --parts, for each part its number, firstRow and rows of tiles, tiles, share of the
                               whole cost, and expectedSeconds on this machine
              merge            with --parts, the bytes that the merge reads, its memoryBytes, and expectedSeconds
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

    @Option(
        help: ArgumentHelp(
            "Also show what each of so many parts would take, as overtile segment makes them with --part, and the merge.",
            valueName: "n"))
    var parts: Int?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let parts, !(1...ScenePart.mostParts).contains(parts) {
            throw ValidationError("--parts \(parts) is out of range: give 1 to \(Text.grouped(ScenePart.mostParts))")
        }
    }

    func run() throws {
        let started = ContinuousClock.now
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
        let expected = try job.expectedTime(
            start: (ContinuousClock.now - started) / .seconds(1), warn: messages.warn)
        report.expect(expected)
        if let parts {
            report.parts = PartPlan.list(of: job, count: parts, expected)
            report.merge = MergePlan(of: job)
        }
        try Console.print(json ? try JSONText.encode(report) : report.table(fitting: Console.resultWidth), isJSON: json)
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
    private(set) var expectedSeconds: Double?
    private(set) var expectedRange: Range?
    private(set) var productSeconds: Double?
    private(set) var trialSeconds: Double?
    /// The parts and the merge, where somebody asked for a divided run.
    var parts: [PartPlan]?
    var merge: MergePlan?
    let feed: FeedSummary?
    private let sampling: String?

    /// The least and the most seconds that are expected.
    struct Range: Encodable {
        let low: Double
        let high: Double
    }

    private enum CodingKeys: CodingKey {
        case scene, width, height, resolution, gridWidth, gridHeight, tile, margin, step, columns, rows, tiles,
            runsPerTile, overlapCost
        case workers, memoryBytes, memoryLimit, flop, seamless, reason, expectedSeconds, expectedRange,
            productSeconds, trialSeconds, parts, merge, feed
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

    /// Takes up what a trial says.
    mutating func expect(_ time: ExpectedTime) {
        expectedSeconds = time.seconds
        expectedRange = Range(low: time.range.lowerBound, high: time.range.upperBound)
        (productSeconds, trialSeconds) = (time.productSeconds, time.trialSeconds)
    }

    /// - Parameter room: the columns of the terminal that it is printed to; nil for other places.
    func table(fitting room: Int?) -> String {
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
        if let expectedRange, let productSeconds, let trialSeconds {
            func text(_ seconds: Double) -> String { Text.time(.seconds(seconds)) }
            rows.append(
                (
                    "Expected time",
                    "\(text(expectedRange.low)) to \(text(expectedRange.high)), from a trial of \(text(trialSeconds)) on this "
                        + "machine; polygons, statistics and a report add up to \(text(productSeconds))"
                ))
        }
        guard let parts, let merge else { return Text.table(rows, fitting: room) }
        return Text.table(rows + [("Merge", merge.text)], fitting: room) + "\n"
            + PartPlan.table(parts, of: expectedSeconds, fitting: room)
    }
}

/// What a part of a divided run would take.
struct PartPlan: Encodable {
    let part: Int
    /// The number of its first row of tiles, from 0 on.
    let firstRow: Int
    let rows: Int
    let tiles: Int
    /// Its share of the whole cost.
    let share: Double
    /// The time on this machine.
    let expectedSeconds: Double

    /// Returns all parts of a scene.
    ///
    /// - Parameter expected: the expected time of all of it. Each part begins as a whole run does, and publishes nothing.
    static func list(of job: SegmentationJob, count: Int, _ expected: ExpectedTime) -> [PartPlan] {
        let grid = job.plan.grid
        let whole = grid.inputPixels(ofRows: 0..<grid.rows)
        return (1...count).compactMap { ScenePart($0, of: count) }.map { part in
            let rows = grid.tileRows(of: part)
            let share = grid.inputPixels(ofRows: rows) / whole
            return PartPlan(
                part: part.number, firstRow: rows.lowerBound, rows: rows.count, tiles: rows.count * grid.columns,
                share: share, expectedSeconds: expected.start + expected.computing * share)
        }
    }

    /// A row for each part, and what the slowest takes.
    static func table(_ parts: [PartPlan], of seconds: Double?, fitting width: Int?) -> String {
        let rows = parts.map { part in
            [
                "\(part.part)/\(parts.count)", Text.grouped(part.tiles),
                Text.number(100 * part.share, digits: 2) + " %",
                part.rows == 0 ? "" : Text.time(.seconds(part.expectedSeconds)),
            ]
        }
        let table = Text.columns(
            ["PART", "TILES", "COST", "TIME"], rows, numbers: [1, 2, 3], fitting: width)
        let slowest = parts.map(\.expectedSeconds).max() ?? 0
        let idle = parts.count { $0.rows == 0 }
        return table
            + "\nAll parts at once take \(Text.time(.seconds(slowest))) on machines like this one, before the merge."
            + (idle > 0
                ? " There are fewer rows of tiles than parts, so that \(Text.counted(idle, "part")) would have nothing to do."
                : "")
    }
}

/// What the merge of a divided run would take.
struct MergePlan: Encodable {
    /// The bytes of the parts' samples, which the merge reads.
    let bytes: Int
    let memoryBytes: Int
    let expectedSeconds: Double

    /// Bytes of a mask that a merge checks, compresses and writes in a second: 64 million were measured on a scene of
    /// 20,000 x 20,000 pixels, with polygons and overviews.
    private static let bytesPerSecond = 60e6

    init(of job: SegmentationJob) {
        let pixels = job.plan.outputWindow.size.area
        bytes = job.maskBytesPerPixel * pixels
        memoryBytes = MemoryBudget.processBytes + MemoryBudget.unlimited.rasterCacheBytes
        expectedSeconds = Double(bytes) / Self.bytesPerSecond
    }

    var text: String {
        "\(Text.time(.seconds(expectedSeconds))) for \(ByteCount.text(bytes)) of samples, in \(ByteCount.text(memoryBytes)) of memory"
    }
}
