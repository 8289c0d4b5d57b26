/// Where an output goes: the file that its path leads to.
struct OutputPlace {
    /// The file itself: where the path is a symbolic link, what it points to, whether or not that is there.
    let path: String

    /// The bytes of a name, on all file systems of Linux that outputs are written to.
    private static let longestName = 255

    /// Follows the links of a path.
    ///
    /// - Parameter suffix: what is appended to the output's name for the longest name beside it.
    /// - Throws: `.cannotCreate` for links without an end, for devices, and for names that are too long.
    init(_ named: String, suffix: String = "") throws(FileError) {
        let steps = CanonicalPath.links(from: named)
        guard let path = steps.last else {
            throw FileError(.cannotCreate, path: named, "its links lead in a circle", advice: "choose another name")
        }
        // Such as /dev/stdout, which leads to whatever file the output of the program goes to.
        for step in steps where Self.isDevice(CanonicalPath.named(step)) {
            throw FileError(
                .cannotCreate, path: named, "it is a device, or a file of the system's own", advice: "name a file")
        }
        let name = FileName.last(of: path)
        guard name.utf8.count + suffix.utf8.count <= Self.longestName else {
            let room = suffix.isEmpty ? "" : ", and \(suffix) is put behind it for the file beside it"
            throw FileError(
                .cannotCreate, path: named,
                "its name has \(name.utf8.count) bytes\(room): no name is longer than \(Self.longestName)",
                advice: "choose a shorter one")
        }
        self.path = path
    }

    private static func isDevice(_ path: String) -> Bool {
        ["/dev", "/proc", "/sys"].contains { path.hasPrefix($0 + "/") } && !path.hasPrefix("/dev/shm/")
    }
}
