package import FileIO

/// The error that a model file could not be read or written.
///
///     do {
///         let model = try Model(path: "unet.pth")
///     } catch let error as ModelFileError where error.code == .noSuchFile {
///         print(error)  // unet.pth: no such file: check the path of the model
///     }
public struct ModelFileError: Error, Sendable, CustomStringConvertible {
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
        /// The network in the file is valid but needs something that is not supported: an operator, a second input.
        case unsupportedNetwork
        /// The file is valid but holds something else: TorchScript, an optimizer, an object that is not a module.
        case notAStateDict
        /// The output exists already, and was not to be overwritten.
        case outputExists
        /// The output's folder is missing or may not be written, or the path does not name a file.
        case cannotCreate
        /// Another program made the file shorter while it was being read.
        case readFailed
        /// Writing failed, usually because the disk is full.
        case writeFailed
        /// The format cannot hold what was to be written: a name that occurs twice, a number beyond float16.
        case unrepresentable
    }

    /// The kind of failure.
    public let code: Code
    /// The file, as the caller named it.
    public let path: String
    /// One line: what is wrong with which tensor, entry or pickle global, and what to do.
    public let message: String

    /// Makes an error about the file at a path.
    package init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    /// The path, followed by the message.
    public var description: String { "\(path): \(message)" }

    /// Returns a name from a file in a form that is safe to print on one line: quoted, with control characters escaped,
    /// and cut at 120 scalars.
    package static func quoted(_ name: String) -> String {
        let limit = 120
        let scalars = name.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end != scalars.endIndex
        else { return "'\(escaped(scalars[...]))'" }
        return "'\(escaped(scalars[..<end]))...'"
    }

    /// Returns a name from a file in the form of `quoted`, without the quotes.
    package static func plain(_ name: String) -> String { String(quoted(name).dropFirst().dropLast()) }

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

extension MappedFile {
    /// Maps a model file, or another that belongs to a model.
    ///
    /// - Throws: `noSuchFile`; `unreadable` for anything but a regular file that holds at least one byte.
    package convenience init(ofModel path: String) throws(ModelFileError) {
        do {
            try self.init(path: path)
        } catch {
            throw ModelFileError(error, path: path)
        }
    }

    /// Returns an error about this file.
    package func error(_ code: ModelFileError.Code, _ message: String) -> ModelFileError {
        ModelFileError(code, path: path, message)
    }
}

extension ModelFileError {
    fileprivate init(_ failure: MappedFile.Failure, path: String) {
        switch failure {
        case .missing: self.init(.noSuchFile, path: path, "no such file: check the path of the model")
        case .folder: self.init(.unreadable, path: path, "is a folder: name the model file inside it")
        case .special: self.init(.unreadable, path: path, "is not a regular file: save the model to disk first")
        case .empty:
            self.init(.unreadable, path: path, "is empty: copy or download the model again, or \(PythonExport.advice)")
        case .refused(let action, let reason):
            self.init(.unreadable, path: path, "cannot be \(action): \(reason)")
        }
    }
}

extension ModelFileError {
    /// Makes an error about a model's file from one of the file system, with the codes and words of errors about
    /// models.
    package init(_ error: FileError) {
        switch error.code {
        case .outputExists:
            self.init(.outputExists, path: error.path, "is there already: choose another name, or ask to overwrite it")
        case .outOfSpace, .writeFailed:
            self.init(
                .writeFailed, path: error.path,
                "cannot be written: \(error.reason)" + (error.advice.map { "; " + $0 } ?? ""))
        case .readFailed:
            self.init(
                .readFailed, path: error.path,
                "cannot be read: \(error.reason)" + (error.advice.map { "; " + $0 } ?? ""))
        case .cannotCreate, .locked, .noSuchFile, .permissionDenied:
            self.init(
                .cannotCreate, path: error.path,
                "cannot be created: \(error.reason)" + (error.advice.map { ": " + $0 } ?? ""))
        }
    }

    /// Runs `body`, which reads files of a model, and makes sure that none of them was cut short meanwhile.
    ///
    /// - Throws: what `body` throws; `readFailed` instead, whatever came of the lost bytes, if a file was cut.
    package static func readingWhole<R>(_ body: () throws -> R) throws -> R {
        let count = CutFiles.count
        let result = Result { try body() }
        guard CutFiles.count == count else { throw ModelFileError(.cutShort(CutFiles.lastPath ?? "the model")) }
        return try result.get()
    }

    /// Runs `body`, and turns its `FileError` into an error about a model's file.
    package static func ofFile<R>(_ body: () throws(FileError) -> R) throws(ModelFileError) -> R {
        do {
            return try body()
        } catch {
            throw ModelFileError(error)
        }
    }
}
