import Glibc
package import Segmentation

/// The events in folders, as the system tells them (inotify), for a process that stays.
///
/// A hint when to look, and proof of a rename; nothing else rests on it. Network file systems do not tell what other
/// machines do, and the queue may overflow: whoever waits looks by itself from time to time.
package final class FolderEvents {
    private let descriptor: Int32
    private var folders: [Int32: String] = [:]
    private var watched: Set<String> = []
    /// The events that were read and that nobody took yet.
    private var pending = News()

    /// Where the system has no more of these to give, nothing is ever told, and time alone ends a wait.
    package init() { descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Also tells of these from now on.
    ///
    /// - Returns: true if one of them is new: what happened in it before now was not told.
    @discardableResult
    package func add(_ paths: [String]) -> Bool {
        let count = watched.count
        let events = UInt32(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB)
        for path in paths where !watched.contains(path) {
            let number = inotify_add_watch(descriptor, path, events | UInt32(IN_ONLYDIR))
            guard number >= 0 else { continue }
            // A folder that was renamed keeps its number, and is known by its new name from now on.
            if let old = folders.updateValue(path, forKey: number) { watched.remove(old) }
            watched.insert(path)
        }
        return watched.count > count
    }

    /// The events since the last call.
    package struct News: Sendable {
        /// Anything that asks for a look.
        package var isAny = false
        /// Paths that files were renamed to.
        package var renamed: Set<String> = []
        /// Paths of files that were made or written: a rename before that proves nothing any more.
        package var written: Set<String> = []
    }

    /// Waits for news, a signal (which ends any wait), or the time.
    package func wait(seconds: Double, cancellation: Cancellation) {
        let end = FolderClock.steady + Int(min(max(seconds, 0), 86_400) * 1e9)
        // Events that are no news, as of hidden files (a look makes one itself), do not end it.
        while !pending.isAny, !cancellation.isCancelled {
            let rest = end - FolderClock.steady
            guard rest > 0 else { return }
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // A signal that comes just before the call does not end it: no call is longer than half a second. A negative
            // descriptor is none.
            if Glibc.poll(&poll, 1, Int32(min(rest / 1_000_000 + 1, 500))) > 0 { collect() }
        }
    }

    /// Waits for the time alone, or a cancellation.
    static func pause(seconds: Double, cancellation: Cancellation) {
        let end = FolderClock.steady + Int(seconds * 1e9)
        while !cancellation.isCancelled, FolderClock.steady < end {
            usleep(useconds_t(min(max(0, end - FolderClock.steady) / 1000 + 1, 500_000)))
        }
    }

    /// Takes what is there, without waiting.
    package func take() -> News {
        collect()
        defer { pending = News() }
        return pending
    }

    private func collect() {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                var position = 0
                while position + MemoryLayout<inotify_event>.size <= count {
                    let event = buffer.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                    let name = position + MemoryLayout<inotify_event>.size
                    position = name + Int(event.len)
                    note(event, name: event.len > 0 ? buffer.baseAddress.map { $0 + name } : nil)
                }
            }
        }
    }

    private func note(_ event: inotify_event, name: UnsafeMutableRawPointer?) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            pending.isAny = true
            return
        }
        if event.mask & UInt32(IN_IGNORED) != 0 {
            if let folder = folders.removeValue(forKey: event.wd) { watched.remove(folder) }
            pending.isAny = true
            return
        }
        // Hidden files are uploads under way, and the clock's own.
        guard let folder = folders[event.wd], let name,
            let file = String(validatingCString: name.assumingMemoryBound(to: CChar.self)), !file.hasPrefix(".")
        else { return }
        let path = (folder.hasSuffix("/") ? folder : folder + "/") + file
        pending.isAny = true
        if event.mask & UInt32(IN_MOVED_TO) != 0 {
            pending.renamed.insert(path)
            pending.written.remove(path)
        } else if event.mask & UInt32(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_DELETE) != 0 {
            pending.written.insert(path)
            pending.renamed.remove(path)
        }
    }
}
