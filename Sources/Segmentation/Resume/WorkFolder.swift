import FileIO
import Foundation
import Glibc
import Models
import RasterIO
import TileGeometry

/// The hidden folder beside an output in which work in progress lies, locked for this process.
///
/// The system gives the lock back when the process ends, however it ends. The folder of a part of a divided run lies in it,
/// and has a lease in the place of a lock, which holds among machines.
final class WorkFolder {
    let path: String
    private let output: String
    /// The locked file; -1 in the folder of a part.
    private let lock: Int32
    private var lease: Lease?
    private let isPart: Bool
    /// True if nobody else can be at work on this output, which file systems without locks cannot say.
    let isExclusive: Bool

    /// The file that says to what the rest belongs. It is written last and removed first: without it, the rest is of no use.
    static let keyName = "key.json"

    /// Beside the output, and named after it, so that the same command finds it again.
    static func path(for output: String) -> String {
        let slash = output.lastIndex(of: "/")
        var name = String(slash.map { output[output.index(after: $0)...] } ?? output[...])
        if name.utf8.count > 200 {  // names end at 255 bytes
            let sum = SHA256.checksum(of: name).prefix(16)
            while name.utf8.count > 180 { name.removeLast() }
            name += "-" + sum
        }
        return (slash.map { String(output[...$0]) } ?? "") + ".\(name).overtile-work"
    }

    /// Makes the folder, or takes over the one that is there, and ends what its run had begun to publish.
    ///
    /// - Parameter merging: true to take the lease of the folder, too, under which no part is begun.
    /// - Throws: `SegmentationError` and `FileError` (`.locked`) where another process has it; `FileError`
    ///   (`.cannotCreate`, `.outOfSpace`).
    init(for output: String, merging: Bool = false) throws {
        path = Self.path(for: output)
        self.output = output
        isPart = false
        while true {
            guard FileCall.makeFolder(path) == 0 || errno == EEXIST else { throw Self.failure(output, errno) }
            // A link is nobody's work.
            let folder = FileCall.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            guard folder >= 0 || errno == ENOENT else { throw Self.failure(output, errno) }
            close(folder)
            let name = path + "/lock"
            let descriptor = FileCall.open(name, O_RDWR | O_CREAT | O_NOFOLLOW)
            if descriptor < 0 {
                // The one who had it is removing it.
                guard errno != ENOENT else { continue }
                throw Self.failure(output, errno)
            }
            let isLocked = FileCall.lock(descriptor) == 0
            if !isLocked && errno == EWOULDBLOCK {
                let holder = Self.holder(descriptor)
                close(descriptor)
                throw SegmentationError(
                    .locked, "\(output): another run\(holder) is making it: wait for its end, or stop it")
            }
            guard Self.isSame(descriptor, name) else {
                close(descriptor)
                continue
            }
            (lock, isExclusive) = (descriptor, isLocked)
            break
        }
        let number = Array("\(getpid())\n".utf8)
        _ = FileCall.resize(lock, 0)
        _ = pwrite(lock, number, number.count, 0)
        // Before anything is touched: among machines, the lock may be none.
        if merging {
            lease = try Lease(folder: path, of: output)
        } else if let holder = try Lease.holder(ofFolder: path) {
            throw Self.merged(output, by: holder)
        }
        settlePublication()
    }

    /// Makes the folder of a part, or takes over the one that is there.
    ///
    /// - Throws: `FileError`: `.locked` where another process has it, or puts the parts together; `.cannotCreate`,
    ///   `.outOfSpace`.
    init(for output: String, part: ScenePart) throws(FileError) {
        let whole = Self.path(for: output)
        path = Self.path(for: output, part: part)
        self.output = output
        (isPart, isExclusive, lock) = (true, true, -1)
        lease = try Self.partLease(whole, path, of: "\(output), \(part)", output)
        if let holder = try Lease.holder(ofFolder: whole, isDecisive: true) {
            lease?.release()
            throw Self.merged(output, by: holder)
        }
    }

    /// Makes the folder of a part, and that around it, and takes its lease.
    private static func partLease(
        _ whole: String, _ path: String, of what: String, _ output: String
    ) throws(FileError) -> Lease {
        for attempt in 1... {
            for folder in [whole, path] {
                guard FileCall.makeFolder(folder) == 0 || errno == EEXIST || errno == ENOENT else {
                    throw failure(output, errno)
                }
                guard let status = FileStatus(path: folder, followsLinks: false) else { continue }
                guard status.kind == .folder else { throw failure(output, ENOTDIR) }
            }
            do throws(FileError) {
                return try Lease(folder: path, of: what)
            } catch {
                // Whoever found it empty has removed it.
                guard attempt < mostAttempts, !FileStatus.exists(path) else { throw error }
            }
        }
        preconditionFailure("the last attempt ends it")
    }

