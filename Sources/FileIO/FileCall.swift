import CLinux
package import Glibc

/// The calls of the system that change or read files of Overtile's own, each as the system has it: a negative result, and
/// the reason in `errno`.
///
/// All of them go through here. A call that a signal interrupted is made again, so that nobody else needs to think of
/// that; and tests can make the n-th call fail, or end the process in its place (`FileFault`).
package enum FileCall {
    /// Opens a file, and makes it where the flags say so; whoever may is allowed to read and write a new one.
    package static func open(_ path: String, _ flags: Int32) -> Int32 {
        call { Glibc.open(path, flags | O_CLOEXEC, 0o666) }
    }

    /// Closes a file. Whatever it says, the file is closed.
    package static func close(_ descriptor: Int32) -> Int32 {
        let fails = FileFault.strikes()
        let number = errno
        let isLost = fails && number != EINTR && number != 0
        if isLost { FileFault.lose(descriptor) }
        let status = Glibc.close(descriptor)
        guard isLost else { return status }
        errno = number
        return -1
    }

    /// Reads at most so many bytes from where the file is at.
    package static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        call { Glibc.read(descriptor, bytes, count) }
    }

    /// Reads at most so many bytes from a place of the file.
    package static func read(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, at offset: Int
    ) -> Int {
        call { pread(descriptor, bytes, count, offset) }
    }

    /// Reads into several places in memory.
    package static func read(_ descriptor: Int32, _ places: UnsafePointer<iovec>, _ count: Int32, at offset: Int) -> Int
    {
        call { preadv(descriptor, places, count, offset) }
    }

    /// Writes at most so many bytes, where the file is at.
    package static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        defer { FileFault.note(FileFault.Event.written, descriptor) }
        return call(short: count > 1 ? { Glibc.write(descriptor, bytes, count / 2) } : nil) {
            Glibc.write(descriptor, bytes, count)
        }
    }

    /// Writes from several places in memory.
    package static func write(
        _ descriptor: Int32, _ places: UnsafePointer<iovec>, _ count: Int32, at offset: Int
    ) -> Int {
        defer { FileFault.note(FileFault.Event.written, descriptor) }
        let length = places[0].iov_len
        return call(short: length > 1 ? { pwrite(descriptor, places[0].iov_base, length / 2, offset) } : nil) {
            pwritev(descriptor, places, count, offset)
        }
    }

    /// Writes all bytes, in as many calls as it takes.
    ///
    /// - Returns: 0, or the system's error number.
    package static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    /// Gives a file another name, in place of a file that has it.
    package static func rename(_ old: String, _ new: String) -> Int32 {
        defer { FileFault.noteName(new) }
        return call { Glibc.rename(old, new) }
    }

    /// Gives a file a further name, if nothing has it.
    package static func link(_ old: String, _ new: String) -> Int32 {
        defer { FileFault.noteName(new) }
        return call { Glibc.link(old, new) }
    }

    /// Takes a name away from a file. A failure that may pass, as on a network, is not the end of it: nobody else would
    /// look for what has a hidden name.
    @discardableResult
    package static func unlink(_ path: String) -> Int32 {
        for _ in 0..<2 {
            let status = call { Glibc.unlink(path) }
            if status == 0 || [ENOENT, EISDIR, ENOTDIR, EPERM].contains(errno) { return status }
        }
        return call { Glibc.unlink(path) }
    }

    /// Makes a folder.
    package static func makeFolder(_ path: String) -> Int32 { call { mkdir(path, 0o777) } }

    /// Makes a folder that outputs are meant to go into, where there is none and its own folder is there. Whoever writes into
    /// it is told if that fails.
    package static func makeOutputFolder(_ path: String) {
        if !FileStatus.exists(path) { _ = makeFolder(path) }
    }

    /// Removes an empty folder, as `unlink` does a file.
    @discardableResult
    package static func removeFolder(_ path: String) -> Int32 {
        let status = call { rmdir(path) }
        return status == 0 || [ENOENT, ENOTEMPTY].contains(errno) ? status : call { rmdir(path) }
    }

    /// Brings a file, or the names in a folder, to the disk.
    package static func sync(_ descriptor: Int32) -> Int32 {
        let status = call { fsync(descriptor) }
        if status == 0 { FileFault.note(FileFault.Event.synced, descriptor) }
        return status
    }

    /// Brings the bytes of a file to the disk.
    package static func syncData(_ descriptor: Int32) -> Int32 { call { fdatasync(descriptor) } }

    /// Cuts a file, or makes it longer.
    package static func resize(_ descriptor: Int32, _ count: Int) -> Int32 { call { ftruncate(descriptor, count) } }

    /// Takes room on the disk for a file, which is then as long.
    package static func reserve(_ descriptor: Int32, _ count: Int) -> Int32 {
        call { fallocate(descriptor, 0, 0, count) }
    }

    /// Gives a file the time that its file system has now.
    package static func touch(_ descriptor: Int32) -> Int32 { call { futimens(descriptor, nil) } }

    /// Takes the lock of a file, or fails at once.
    ///
    /// - Parameter isShared: true for a lock that several may have, while nobody has one alone.
    package static func lock(_ descriptor: Int32, isShared: Bool = false) -> Int32 {
        call { flock(descriptor, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
    }

    private static func call<Result: SignedInteger>(short: (() -> Result)? = nil, _ body: () -> Result) -> Result {
        while true {
            let result: Result
            if FileFault.strikes(canBeShort: short != nil) {
                // A write of some of the bytes is no failure, and says so itself.
                if errno == 0, let short { return short() }
                result = -1
            } else {
                result = body()
            }
            guard result < 0, errno == EINTR else { return result }
        }
    }
}
