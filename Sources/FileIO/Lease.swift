import Dispatch
import Foundation
import Glibc

/// Keeps a folder for one process among those of many machines that share a file system.
///
/// A lease is a file that its holder touches again and again. It relies neither on locks, which some network file systems
/// only pretend to have, nor on the clocks of machines: its age is told by the file system, as the time of a file that is
/// touched just then. A process of this machine that has ended loses its lease at once; one of another machine, when it
/// was not renewed for `patience`. Two may then find the same lease old: each moves it aside to take its place, and only
/// one of them finds it to move.
///
/// A holder that slept for so long finds out by `isHeld` that its lease is gone. It may have written a little more by
/// then, so that what two holders would write has to be the same.
///
/// @unchecked Sendable: nothing of it changes, and Dispatch's timers may be used from every thread.
package final class Lease: @unchecked Sendable {
    /// The name of the file in the folder.
    package static let fileName = "lease"
    /// The age in seconds at which the lease of another machine counts no longer.
    package static let patience = 300
    /// The seconds between two renewals.
    private static let interval = 15

    private let path: String
    private let descriptor: Int32
    private let timer: any DispatchSourceTimer

    /// Takes the lease of a folder, or fails at once if another process has it.
    ///
    /// - Parameters:
    ///   - folder: the folder, which is there.
    ///   - what: what is worked at in it, for messages.
    /// - Throws: `FileError`: `.locked` if another run has it; `.cannotCreate`, `.outOfSpace`.
    package init(folder: String, of what: String) throws(FileError) {
        path = folder + "/" + Self.fileName
        descriptor = try Claim(path: path, what: what).descriptor
        StagedOutputs.add(path)
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "overtile.lease"))
        timer.schedule(deadline: .now() + .seconds(Self.interval), repeating: .seconds(Self.interval))
        timer.setEventHandler { [path, descriptor] in
            // One that somebody else has is theirs to renew.
            if Self.isSame(descriptor, path) { _ = FileCall.touch(descriptor) }
        }
        timer.setCancelHandler { [descriptor] in _ = FileCall.close(descriptor) }
        timer.resume()
    }

    deinit {
        release()
        timer.cancel()
    }

    /// True until another process has taken the lease over, or it was given back.
    package var isHeld: Bool { Self.isSame(descriptor, path) }

    /// Returns normally while no other process has taken the work over.
    ///
    /// - Parameters:
    ///   - work: what the lease is for: "this part", "the merge".
    ///   - place: what messages begin with.
    /// - Throws: `FileError` (`.locked`).
    package func require(_ work: String, of place: String) throws(FileError) {
        guard !isHeld else { return }
        throw FileError(
            .locked, path: place, "another run has taken its work over",
            message:
                "\(place): another run has taken \(work) over, as this one was silent for too long: leave it to that one"
        )
    }

    /// Gives the lease back.
    package func release() {
        StagedOutputs.remove(path)
        if isHeld { FileCall.unlink(path) }
    }

    /// The process that has a lease, in words.
    package struct Holder {
        /// The process and its machine: "process 12 on node7".
        package let name: String
        /// What to know about the end of its lease; empty for a process of this machine.
        package let advice: String

        fileprivate init(_ holder: LeaseHolder?) {
            name = LeaseHolder.text(holder)
            advice =
                holder?.isOfThisSystem == true
                ? ""
                : "; if that machine is gone, its lease ends \(Lease.patience / 60) minutes after it was last renewed"
        }
    }

    /// Returns the holder of a folder's lease; nil where nobody has it.
    ///
    /// - Parameter isDecisive: true where harm is done if somebody has it. A network file system may tell what was there
    ///   half a minute ago, unless a file was just made in the folder.
    /// - Throws: `FileError` (`.cannotCreate`, `.outOfSpace`) where the file system's time cannot be told.
    package static func holder(ofFolder folder: String, isDecisive: Bool = false) throws(FileError) -> Holder? {
        let path = folder + "/" + fileName
        guard isDecisive || FileStatus.exists(path) else { return nil }
        let now = try FileStatus.ofNewFile(in: folder).modified
        guard let lease = FileStatus(path: path, followsLinks: false) else { return nil }
        let holder = LeaseHolder(path: path)
        return isAlive(holder, lease, now: now) ? Holder(holder) : nil
    }

    /// Removes from a folder the leases of processes that have ended, and their attempts to get one.
    package static func removeDead(inFolder folder: String) {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0 == fileName || $0.hasPrefix(attemptPrefix)
        }
        guard !names.isEmpty, let now = try? FileStatus.ofNewFile(in: folder).modified else { return }
        for path in names.map({ folder + "/" + $0 }) {
            guard let status = FileStatus(path: path, followsLinks: false),
                !isAlive(LeaseHolder(path: path), status, now: now)
            else { continue }
            FileCall.unlink(path)
        }
    }

    /// The beginning of the names of attempts, and of files that are made for their time.
    fileprivate static let attemptPrefix = fileName + "-"

    /// - Parameter now: the file system's time, in nanoseconds since 1970.
    fileprivate static func isAlive(_ holder: LeaseHolder?, _ lease: FileStatus, now: Int) -> Bool {
        if let holder, holder.isOfThisSystem, let isRunning = holder.isRunning { return isRunning }
        return now - lease.modified <= patience * 1_000_000_000
    }

    fileprivate static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        guard let open = FileStatus(descriptor: descriptor) else { return false }
        return FileStatus(path: path, followsLinks: false)?.identity == open.identity
    }
}

