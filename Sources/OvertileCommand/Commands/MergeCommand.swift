import ArgumentParser
import Foundation
import Overtile

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put the parts of a divided run together, and make all that they were asked for.",
        discussion: """
            The parts of a scene were made by overtile segment with --part, each in a folder part-K-of-N of the hidden folder \
            beside the mask. The merge looks at each: whether it is there and complete, of the same scene, model, plan, settings, \
            version and kernels, and whether every row of tiles is as it was written. Then it makes the mask, and all else that \
            the parts were asked for (probabilities, polygons, statistics, report, ...), with the bytes of an undivided run, and \
            removes the parts. Scene and model have to be there; nothing is computed anew, but for --verify.

            The parts of a batch were made by overtile batch with --part. Scenes that one part had are done already; the merge \
            puts those together that were cut, enters all scenes into the folder's ledger, and makes the reports. \
            Scenes that failed are in the table at the end, and the next batch runs them again.

            A part that is missing, damaged or of another run is named, with the command that makes it. --discard gives the \
            parts up instead: what they have computed is removed. Scenes that the parts of a batch have done stay done, and the \
            ledger remembers them.

            Examples:
              overtile merge mask.tif
              overtile merge mask.tif --wait
              overtile merge masks/
              overtile merge masks/ --discard
            """)

    @Argument(
        help: ArgumentHelp(
            "The mask that the parts were asked for with --output; for a batch, the folder.", valueName: "output"),
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

    @Option(
        help: ArgumentHelp(
            "The folder in object storage that the parts were given with --work, if they were.", valueName: "folder"))
    var work: String?

    @OptionGroup var place: ScratchOption

    @Flag(help: "Give the parts up, and make nothing of them.")
    var discard = false

    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Messages") var progress: ProgressOptions
    @OptionGroup(title: "Log") var logOptions: LogOptions

    func validate() throws {
        guard !discard || !mixedKernels else { throw ValidationError("--discard does not go with --mixed-kernels.") }
    }

    func run() throws {
        if RemoteFile.isRemote(output) { return try mergeStored() }
        if FileStatus(path: output)?.kind == .folder { return try discard ? discardBatch() : mergeBatch() }
        let cancellation = Signals.cancellationOnSignal()
        let mask = CanonicalPath.named(output)
        while wait, try PartSet.isAtWork(mask) {
            if cancellation.isCancelled { throw CancellationError() }
            Thread.sleep(forTimeInterval: PartOptions.pause)
        }
        guard !discard else {
            guard PartSet.exists(for: mask) else { throw PartSet.none(of: output) }
            try requireOneScene(try? PartSet(of: mask).request)
            try PartSet.remove(of: mask)
            return tell("\(output): its parts were given up")
        }
        guard let merge = try PartMerge(of: mask) else { return }
        let parts = merge.parts
        try requireOneScene(parts.request)
        let logOptions = try enter(parts.request)
        try command(parts.request, logOptions).run(.merge(merge, mixesKernels: mixedKernels))
    }

    /// Puts the parts of an output in object storage together.
    private func mergeStored() throws {
        guard !wait else {
            throw UsageError("--wait does not go with parts in object storage, which do not tell whether they run")
        }
        let parts = RemoteParts(of: output, work: work)
        if discard {
            guard try parts.remove() else { throw parts.none }
            return tell("\(output): its parts were given up")
        }
        let request = try parts.request(scratch: NSTemporaryDirectory())
        // Machines that share nothing else may well have no such folder, and no paths that begin there.
        let (scratch, folder) = (place.scratch.map { URL(fileURLWithPath: $0).path }, request.folder)
        let logOptions = FileStatus(path: folder)?.kind == .folder ? try enter(request) : logOptions
        var command = try command(request, logOptions)
        command.files.scratch = scratch
        try command.run(.whole, merging: parts, mixesKernels: mixedKernels)
    }

    /// Refuses the pieces of a scene that a batch has cut.
    private func requireOneScene(_ request: PartRequest?) throws {
        guard request?.batch != nil else { return }
        throw PartError(
            .bad,
            "\(output): its parts are pieces that a batch has cut it into: name the folder of the batch, "
                + FileName.folder(of: CanonicalPath.named(output)))
    }

    /// Puts the parts of a batch together.
    private func mergeBatch() throws {
        let cancellation = Signals.cancellationOnSignal()
        let folder = CanonicalPath.named(output)
        try waitForParts(of: folder, cancellation)
        let merge = try BatchMerge(of: folder, mixesKernels: mixedKernels)
        let logOptions = try enter(merge.request)
        var command: BatchCommand = try parsed(merge.request)
        command.messages = messages
        command.progress = progress
        command.logOptions = logOptions
        (command.plan.workers, command.plan.memory) = Self.unlimited
        try command.finish(merge, in: folder, cancellation)
    }

    /// Gives the parts of a batch up.
    private func discardBatch() throws {
        let folder = CanonicalPath.named(output)
        try waitForParts(of: folder, Signals.cancellationOnSignal())
        let parts = try BatchDiscard(of: folder)
        let lock = try BatchCommand.lock(folder)
        defer { withExtendedLifetime(lock) {} }
        var masks: [String] = []
        if !parts.cutScenes.isEmpty, let request = parts.request {
            _ = try enter(request)
            let command: BatchCommand = try parsed(request)
            let layout = try command.files.layout(command.products)
            masks = parts.cutScenes.map { CanonicalPath.named(layout.outputs(for: $0, date: Date()).mask) }
        }
        let done = try parts.run(try Ledger(folder: folder, access: .writing), masks: masks)
        tell(
            "\(output): its parts were given up; \(Text.counted(done, "scene")) of theirs \(done == 1 ? "is" : "are") done"
        )
    }

    private func waitForParts(of folder: String, _ cancellation: Cancellation) throws {
        while wait, try PartsFolder(of: folder).isAtWork() {
            if cancellation.isCancelled { throw CancellationError() }
            Thread.sleep(forTimeInterval: PartOptions.pause)
        }
    }

    private func tell(_ line: String) { if !messages.quiet { Console.note(line) } }

    /// Goes to the folder that a command was given in, where its paths begin.
    ///
    /// - Returns: the log of this command, which is named from here.
    /// - Throws: `PartError` where there is no such folder.
    private func enter(_ request: PartRequest) throws -> LogOptions {
        var logOptions = logOptions
        logOptions.logFile = logOptions.logFile.map { URL(fileURLWithPath: $0).path }
        guard FileManager.default.changeCurrentDirectoryPath(request.folder) else {
            throw PartError(
                .missing,
                "\(output): its parts were made in \(request.folder), where their paths begin, and there is no such folder here"
            )
        }
        return logOptions
    }

    /// Reads the arguments that parts were made with.
    ///
    /// - Throws: `PartError` (`.bad`) where they are none of this version's.
    private func parsed<Command: ParsableCommand>(_ request: PartRequest) throws -> Command {
        do {
            return try Command.parse(request.arguments)
        } catch {
            throw PartError(
                .bad, "\(output): the command that its parts were made by is none of this version: make them anew")
        }
    }

    /// For what computes nothing, so that the plan of tiles may be that of machines with more memory.
    private static var unlimited: (Int, MemorySize) { (1, MemorySize(bytes: MemoryBudget.unlimited.total)) }

    /// The command that the parts were made by, with messages and log of this one.
    private func command(_ request: PartRequest, _ logOptions: LogOptions) throws -> SegmentCommand {
        var command: SegmentCommand = try parsed(request)
        command.messages = messages
        command.progress = progress
        command.logOptions = logOptions
        if command.verify == nil { (command.plan.workers, command.plan.memory) = Self.unlimited }
        return command
    }
}
