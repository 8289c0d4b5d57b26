package import FileIO

extension ModelFileError {
    /// What went wrong with a model's file as such: exit code and words as for everything else about models.
    package init(_ error: FileError) {
        switch error.code {
        case .outputExists:
            self.init(.outputExists, path: error.path, "is there already: choose another name, or ask to overwrite it")
        case .outOfSpace, .writeFailed:
            self.init(
                .writeFailed, path: error.path,
                "cannot be written: \(error.reason)" + (error.advice.map { "; " + $0 } ?? ""))
        case .cannotCreate, .locked, .noSuchFile, .permissionDenied, .readFailed:
            self.init(
                .cannotCreate, path: error.path,
                "cannot be created: \(error.reason)" + (error.advice.map { ": " + $0 } ?? ""))
        }
    }

    /// Does what only the file system may refuse, and says of a model what it says of a file.
    package static func ofFile<R>(_ body: () throws(FileError) -> R) throws(ModelFileError) -> R {
        do {
            return try body()
        } catch {
            throw ModelFileError(error)
        }
    }
}