/// The attempt of a process to get a lease.
private struct Claim {
    /// The open file of the lease.
    let descriptor: Int32

    private let path: String
    private let what: String

    /// Attempts that may be overtaken by others; whoever is overtaken more often has live rivals.
    private static let mostAttempts = 50

    init(path: String, what: String) throws(FileError) {
        (self.path, self.what) = (path, what)
        let holder = LeaseHolder.current()
        let own = "\(path)-\(holder.token)"
        // It is complete before it has the name that counts.
        let file = try Self.make(own, holder, what)
        defer { FileCall.unlink(own) }
        for _ in 0..<Self.mostAttempts {
            // An answer that the network has lost is no failure.
            let status = FileCall.link(own, path)
            let number = errno
            if status == 0 || Lease.isSame(file, path) {
                descriptor = file
                return
            }
            // Some file systems have no links.
            if number != EEXIST, let direct = try? Self.make(path, holder, what) {
                _ = FileCall.close(file)
                descriptor = direct
                return
            }
            do throws(FileError) {
                try Self.clear(path, own, file, what)
            } catch {
                _ = FileCall.close(file)
                throw error
            }
        }
        _ = FileCall.close(file)
        throw Self.locked(what, by: LeaseHolder(path: path), path)
    }

    /// Moves a lease out of the way that counts no longer.
    ///
    /// - Throws: `FileError` (`.locked`) for one that does.
    private static func clear(_ path: String, _ own: String, _ file: Int32, _ what: String) throws(FileError) {
        guard let lease = FileStatus(path: path, followsLinks: false) else { return }
        let holder = LeaseHolder(path: path)
        guard FileCall.touch(file) == 0, let now = FileStatus(descriptor: file)?.modified else {
            throw FileError(.cannotCreate, "touch the lease of", path: what, number: errno)
        }
        guard !Lease.isAlive(holder, lease, now: now) else { throw locked(what, by: holder, path) }
        let aside = own + "-old"
        guard FileCall.rename(path, aside) == 0 else { return }
        let isAnother =
            FileStatus(path: aside, followsLinks: false)?.identity != lease.identity
            || LeaseHolder(path: aside)?.token != holder?.token
        // Somebody was faster and has it already: it goes back.
        if isAnother, FileCall.link(aside, path) != 0, errno != EEXIST {
            _ = FileCall.rename(aside, path)
            return
        }
        FileCall.unlink(aside)
    }

    private static func make(_ path: String, _ holder: LeaseHolder, _ what: String) throws(FileError) -> Int32 {
        let file = FileCall.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        guard file >= 0 else { throw FileError(.cannotCreate, "take the lease of", path: what, number: errno) }
        let number = holder.bytes.withUnsafeBytes { FileCall.writeAll(file, $0) }
        guard number == 0 else {
            _ = FileCall.close(file)
            FileCall.unlink(path)
            throw FileError(.cannotCreate, "write the lease of", path: what, number: number)
        }
        return file
    }

    private static func locked(_ what: String, by holder: LeaseHolder?, _ path: String) -> FileError {
        let holder = Lease.Holder(holder)
        return FileError(
            .locked, path: path, "another run has it",
            message: "\(what): another run (\(holder.name)) is making it: wait for its end, or stop it\(holder.advice)")
    }
}

extension FileStatus {
    /// Returns the state of a file that is made just then in a folder, and removed: the time that the file system has,
    /// whatever that of this machine is, and the user that it takes this process for.
    ///
    /// - Throws: `FileError` (`.cannotCreate`, `.outOfSpace`).
    package static func ofNewFile(in folder: String) throws(FileError) -> FileStatus {
        let holder = LeaseHolder.current()
        let path = FileName.joined(folder, Lease.attemptPrefix + holder.token)
        let file = FileCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        guard file >= 0 else { throw FileError(.cannotCreate, "make a file in", path: folder, number: errno) }
        defer { FileCall.unlink(path) }
        // Where the process is killed here, it says whose it is.
        let number = holder.bytes.withUnsafeBytes { FileCall.writeAll(file, $0) }
        let status = FileStatus(descriptor: file)
        _ = FileCall.close(file)
        guard number == 0, let status else {
            throw FileError(.cannotCreate, "make a file in", path: folder, number: number == 0 ? errno : number)
        }
        return status
    }
}
