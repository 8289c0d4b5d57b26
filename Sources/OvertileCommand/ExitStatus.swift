import ArgumentParser
import Overtile

#if canImport(Glibc)
    import Glibc
#endif

/// Exit codes, after BSD's sysexits.h: the one place where an error becomes a number.
enum ExitStatus: Int32 {
    case someScenesFailed = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case bug = 70
    case cannotCreate = 73
    case inputOutput = 74
    case locked = 75
    case hungUp = 129
    case interrupted = 130
    case readerLeft = 141
    case terminated = 143

    /// nil for what the argument parser itself threw, help and version included: it knows its own codes.
    init?(for error: any Error) {
        switch error {
        case let error as RasterError: self = Self(error.code)
        case let error as ModelFileError: self = Self(error.code)
        case let error as FileError: self = Self(error.code)
        case is ArchitectureError, is WiringError: self = .badData
        case let error as SegmentationError: self = Self(error.code)
        case let error as PartError: self = Self(error.code)
        case is ModelOptionsError: self = .usage
        case is TrainingError: self = .badData
        case is EngineError, is EngineCheckError: self = .bug
        case is InstructionSetError: self = .usage
        case is CancellationError: self = Self(rawValue: 128 + Signals.received) ?? .interrupted
        case let error as StandardOutputError: self = error.readerLeft ? .readerLeft : .inputOutput
        case is UsageError: self = .usage
        case let error as LedgerError: self = Self(error.code)
        case let error as BatchError: self = Self(error.code)
        case is OutputError: self = .usage
        case let error as Batch.Stopped: self.init(for: error.cause)
        case is ChecksFailed: self = .badData
        case is SomeScenesFailed: self = .someScenesFailed
        default: return nil
        }
    }

    /// The number that stands for an error where it does not end the program; 70 for one that nobody expected.
    static func number(for error: any Error) -> Int { Int((Self(for: error) ?? .bug).rawValue) }

    private init(_ code: RasterError.Code) {
        switch code {
        case .noSuchFile, .permissionDenied, .notAFile: self = .noInput
        case .notARaster, .notAllowed, .unsupported, .truncated, .damaged: self = .badData
        case .cannotCreate, .outputExists: self = .cannotCreate
        case .readFailed, .outOfSpace, .writeFailed: self = .inputOutput
        case .badArgument: self = .usage
        }
    }

    private init(_ code: FileError.Code) {
        switch code {
        case .noSuchFile, .permissionDenied: self = .noInput
        case .cannotCreate, .outputExists: self = .cannotCreate
        case .readFailed, .outOfSpace, .writeFailed: self = .inputOutput
        case .locked: self = .locked
        }
    }

    private init(_ code: SegmentationError.Code) {
        switch code {
        case .usage, .memoryTooSmall: self = .usage
        case .badData, .changed, .outsideArea: self = .badData
        case .locked: self = .locked
        case .shortOfResources: self = .inputOutput
        }
    }

    private init(_ code: PartError.Code) {
        switch code {
        case .missing: self = .noInput
        case .bad: self = .badData
        case .running: self = .locked
        }
    }

    private init(_ code: ModelFileError.Code) {
        switch code {
        case .noSuchFile, .unreadable: self = .noInput
        case .outputExists, .cannotCreate: self = .cannotCreate
        case .readFailed, .writeFailed: self = .inputOutput
        case .unknownContainer, .truncated, .malformed, .refused, .unsupportedContainer, .unsupportedType,
            .unsupportedNetwork, .notAStateDict, .unrepresentable:
            self = .badData
        }
    }

    private init(_ code: LedgerError.Code) {
        switch code {
        case .noLedger, .notReadable: self = .noInput
        case .damaged, .newer: self = .badData
        case .notWritable: self = .cannotCreate
        case .outOfSpace, .failed: self = .inputOutput
        case .busy: self = .locked
        }
    }

    private init(_ code: BatchError.Code) {
        switch code {
        case .usage: self = .usage
        case .noInput: self = .noInput
        case .cannotCreate: self = .cannotCreate
        }
    }

    func exit() -> Never { Glibc.exit(rawValue) }
}

/// At least one of several scenes could not be segmented; each has had its line.
struct SomeScenesFailed: Error, CustomStringConvertible {
    let failed: Int
    let total: Int

    var description: String { "\(failed) of \(total) scenes failed" }
}
