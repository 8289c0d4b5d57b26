import ArgumentParser
import Foundation
import Overtile

struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Segment one scene into a file, or several into a folder.",
        discussion: """
            The mask is a GeoTIFF on the scene's grid: a class for each pixel, 255 where the scene has no data.

            Examples:
              overtile segment scene.tif --model unet.pth --output mask.tif
              overtile segment scene.tif --model unet.pth --bands 4,3,2 --scale 0.0001 --classes land,water -o mask.tif
              overtile segment *.tif --model unet.pth --output masks/
            """)

    @Argument(help: "Rasters that GDAL opens, /vsi paths included.")
    var scenes: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Weights: a PyTorch checkpoint or safetensors.", valueName: "file"))
    var model: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The mask; a folder for several scenes.", valueName: "path"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "Also write float32 probabilities, a band for each class; a folder for several scenes.", valueName: "path"))
    var probabilities: String?

    @OptionGroup(title: "Input") var input: InputOptions
    @OptionGroup(title: "Output") var outputOptions: OutputOptions
    @OptionGroup(title: "Tiles") var plan: PlanOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        messages.showRasterWarnings()
        let cancellation = Signals.cancellationOnSignal()
        let outputs = try OutputPaths.resolve(scenes: scenes, mask: output, probabilities: probabilities)
        let model = try Model(path: model)
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
        var options = SegmentationOptions()
        input.apply(to: &options)
        outputOptions.apply(to: &options)
        plan.apply(to: &options)
        let scene = try RasterReader(path: paths.scene, nodata: options.nodata)
        let job = try SegmentationJob(
            scene: scene, model: model, options: options, writesProbabilities: paths.probabilities != nil)
        job.warnings.forEach(messages.warn)
        if messages.verbose { Console.note(PlanReport(job.plan, model: model, scene: scene).table) }
        if messages.verbose { job.kernelListing.forEach(Console.note) }
        let bar = messages.progressBar(URL(fileURLWithPath: paths.scene).lastPathComponent, pixels: scene.size.area)
        let summary = try withExtendedLifetime(bar) {
            defer { bar?.finish() }
            return try job.run(
                mask: paths.mask, probabilities: paths.probabilities, cancellation: cancellation,
                progress: { bar?.update(done: $0, of: $1) })
        }
        if messages.verbose || (Console.isTerminal && !messages.quiet) { Console.note(line(paths, summary)) }
        if messages.verbose { Console.note(stages(summary)) }
    }

    private func line(_ paths: OutputPaths, _ summary: SegmentationSummary) -> String {
        let skipped = summary.tiles - summary.tilesComputed
        return "\(paths.mask): \(summary.scene.width) x \(summary.scene.height) pixels in "
            + "\(Text.time(.seconds(summary.seconds))), \(Text.number(summary.megapixelsPerSecond, digits: 3)) Mpx/s"
            + (skipped > 0 ? ", \(skipped) of \(summary.tiles) tiles without data" : "")
    }

    private func stages(_ summary: SegmentationSummary) -> String {
        func seconds(_ value: Double) -> String { Text.number(value, digits: 1) + " s" }
        return "reading \(seconds(summary.stages.reading)), computing \(seconds(summary.stages.computing)) on "
            + "\(summary.workers) workers, writing \(seconds(summary.stages.writing)): the limit was \(summary.limit)"
    }
}

/// Where one scene's outputs go.
struct OutputPaths {
    var scene: String
    var mask: String
    var probabilities: String?

    /// One scene goes to the paths as given, or into them where they are folders; several go into folders, under their
    /// own names.
    static func resolve(scenes: [String], mask: String, probabilities: String?) throws -> [OutputPaths] {
        let outputs = try scenes.map { scene in
            OutputPaths(
                scene: scene, mask: try path(in: mask, for: scene, of: scenes.count),
                probabilities: try probabilities.map { try path(in: $0, for: scene, of: scenes.count) })
        }
        var taken: [String: String] = [:]
        for paths in outputs {
            for output in [paths.mask, paths.probabilities].compactMap({ $0 }) {
                let file = canonical(output)
                if let other = taken.updateValue(paths.scene, forKey: file) {
                    let owners = other == paths.scene ? "mask and probabilities" : "\(other) and \(paths.scene)"
                    throw ValidationError("\(owners) would both be written to \(output).")
                }
                if scenes.contains(where: { canonical($0) == file }) {
                    throw ValidationError("\(output) is a scene and would be overwritten: choose another output.")
                }
            }
        }
        return outputs
    }

    private static func path(in output: String, for scene: String, of count: Int) throws -> String {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        guard exists && isFolder.boolValue else {
            if count == 1 && !output.hasSuffix("/") { return output }
            throw ValidationError(
                "\(output) is no folder: \(count == 1 ? "it" : "the output of several scenes") must be one that exists."
            )
        }
        let stem = URL(fileURLWithPath: scene).deletingPathExtension().lastPathComponent
        return URL(fileURLWithPath: output).appendingPathComponent("\(stem).tif").path
    }

    private static func canonical(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
