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
            removes the parts. Scene and model have to be there; nothing is computed anew.

            A part that is missing, damaged or of another run is named, with the command that makes it.

            Examples:
              overtile merge mask.tif
              overtile merge mask.tif --wait
            """)

    @Argument(help: ArgumentHelp("The mask that the parts were asked for with --output.", valueName: "output"))
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

    /// Seconds between two looks at parts that still run.
    private static let pause = 2.0

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        let mask = CanonicalPath.named(output)
        if try PartSet.settle(mask) { return }
        var parts = try PartSet(of: mask)
        while wait, try parts.isAtWork() {
            if cancellation.isCancelled { throw CancellationError() }
            Thread.sleep(forTimeInterval: Self.pause)
            parts = try PartSet(of: mask)
        }
        try parts.requireComplete()
        // Paths in the command begin where it was given.
        guard FileManager.default.changeCurrentDirectoryPath(parts.request.folder) else {
            throw PartError(
                .missing,
                "\(output): its parts were made in \(parts.request.folder), where their paths begin, and there is no such folder here"
            )
        }
        try command(of: parts, mask).run(.merge(parts, mixesKernels: mixedKernels))
    }

    /// The command that the parts were made by, with messages and log of this one.
    private func command(of parts: PartSet, _ mask: String) throws -> SegmentCommand {
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
        // Nothing is computed.
        command.plan.workers = 1
        return command
    }
}
