import ArgumentParser
import Foundation
import Overtile

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put the parts of a divided run together, and make all that they were asked for.",
        discussion: """
            The parts were made by overtile segment with --part, each in a folder part-K-of-N of the hidden folder beside \
            the mask. The merge looks at each: whether it is there and complete, of the same scene, model, plan, settings, \
            version and kernels, and whether every row of tiles is as it was written. Then it makes the mask, and all else that \
            the parts were asked for (probabilities, polygons, statistics, report, ...), with the bytes of an undivided run, and \
            removes the parts. Scene and model have to be there; nothing is computed anew, but for --verify.

            A part that is missing, damaged or of another run is named, with the command that makes it.

            Examples:
              overtile merge mask.tif
              overtile merge mask.tif --wait
            """)

    @Argument(
        help: ArgumentHelp("The mask that the parts were asked for with --output.", valueName: "output"),
        completion: .masks)
    var output: String

    @Flag(help: "Wait for parts that still run.")
    var wait = false

    @Flag(
        help: """
            Take parts that were made by different kernels, as on different processors: the last digits of their probabilities may \
            differ.
            """)
    var mixedKernels = false

    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Messages") var progress: ProgressOptions
    @OptionGroup(title: "Log") var logOptions: LogOptions

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        let mask = CanonicalPath.named(output)
        while wait, try PartSet.isAtWork(mask) {
            if cancellation.isCancelled { throw CancellationError() }
            Thread.sleep(forTimeInterval: PartOptions.pause)
        }
        guard let merge = try PartMerge(of: mask) else { return }
        let parts = merge.parts
        var logOptions = logOptions
        logOptions.logFile = logOptions.logFile.map { URL(fileURLWithPath: $0).path }
        // Paths in the command begin where it was given.
        guard FileManager.default.changeCurrentDirectoryPath(parts.request.folder) else {
            throw PartError(
                .missing,
                "\(output): its parts were made in \(parts.request.folder), where their paths begin, and there is no such folder here"
            )
        }
        try command(of: parts, logOptions).run(.merge(merge, mixesKernels: mixedKernels))
    }

    /// The command that the parts were made by, with messages and log of this one.
    private func command(of parts: PartSet, _ logOptions: LogOptions) throws -> SegmentCommand {
        var command: SegmentCommand
        do {
            command = try SegmentCommand.parse(parts.request.arguments)
        } catch {
            throw PartError(
                .bad, "\(output): the command that its parts were made by is none of this version: make them anew")
        }
        command.messages = messages
        command.progress = progress
        command.logOptions = logOptions
        // Nothing is computed but for --verify, so that the plan of tiles may be that of machines with more memory.
        if command.verify == nil {
            (command.plan.workers, command.plan.memory) = (1, MemorySize(bytes: MemoryBudget.unlimited.total))
        }
        return command
    }
}