    /// Attempts to make a folder that others remove.
    private static let mostAttempts = 50

    private static func merged(_ output: String, by holder: Lease.Holder) -> FileError {
        FileError(
            .locked, path: output, "its parts are being merged",
            message: "\(output): another run (\(holder.name)) puts its parts together: wait for its end, or stop it"
                + holder.advice)
    }

    /// The folder of a part.
    static func path(for output: String, part: ScenePart) -> String {
        path(for: output) + "/\(partPrefix)\(part.number)-of-\(part.count)"
    }

    /// The beginning of the names of parts' folders.
    static let partPrefix = "part-"

    /// Gives the lease back.
    func releaseLease() {
        lease?.release()
        lease = nil
    }

    /// Returns normally while no other process has taken the folder over.
    ///
    /// - Throws: `FileError` (`.locked`).
    func requireLease() throws(FileError) { try leaseCheck() }

    /// `requireLease` for other threads.
    var leaseCheck: @Sendable () throws(FileError) -> Void {
        let work = isPart ? "this part" : "the merge"
        return { [lease, output] () throws(FileError) in try lease?.require(work, of: output) }
    }

    /// True where the folder is another's by now.
    var isLost: Bool { lease?.isHeld == false }

    deinit { if lock >= 0 { close(lock) } }

    func file(_ name: String) -> String { path + "/" + name }

