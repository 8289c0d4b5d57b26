import ArgumentParser
import Foundation
import Overtile

struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Segment one scene into a file, or several into a folder.",
        discussion: """
            The mask is a GeoTIFF on the scene's grid (see --grid): the number of a class for each pixel, 255 where the scene has no \
            data (65535 for models of 255 classes and more). In a folder, it has the scene's name with .tif. \
            The names of the classes are in the file, and beside it, with .aux.xml, where GIS programs look for them.

            Examples:
              overtile segment scene.tif --model unet.pth --output mask.tif
              overtile segment scene.tif -m unet.pth -o mask.tif --bands 4,3,2 --std 1000
              overtile segment scene.tif -m unet.pth -o mask.tif --classes land,water
              overtile segment scene.tif -m unet.pth -o mask.tif --resolution 10
              overtile segment *.tif --model unet.pth --output masks/
            """)

    @Argument(help: "Rasters of any format that GDAL opens, /vsi paths included.")
    var scenes: [String]

    @OptionGroup(title: "Files") var files: FileOptions
    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Resolution") var resolution: ResolutionOptions
    @OptionGroup(title: "Output") var outputOptions: OutputOptions
    @OptionGroup(title: "Beside the outputs") var companions: CompanionOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        let outputs = try OutputPaths.resolve(
            scenes: scenes, model: files.model, mask: files.output, probabilities: files.probabilities,
            confidence: files.confidence)
        let model = try choices.load(files.model, warn: messages.warn)
        if outputs.count == 1 { return try segment(outputs[0], model, cancellation) }
        var failed = 0
        for paths in outputs {
            do {
                try segment(paths, model, cancellation)
            } catch let error where !(error is CancellationError) {
                Console.report(error)
                failed += 1
            }
        }
        if failed > 0 { throw SomeScenesFailed(failed: failed, total: outputs.count) }
    }

    private func segment(_ paths: OutputPaths, _ model: Model, _ cancellation: Cancellation) throws {
        messages.showRasterWarnings(about: paths.scene)
        var options = SegmentationOptions()
        input.apply(to: &options)
        resolution.apply(to: &options)
        outputOptions.apply(to: &options)
        plan.apply(to: &options)
        options.overwrites = files.overwrite
        let scene = try options.open(scene: paths.scene, for: model)
        try paths.check(against: scene)
        paths.warnings.forEach(messages.warn)
        try SegmentationJob.check(
            mask: paths.mask, probabilities: paths.probabilities, confidence: paths.confidence,
            overwrite: files.overwrite)
        try companions.check(beside: paths, model: files.model, overwrite: files.overwrite)
        let job = try SegmentationJob(
            scene: scene, model: model, options: options, writesProbabilities: paths.probabilities != nil,
            writesConfidence: paths.confidence != nil)
        job.warnings.forEach(messages.warn)
        if messages.verbose { Console.note(PlanReport(job).table) }
        if messages.verbose { job.kernelListing.forEach(Console.note) }
        let bar = messages.progressBar(URL(fileURLWithPath: paths.scene).lastPathComponent, pixels: scene.size.area)
        let summary = try withExtendedLifetime(bar) {
            defer { bar?.finish() }
            return try job.run(
                mask: paths.mask, probabilities: paths.probabilities, confidence: paths.confidence,
                cancellation: cancellation,
                progress: { bar?.update(done: $0, of: $1) }, warn: messages.warn)
        }
        try companions.write(
            beside: paths, scene: scene, overwrite: files.overwrite, warn: messages.warn)
        if messages.verbose || (Console.isTerminal && !messages.quiet) { Console.note(line(paths, summary)) }
        if messages.verbose { Console.note(stages(summary)) }
    }

    private func line(_ paths: OutputPaths, _ summary: SegmentationSummary) -> String {
        let skipped = summary.tiles - summary.tilesComputed
        return "\(paths.mask): \(summary.scene.width) x \(summary.scene.height) pixels in "
            + "\(Text.time(.seconds(summary.seconds))), \(Text.number(summary.megapixelsPerSecond, digits: 3)) Mpx/s"
            + (summary.tilesResumed > 0
                ? ", \(summary.tilesResumed) of \(summary.tiles) tiles from an earlier run" : "")
            + (skipped > 0 ? ", \(skipped) of \(summary.tiles) tiles without data" : "")
    }

    private func stages(_ summary: SegmentationSummary) -> String {
        func seconds(_ value: Double) -> String { Text.number(value, digits: 1) + " s" }
        return "reading \(seconds(summary.stages.reading)) on \(Text.counted(summary.readers, "thread")), computing "
            + "\(seconds(summary.stages.computing)) on \(Text.counted(summary.workers, "worker")), writing "
            + "\(seconds(summary.stages.writing)), of \(seconds(summary.seconds)) in all: the limit was \(summary.limit)"
    }
}
