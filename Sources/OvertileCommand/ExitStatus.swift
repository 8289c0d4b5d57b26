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
        case let error as WeightsError: self = Self(error.code)
        case is ArchitectureError: self = .badData
        case let error as SegmentationError: self = Self(error.code)
        case is ModelOptionsError: self = .usage
        case is EngineError: self = .bug
        case is InstructionSetError: self = .usage
        case is CancellationError: self = Self(rawValue: 128 + Signals.received) ?? .interrupted
        case let error as StandardOutputError: self = error.readerLeft ? .readerLeft : .inputOutput
        case is UsageError: self = .usage
        case is ChecksFailed: self = .badData
        case is SomeScenesFailed: self = .someScenesFailed
        default: return nil
        }
    }

    private init(_ code: RasterError.Code) {
        switch code {
        case .noSuchFile, .permissionDenied: self = .noInput
        case .notARaster, .unsupported, .truncated, .damaged: self = .badData
        case .cannotCreate, .outputExists: self = .cannotCreate
        case .readFailed, .outOfSpace, .writeFailed: self = .inputOutput
        case .badArgument: self = .usage
        }
    }

    private init(_ code: SegmentationError.Code) {
        switch code {
        case .usage, .memoryTooSmall: self = .usage
        case .badData: self = .badData
        case .locked: self = .locked
        }
    }

    private init(_ code: WeightsError.Code) {
        switch code {
        case .noSuchFile, .unreadable: self = .noInput
        case .outputExists, .cannotCreate: self = .cannotCreate
        case .writeFailed: self = .inputOutput
        case .unknownContainer, .truncated, .malformed, .refused, .unsupportedContainer, .unsupportedType,
            .unsupportedNetwork, .notAStateDict, .unrepresentable:
            self = .badData
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