    /// Names of all that is there but locks and the folders of parts.
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { name in
            name != "lock" && !name.hasPrefix(Lease.fileName) && !name.hasPrefix(Self.partPrefix)
        }
    }

    /// Removes the work in progress; what tells of outputs that have their names stays.
    func clear() {
        if isLost { return }
        FileCall.unlink(file(Self.keyName))
        for name in names where !Self.records.contains(name) { FileCall.unlink(file(name)) }
    }

    /// Removes the folder; the lock last, so that nobody works in it before.
    func remove() {
        if isLost { return }
        clear()
        for name in Self.records where FileStatus.exists(file(name)) { FileCall.unlink(file(name)) }
        releaseLease()
        Lease.removeDead(inFolder: path)
        if !isPart { FileCall.unlink(file("lock")) }
        FileCall.removeFolder(path)
        // Where this was the last part.
        if isPart { FileCall.removeFolder(Self.path(for: output)) }
    }

    /// Removes the parts of a divided run, and then the folder itself.
    func removeParts() {
        if isLost { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            guard name.hasPrefix(Self.partPrefix), FileStatus(path: file(name), followsLinks: false)?.kind == .folder
            else { continue }
            for entry in (try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? [] {
                FileCall.unlink(file(name + "/" + entry))
            }
            FileCall.removeFolder(file(name))
        }
        remove()
    }

    /// The files and folders that a process removes which has to end at once, and has finished nothing.
    func removable(_ names: [String]) -> [String] {
        (names + [isPart ? PartRequest.fileName : "lock"]).map(file) + [path] + (isPart ? [Self.path(for: output)] : [])
    }

    /// Removes the work in progress, and keeps the record of the outputs, which all have their names, for a command that
    /// is not over yet (`sweep`).
    func keepRecord() {
        _ = FileCall.rename(file(Self.publicationName), file(Self.finishedName))
        clear()
    }

    /// Removes the folder of a run that kept its record, at the end of the same command.
    static func forgetRecord(for output: String, command: String) {
        guard FileStatus.exists(path(for: output) + "/" + finishedName), let folder = try? WorkFolder(for: output),
            folder.publication(finishedName)?.command == command
        else { return }
        folder.remove()
    }

    /// What was found of an earlier run of an output.
    enum Leftover {
        case nothing
        /// Work in progress of some run, which may be at it.
        case work
        /// A run of the same command was killed when all its outputs had their names and it was not over yet.
        case outputs
    }

    /// Ends what a run had begun that was killed while it gave outputs their names, or removed its folder.
    ///
    /// - Parameter command: that of the run to come (`Publication.command`).
    static func sweep(for output: String, command: String?) -> Leftover {
        let path = path(for: output)
        func isThere(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }
        guard isThere("") else { return .nothing }
        guard !isThere(keyName) || records.contains(where: isThere) else { return .work }
        // Another process may be at it.
        guard let folder = try? WorkFolder(for: output) else { return .work }
        if let finished = folder.publication(finishedName) {
            if command != nil, finished.command == command, finished.isUntouched { return .outputs }
            folder.remove()
        } else if !folder.names.contains(keyName) {
            folder.remove()
        }
        return .work
    }

    /// The record of a run that was killed when all of its outputs had their names, and when it was written, in
    /// nanoseconds since 1970; nil where there was no such run.
    var finished: (publication: Publication, modified: Int)? {
        guard let status = FileStatus(path: file(Self.finishedName), followsLinks: false),
            let publication = publication(Self.finishedName)
        else { return nil }
        return (publication, status.modified)
    }

    /// Removes the record of such a run.
    func forgetFinished() { FileCall.unlink(file(Self.finishedName)) }

    /// The record of outputs that are about to get their names (`Publication`).
    static let publicationName = "publication"
    /// The record of outputs that all have their names, of a run that was killed before it was over.
    private static let finishedName = "finished"
    private static let records = [publicationName, finishedName]

    private func publication(_ name: String) -> Publication? {
        read(name).flatMap { try? StoredJSON.decode(Publication.self, from: $0) }
    }

    /// Ends what a killed run had begun to publish. Where some outputs have their names, they lose them again, and the next
    /// run continues the work. Where all have, a run of the same command may replace them: to whoever gave the command, the
    /// first run and this one are the same.
    private func settlePublication() {
        guard FileStatus.exists(file(Self.publicationName)) else { return }
        if publication(Self.publicationName)?.settle() == true {
            _ = FileCall.rename(file(Self.publicationName), file(Self.finishedName))
        } else {
            retract()
        }
    }

    /// Writes down which outputs are about to get their names, on the disk.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func announce(_ publication: Publication) throws {
        try write(JSONEncoder().encode(publication), to: Self.publicationName)
        sync([Self.publicationName])
    }

    /// Removes the record: the outputs have all lost their names again.
    func retract() { FileCall.unlink(file(Self.publicationName)) }

    /// Writes a small file that is either there as a whole or not.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    func write(_ data: Data, to name: String) throws(FileError) {
        let descriptor = FileCall.open(file(name + ".new"), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Self.failure(output, errno) }
        defer { close(descriptor) }
        let number = data.withUnsafeBytes { FileCall.writeAll(descriptor, $0) }
        guard number == 0 else { throw Self.failure(output, number) }
        guard FileCall.rename(file(name + ".new"), file(name)) == 0 else { throw Self.failure(output, errno) }
    }

    /// A small file; nil where there is none, or none that can be meant.
    func read(_ name: String) -> Data? { Self.read(file(name)) }

    /// - Parameter owner: the user that it has to belong to; nil for any.
    static func read(_ path: String, owner: UInt32? = nil) -> Data? {
        let descriptor = FileCall.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor), status.kind == .file, status.size <= largestFile,
            owner == nil || owner == status.owner
        else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: status.size)
        let count = FileCall.read(descriptor, &bytes, bytes.count)
        return count == bytes.count ? Data(bytes) : nil
    }

    /// The bytes that a key may have; it names all files of a mosaic.
    private static let largestFile = 64 << 20

    /// Brings the folder's own entries, and its name, to the disk. Some file systems cannot, which is no reason to fail.
    func sync(_ names: [String]) {
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        for entry in names.map(file) + [path, parent] {
            let descriptor = FileCall.open(entry, O_RDONLY | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            _ = FileCall.sync(descriptor)
            close(descriptor)
        }
    }

    /// " (process 123)", where the lock says so.
    private static func holder(_ descriptor: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 1, let number = Int32(String(decoding: text[..<(count - 1)], as: UTF8.self)) else { return "" }
        return " (process \(number))"
    }

    /// Returns true if an open file is still the one with this name.
    private static func isSame(_ descriptor: Int32, _ name: String) -> Bool {
        guard let open = FileStatus(descriptor: descriptor), let named = FileStatus(path: name, followsLinks: false)
        else { return false }
        return open.identity == named.identity
    }

    private static func failure(_ output: String, _ number: Int32) -> FileError {
        FileError(.cannotCreate, "make a folder for the work in progress beside", path: output, number: number)
    }
}
