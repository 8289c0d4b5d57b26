import FileIO
import Foundation
import Glibc
import Segmentation
package import TileGeometry

/// The hidden folder in an output folder in which the parts of a divided batch keep their records, each in a folder of its
/// own, and of which the merge has the lease.
///
///     let parts = PartsFolder(of: "masks")
///     while try parts.isAtWork() { sleep(2) }
package struct PartsFolder: Sendable {
    /// The name of the folder.
    package static let name = ".overtile-parts"
    /// The beginning of the names of parts' folders in it.
    private static let partPrefix = "part-"
    /// The beginning of the name that the folder has while it is removed.
    private static let mergedPrefix = name + "-merged-"
    /// Attempts to make a folder that others remove.
    private static let mostAttempts = 50

    /// The folder of the outputs, as the caller named it.
    package let output: String
    /// The folder of the parts.
    package let path: String

    /// Names the folder of the parts of a batch; it need not be there.
    ///
    /// - Parameter output: the folder of the outputs.
    package init(of output: String) {
        self.output = output
        path = FileName.joined(output, Self.name)
    }

    /// What to do about parts that go no further, in words.
    var discarding: String { "give them up with overtile merge \(output) --discard" }

    /// Returns the folder of a part.
    func path(of part: ScenePart) -> String { path + "/\(Self.partPrefix)\(part.number)-of-\(part.count)" }

    /// The parts that have a folder, in order.
    package var parts: [ScenePart] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix(Self.partPrefix) else { return nil }
            let words = name.dropFirst(Self.partPrefix.count).components(separatedBy: "-of-")
            guard let part = ScenePart(argument: words.joined(separator: "/")),
                path(of: part) == path + "/" + name
            else { return nil }
            return part
        }.sorted { ($0.count, $0.number) < ($1.count, $1.number) }
    }

    /// True if a process works at a part.
    ///
    /// - Throws: `FileError`.
    package func isAtWork() throws -> Bool { try parts.contains { try Lease.holder(ofFolder: path(of: $0)) != nil } }

    /// True if a process works at a part, or at the merge.
    ///
    /// - Throws: `FileError`.
    package func isHeld(_ part: ScenePart) throws -> Bool {
        try [path(of: part), path].contains { try FileStatus.exists($0) && Lease.holder(ofFolder: $0) != nil }
    }

    /// Takes the lease of all parts for a run that is not divided, under which no part is begun. The folder of the parts is made
    /// for it.
    ///
    /// - Throws: `PartError`: `.running` while another process works in the folder of the outputs, `.bad` where parts lie in it;
    ///   `FileError` (`.locked`, `.cannotCreate`, `.outOfSpace`).
    func leaseOfWhole() throws -> Lease {
        try requireNone()
        let lease = try lease(in: [path], of: output)
        do {
            try requireNoParts(isDecisive: true)
        } catch {
            giveBack(lease)
            throw error
        }
        return lease
    }

    /// Gives back the lease of a run that is not divided, and removes the folder that was made for it.
    func giveBack(_ lease: Lease) {
        lease.release()
        FileCall.removeFolder(path)
    }

    /// Refuses a run of the whole folder while parts of a divided one lie in it, or another process works in it.
    ///
    /// - Throws: `PartError`: `.running` while one is being made or merged, `.bad` else; `FileError`.
    func requireNone() throws {
        sweep()
        guard FileStatus.exists(path) else { return }
        if let holder = try Lease.holder(ofFolder: path) {
            throw PartError(
                .running, "\(output): another run (\(holder.name)) works in it: wait for its end\(holder.advice)")
        }
        try requireNoParts(isDecisive: false)
    }

    /// Returns normally if no process works at a part.
    ///
    /// - Parameter isDecisive: as for `Lease.holder`.
    /// - Throws: `PartError` (`.running`), `FileError`.
    func requireNobodyAtParts(isDecisive: Bool = true) throws {
        for part in parts {
            guard let holder = try Lease.holder(ofFolder: path(of: part), isDecisive: isDecisive) else { continue }
            throw PartError(
                .running,
                "\(output): \(holder.name) works at a part of a divided batch in it: wait for its end\(holder.advice)")
        }
    }

    private func requireNoParts(isDecisive: Bool) throws {
        try requireNobodyAtParts(isDecisive: isDecisive)
        for part in parts where !FileStatus.exists(path(of: part) + "/" + PartRecord.fileName) {
            // One that was killed before it began.
            Lease.removeDead(inFolder: path(of: part))
            FileCall.removeFolder(path(of: part))
        }
        guard !parts.isEmpty else { return }
        throw PartError(
            .bad,
            "\(output): parts of a divided batch lie in it: put them together with overtile merge \(output), or \(discarding)"
        )
    }

    /// The number of this user, as the file system has it.
    ///
    /// - Throws: `PartError` where a record belongs to somebody else, who would have the merge do what it says; `FileError`.
    func requireOwn() throws -> UInt32 {
        let user = try FileStatus.ofNewFile(in: path).owner
        for part in parts {
            let name = path(of: part) + "/" + PartRecord.fileName
            guard let status = FileStatus(path: name, followsLinks: false), status.owner != user else { continue }
            throw PartError(
                .bad,
                "\(output), \(part): \(name) belongs to another user, and the merge would do what it says: merge as that user"
            )
        }
        return user
    }

    /// Takes the lease of a part, whose folder is made where there is none.
    ///
    /// - Throws: `FileError`: `.locked` where another process has the part, or merges; `.cannotCreate`, `.outOfSpace`.
    func lease(of part: ScenePart) throws(FileError) -> Lease {
        try lease(in: [path, path(of: part)], of: "\(output), \(part)") { lease throws(FileError) in
            guard let holder = try Lease.holder(ofFolder: path, isDecisive: true) else { return }
            lease.release()
            FileCall.removeFolder(path(of: part))
            throw FileError(
                .locked, path: output, "another run has all of it",
                message:
                    "\(output): another run (\(holder.name)) works at all of it, or puts its parts together: wait for its end, or "
                    + "stop it\(holder.advice)")
        }
    }

    /// Takes the lease of the last of some folders, which are made where they are missing.
    ///
    /// - Parameter check: is given the lease, and throws where it may not be had.
    private func lease(
        in folders: [String], of what: String, check: (Lease) throws(FileError) -> Void = { _ in }
    ) throws(FileError) -> Lease {
        for attempt in 1... {
            do throws(FileError) {
                for folder in folders where FileCall.makeFolder(folder) != 0 && errno != EEXIST && errno != ENOENT {
                    throw FileError(.cannotCreate, "make", path: folder, number: errno)
                }
                let lease = try Lease(folder: folders[folders.count - 1], of: what)
                try check(lease)
                if lease.isHeld { return lease }
            } catch {
                // A merge or a run that has just ended has taken the folder away.
                guard error.code != .locked, attempt < Self.mostAttempts,
                    !FileStatus.exists(folders[folders.count - 1])
                else { throw error }
            }
        }
        preconditionFailure("the last attempt ends it")
    }

    /// Takes the lease of all parts, under which none is begun.
    ///
    /// - Throws: `FileError`: `.locked` where another process merges; `PartError` (`.missing`) where there are no parts.
    func leaseOfAll() throws -> Lease {
        sweep()
        guard FileStatus(path: path, followsLinks: false)?.kind == .folder, !parts.isEmpty else {
            throw PartError(
                .missing,
                "\(output) has no parts of a divided batch in \(path): an earlier merge has put them together, or they are still to be "
                    + "made with overtile batch --part 1/N and so on, into this folder")
        }
        return try Lease(folder: path, of: output)
    }

    /// Removes the folder and all that lies in it. It loses its name first: where the process is killed meanwhile, nobody takes
    /// the rest for parts.
    ///
    /// - Throws: `FileError`.
    func remove() throws(FileError) {
        let name = FileName.joined(output, Self.mergedPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 36))
        guard FileCall.rename(path, name) == 0 else {
            throw FileError(.writeFailed, "remove", path: path, number: errno)
        }
        sweep()
    }

    /// Removes what merges have left that were killed at their end.
    private func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        where name.hasPrefix(Self.mergedPrefix) {
            let folder = FileName.joined(output, name)
            // What a link leads to is somebody else's.
            guard FileStatus(path: folder, followsLinks: false)?.kind == .folder else {
                FileCall.unlink(folder)
                continue
            }
            for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                let path = folder + "/" + entry
                guard FileStatus(path: path, followsLinks: false)?.kind == .folder else {
                    FileCall.unlink(path)
                    continue
                }
                for file in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                    FileCall.unlink(path + "/" + file)
                }
                FileCall.removeFolder(path)
            }
            FileCall.removeFolder(folder)
        }
    }
}
