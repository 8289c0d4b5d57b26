import Glibc

/// A file that is written from its first byte to its last, such as a picture, a page or a model, and appears under its
/// name only when it is complete.
///
///     let file = try StagedDocument(path: path, overwrite: false)
///     defer { file.remove() }
///     try file.write(header)
///     try file.write(numbers)
///     try file.publish()
package final class StagedDocument: StagedOutput {
    private let file: StagedFile
    /// The path that the document will have.
    package let path: String
    /// True if it does not matter to the other outputs what becomes of this one once it has its name.
    package var mayChange = false
    /// The open file; nil once it is closed.
    private var descriptor: Int32?

    /// Checks that a file can be made under this name, before any work is spent on it. Nothing is created.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`.
    package static func check(path: String, overwrite: Bool) throws(FileError) {
        _ = try StagedFile(path: path, overwrite: overwrite)
    }

    /// Writes a whole file.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`; `.outOfSpace`, `.writeFailed`. No file is left then.
    package static func write(_ bytes: [UInt8], to path: String, overwrite: Bool) throws(FileError) {
        let document = try StagedDocument(path: path, overwrite: overwrite)
        defer { document.remove() }
        try document.write(bytes)
        try document.publish()
    }

    /// Makes the empty file under its hidden name.
    ///
    /// - Parameters:
    ///   - overwrite: true if a file of the same name may be replaced.
    ///   - sidecars: as for `StagedFile`.
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`.
    package init(path: String, overwrite: Bool, sidecars: [String] = StagedFile.sidecars) throws(FileError) {
        file = try StagedFile(path: path, overwrite: overwrite, sidecars: sidecars)
        self.path = path
        let descriptor = FileCall.open(file.stagingPath, O_WRONLY | O_CREAT | O_EXCL)
        guard descriptor >= 0 else {
            throw FileError(.cannotCreate, "create", path: path, number: errno, advice: "choose another place")
        }
        self.descriptor = descriptor
    }

    deinit { closeFile() }

    /// Appends the elements as they lie in memory.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    package func write<Element: BitwiseCopyable>(_ elements: [Element]) throws(FileError) {
        try elements.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            guard let descriptor else { preconditionFailure("a document is written before it is published") }
            let number = FileCall.writeAll(descriptor, bytes)
            guard number == 0 else { throw failure(number) }
        }
    }

    /// Closes the complete file, which stays hidden: of several outputs, none gets its name before all are finished.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    package func finish() throws(FileError) {
        guard closeFile() == 0 else { throw failure(errno) }
    }

    /// Flushes the file to the disk, and gives it its name.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`; `.outputExists` if another program has made a file of the name in the
    ///   meantime.
    package func publish() throws(FileError) {
        try finish()
        try file.publish()
    }

    /// The path at which the document is written.
    package var stagingPath: String { file.stagingPath }
    /// The folder that it will lie in.
    package var folder: String { file.folder }
    /// The file of the finished document: the name that it will have, and the one that it has now.
    package var finishedFiles: [(path: String, staged: String)] { file.finishedFiles }
    /// Names of files that programs would take for part of the document: they go where it replaces another one.
    package var companions: [String] { file.companions }

    /// True if a file of the same name may be replaced.
    package var overwrite: Bool { file.overwrite }

    /// Removes the file, unless it has got its name.
    package func remove() {
        closeFile()
        file.remove()
    }

    @discardableResult
    private func closeFile() -> Int32 {
        guard let descriptor else { return 0 }
        self.descriptor = nil
        return FileCall.close(descriptor)
    }

    private func failure(_ number: Int32) -> FileError {
        FileError(.writeFailed, "write", path: path, number: number, advice: "choose another place")
    }
}
