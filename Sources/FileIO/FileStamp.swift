/// The size and the time of a file: what tells cheaply that it was replaced or is still growing.
public struct FileStamp: Codable, Hashable, Sendable {
    /// The size in bytes.
    public var size: Int
    /// The time of the last change to the contents, in nanoseconds since 1970.
    public var modified: Int

    /// Makes a stamp of known numbers, in bytes and in nanoseconds since 1970.
    public init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }

    /// Asks the system for the stamp of a file; links are followed.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    public init?(path: String) {
        guard let status = FileStatus(path: path) else { return nil }
        self = status.stamp
    }

    /// What stands for a scene that is no local file, such as one on a server.
    public static let unknown = FileStamp(size: 0, modified: 0)
}
