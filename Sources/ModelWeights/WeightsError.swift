/// Why a model file could not be read or written.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that has to choose; people read `message`.
    public enum Code: Sendable {
        /// There is nothing at the path.
        case noSuchFile
        /// The path is a folder or a pipe, the file is empty or may not be read, or the system failed to map it.
        case unreadable
        /// The file is none of the containers that Overtile reads.
        case unknownContainer
        /// The file ends before the data that it announces.
        case truncated
        /// The file breaks the rules of its own format.
        case malformed
        /// The pickle names something that reaches the system, has a tensor made by something that is not understood, or
        /// takes more memory or time than a state dict does. Nothing of it was run.
        case refused
        /// A valid file uses a feature of its container that is not read, such as compression.
        case unsupportedContainer
        /// A tensor has an element type or a kind of storage that has no float32 reading.
        case unsupportedType
        /// The network in the file is sound and needs what is not computed: an operator, a second input.
        case unsupportedNetwork
        /// The file is sound and holds something else: TorchScript, an optimizer, an object that is no module.
        case notAStateDict
        /// The output is there already, and was not to be overwritten.
        case outputExists
        /// The output's folder is missing or may not be written, or its name is no file's.
        case cannotCreate
        /// Writing failed, for want of room on the disk as a rule.
        case writeFailed
        /// What was to be written has no place in the format: a name that comes twice, a number beyond float16.
        case unrepresentable
    }

    public let code: Code
    /// The file, as the caller named it.
    public let path: String
    /// One line: what is wrong with which tensor, entry or pickle global, and what to do.
    public let message: String

    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }

    /// A name taken from a file, made safe to print on one line: quoted, control characters escaped, cut at 120
    /// scalars.
    static func quoted(_ name: String) -> String {
        let limit = 120
        let scalars = name.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end != scalars.endIndex
        else { return "'\(escaped(scalars[...]))'" }
        return "'\(escaped(scalars[..<end]))...'"
    }

    private static func escaped(_ scalars: Substring.UnicodeScalarView) -> String {
        scalars.reduce(into: "") { text, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
