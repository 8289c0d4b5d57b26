import ArgumentParser
import Foundation
import Overtile

/// The part of a divided run: of a scene, or of a batch.
struct PartOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Make one part of the work: 3/16 is the third of sixteen, each some rows of tiles of the scene, or some scenes of the \
            batch, of which large ones are cut. The same command makes each part, on any machine that shares the output's \
            folder, and overtile merge puts them together. With auto, \
            the scheduler's environment says which part it is (Slurm, Kubernetes, AWS Batch, PBS, Grid Engine, LSF); \
            where it does not tell the number of parts, or that of the first, or only some are run again, set \
            OVERTILE_PARTS and OVERTILE_FIRST_PART.
            """, valueName: "K/N|auto"))
    var part: String?

    @Flag(
        help: """
            With --part: where another process makes the same part, wait for its end; without, the exit code is 75 then.
            """)
    var wait = false

    /// Seconds between two looks at what another process has.
    static let pause = 2.0

    mutating func validate() throws {
        if wait, part == nil { throw ValidationError("--wait waits for another process's part: give --part too") }
        guard let part, part != "auto", ScenePart(argument: part) == nil else { return }
        throw ValidationError(
            "--part \(part) is no part: give the number of a part and how many there are, such as 3/16, or auto")
    }

    /// The part that is meant; nil for the whole scene.
    ///
    /// - Throws: `UsageError` where the environment does not tell.
    func choice() throws -> ScenePart? {
        guard let part else { return nil }
        return try part == "auto"
            ? SchedulerPart.part(in: ProcessInfo.processInfo.environment) : ScenePart(argument: part)
    }

    /// Returns what a body returns. Where `--wait` was given and another process has what it needs, it is tried again when
    /// that has ended.
    ///
    /// - Parameter isHeld: returns true while another process has it.
    /// - Throws: `CancellationError`; what else the body throws.
    func waiting<Result>(
        _ cancellation: Cancellation, while isHeld: () throws -> Bool, _ body: () throws -> Result
    ) throws -> Result {
        while true {
            do {
                return try body()
            } catch let error as FileError where error.code == .locked && wait {
                Console.note("\(error): waiting")
                repeat {
                    if cancellation.isCancelled { throw CancellationError() }
                    Thread.sleep(forTimeInterval: Self.pause)
                } while try isHeld()
            }
        }
    }

    /// The arguments of this process behind `segment` or `batch`, without the part.
    static var argumentsWithoutPart: [String] { without(Array(CommandLine.arguments.dropFirst(2))) }

    /// Leaves the part out of arguments, and the wait for it.
    static func without(_ arguments: [String]) -> [String] {
        var rest: [String] = []
        var isValue = false
        for word in arguments {
            if isValue || word.hasPrefix("--part=") || word == "--wait" {
                isValue = false
            } else if word == "--part" {
                isValue = true
            } else {
                rest.append(word)
            }
        }
        return rest
    }
}

/// The part that a scheduler has given to this process, as its environment tells.
enum SchedulerPart {
    /// The variables of a scheduler's array of jobs.
    private struct Array {
        let index: String
        /// The number of the array's first job: a variable, or where there is none, the scheduler's custom.
        let first: (variable: String?, usual: Int)
        let last: String?
        let count: String?
        let step: String?
    }

    /// The schedulers that are known. Where one tells no number of parts, `OVERTILE_PARTS` does.
    private static let arrays = [
        Array(
            index: "SLURM_ARRAY_TASK_ID", first: ("SLURM_ARRAY_TASK_MIN", 1), last: nil,
            count: "SLURM_ARRAY_TASK_COUNT",
            step: "SLURM_ARRAY_TASK_STEP"),
        Array(
            index: "AWS_BATCH_JOB_ARRAY_INDEX", first: (nil, 0), last: nil, count: "AWS_BATCH_JOB_ARRAY_SIZE", step: nil
        ),
        Array(
            index: "SGE_TASK_ID", first: ("SGE_TASK_FIRST", 1), last: "SGE_TASK_LAST", count: nil,
            step: "SGE_TASK_STEPSIZE"),
        Array(
            index: "LSB_JOBINDEX", first: (nil, 1), last: "LSB_JOBINDEX_END", count: nil, step: "LSB_JOBINDEX_STEP"),
        Array(index: "PBS_ARRAY_INDEX", first: (nil, 1), last: nil, count: nil, step: nil),
        Array(index: "PBS_ARRAYID", first: (nil, 1), last: nil, count: nil, step: nil),
        Array(index: "JOB_COMPLETION_INDEX", first: (nil, 0), last: nil, count: nil, step: nil),
    ]

    private static let countVariable = "OVERTILE_PARTS"
    private static let firstVariable = "OVERTILE_FIRST_PART"

    /// Returns the part of this process.
    ///
    /// - Throws: `UsageError` where the environment names no part, or one that cannot be.
    static func part(in environment: [String: String]) throws -> ScenePart {
        // No scheduler has larger ones, and sums of these are numbers still.
        func number(_ variable: String?) -> Int? {
            variable.flatMap { environment[$0] }.flatMap { Int32($0) }.map { Int($0) }
        }
        // Grid Engine says "undefined" and LSF 0 for a job that is no array.
        let found = arrays.first { array in
            number(array.index).map { array.index == "LSB_JOBINDEX" ? $0 > 0 : true } ?? false
        }
        guard let array = found, let index = number(array.index) else {
            throw UsageError(
                "--part auto: no scheduler's variable names a part, such as SLURM_ARRAY_TASK_ID: give it as --part 3/16"
            )
        }
        let first = number(firstVariable) ?? number(array.first.variable) ?? array.first.usual
        let step = max(1, number(array.step) ?? 1)
        let told = number(array.count) ?? number(array.last).map { ($0 - first) / step + 1 }
        if let asked = number(countVariable), let told, asked != told, number(firstVariable) == nil {
            throw UsageError(
                "--part auto: \(countVariable) is \(asked), and the scheduler runs \(told): set \(firstVariable) to the number of the "
                    + "first of all parts, too")
        }
        guard let count = number(countVariable) ?? told else {
            throw UsageError(
                "--part auto: \(array.index) is \(index), and nothing tells of how many: set \(countVariable) to the number of parts"
            )
        }
        guard let part = ScenePart((index - first) / step + 1, of: count), index >= first else {
            throw UsageError(
                "--part auto: \(array.index) is \(index), which is none of \(count) parts from \(first) on: set \(countVariable) to the "
                    + "number of parts, and \(firstVariable) to the number of the first")
        }
        return part
    }
}
