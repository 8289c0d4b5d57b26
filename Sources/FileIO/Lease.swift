import Dispatch
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
package final class Lease {
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

    /// Gives the lease back.
    package func release() {
        StagedOutputs.remove(path)
        if isHeld { FileCall.unlink(path) }
    }

    /// Returns the holder of a folder's lease in words, such as "process 12 on node7"; nil where nobody has it.
    ///
    /// - Throws: `FileError` (`.cannotCreate`, `.outOfSpace`) where the file system's time cannot be told.
    package static func holder(ofFolder folder: String) throws(FileError) -> String? {
        let path = folder + "/" + fileName
        guard let lease = FileStatus(path: path, followsLinks: false) else { return nil }
        let holder = LeaseHolder(path: path)
        return isAlive(holder, lease, now: try FileTime.now(in: folder)) ? LeaseHolder.text(holder) : nil
    }

    /// - Parameter now: the file system's time, in nanoseconds since 1970.
    fileprivate static func isAlive(_ holder: LeaseHolder?, _ lease: FileStatus, now: Int) -> Bool {
        if let holder, holder.isOfThisSystem { return holder.isRunning }
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
        if isAnother { _ = FileCall.link(aside, path) }
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
        let minutes = Lease.patience / 60
        let gone =
            holder?.isOfThisSystem == true
            ? "" : "; if that machine is gone, its lease ends \(minutes) minutes after it was last renewed"
        return FileError(
            .locked, path: path, "another run has it",
            message:
                "\(what): another run (\(LeaseHolder.text(holder))) is making it: wait for its end, or stop it\(gone)")
    }
}

/// The time that a file system has, whatever that of this machine is.
private enum FileTime {
    /// Returns the time of a file that is made just now in a folder, in nanoseconds since 1970.
    static func now(in folder: String) throws(FileError) -> Int {
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let path = FileName.joined(folder, "\(Lease.fileName)-\(random)")
        let file = FileCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        guard file >= 0, let status = FileStatus(descriptor: file) else {
            throw FileError(.cannotCreate, "make a file in", path: folder, number: errno)
        }
        _ = FileCall.close(file)
        FileCall.unlink(path)
        return status.modified
    }
}
