import Glibc
import Synchronization

/// Mapped files that another program cuts short while they are read.
///
/// A page that its file no longer has raises SIGBUS where it is touched, which would end the process. The handler here
/// puts a page of zeros in its place, as systemd's journal does, and takes down that the file was cut. Whoever reads goes
/// on with zeros; what comes of them is never kept: a model that was read from them is refused, and no output gets its
/// name while such a file is mapped (`Publication`). A SIGBUS anywhere else takes its usual course.
package enum CutFiles {
    /// A mapping in the table that the handler looks through. Zeros are a free place.
    private struct Place {
        var start: UInt = 0
        var end: UInt = 0
        var isCut = false
    }

    /// The most mapped files that are watched over at the same time: more than a model's external data have.
    private static let mostPlaces = 1 << 14

    // Unsafe: written by `add` and `remove` under the lock, and read by the handler, which may take none. A place becomes
    // valid with its end, the last word that is written.
    nonisolated(unsafe) private static let places: UnsafeMutablePointer<Place> = {
        let places = UnsafeMutablePointer<Place>.allocate(capacity: mostPlaces)
        places.initialize(repeating: Place(), count: mostPlaces)
        return places
    }()
    nonisolated(unsafe) private static var usedPlaces = 0
    nonisolated(unsafe) private static var pageSize: UInt = 4096
    nonisolated(unsafe) private static var earlierAction = sigaction()
    private static let cutCount = Atomic<Int>(0)

    private struct State {
        var isWatching = false
        /// The paths of the mappings, by their place.
        var paths: [Int: String] = [:]
        /// The path of the file that was found to be cut last.
        var lastCut: String?
    }
    private static let state = Mutex(State())

    /// How many pages have been found missing so far, to be compared after reading.
    package static var count: Int { cutCount.load(ordering: .sequentiallyConsistent) }

    /// The path of a file that was cut and is still mapped, if there is one.
    package static var mappedPath: String? {
        state.withLock { state in state.paths.first { places[$0.key].isCut }?.value }
    }

    /// The path of a file that was cut, if any was.
    package static var lastPath: String? { mappedPath ?? state.withLock { $0.lastCut } }

    /// Watches over a mapping.
    ///
    /// - Returns: its place in the table, or nil where there is no room.
    static func add(_ base: UnsafeMutableRawPointer, count: Int, path: String) -> Int? {
        state.withLock { state in
            if !state.isWatching { watch() }
            state.isWatching = true
            guard let place = (0..<mostPlaces).first(where: { places[$0].end == 0 }) else { return nil }
            places[place].isCut = false
            places[place].start = UInt(bitPattern: base)
            places[place].end = UInt(bitPattern: base) + UInt(count)
            usedPlaces = max(usedPlaces, place + 1)
            state.paths[place] = path
            return place
        }
    }

    static func remove(_ place: Int) {
        state.withLock { state in
            if places[place].isCut { state.lastCut = state.paths[place] }
            state.paths[place] = nil
            (places[place].end, places[place].start) = (0, 0)
        }
    }

    private static func watch() {
        pageSize = UInt(sysconf(Int32(_SC_PAGESIZE)))
        _ = (places, cutCount.load(ordering: .relaxed))  // made here, and not in the handler
        var action = sigaction()
        action.sa_flags = SA_SIGINFO
        sigemptyset(&action.sa_mask)
        action.__sigaction_handler.sa_sigaction = { _, info, _ in
            let address = info.map { UInt(bitPattern: $0.pointee._sifields._sigfault.si_addr) } ?? 0
            guard !CutFiles.replacePage(at: address) else { return }
            sigaction(SIGBUS, &CutFiles.earlierAction, nil)
            // A fault comes again by itself, and what another process has sent does not.
            if let info, info.pointee.si_code <= 0 { kill(getpid(), SIGBUS) }
        }
        sigaction(SIGBUS, &action, &earlierAction)
    }

    /// Puts a page of zeros where a file has lost its own. It runs in the signal's handler, and allocates nothing.
    ///
    /// - Returns: false where no mapped file lies.
    private static func replacePage(at address: UInt) -> Bool {
        let page = address / pageSize * pageSize
        for index in 0..<usedPlaces where places[index].start <= address && address < (places[index].end + pageSize - 1)
        {
            let anonymous = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
            let made = mmap(UnsafeMutableRawPointer(bitPattern: page), Int(pageSize), PROT_READ, anonymous, -1, 0)
            guard made != MAP_FAILED else { return false }
            places[index].isCut = true
            cutCount.add(1, ordering: .sequentiallyConsistent)
            return true
        }
        return false
    }
}

extension FileError {
    /// The error that a file became shorter while it was being read.
    package static func cutShort(_ path: String) -> FileError {
        FileError(
            .readFailed, "read", path: path, "it became shorter while it was being read",
            advice: "replace such files by renaming, never in place, and run again")
    }
}
