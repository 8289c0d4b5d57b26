import RasterIO

/// Size and time of a file: what tells cheaply that it was replaced or is still growing.
public struct SizeAndTime: Codable, Hashable, Sendable {
    /// Bytes.
    public var size: Int
    /// Time of the last change of its content, nanoseconds since 1970.
    public var modified: Int

    public init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }

    /// Follows links.
    ///
    /// - Returns: nil where there is nothing, or nothing that may be seen; `errno` says which.
    public init?(path: String) {
        guard let status = FileStatus(path: path) else { return nil }
        (size, modified) = (status.size, status.modified)
    }

    /// What stands for a scene that is no local file, such as one on a server.
    public static let unknown = SizeAndTime(size: 0, modified: 0)
}
