package import FileIO

/// What a folder says of a file that may be a scene, without opening it.
public struct ScannedFile: Equatable, Sendable {
    /// The folder's path as given, and the file's within it.
    public var path: String
    package var stamp: FileStamp
    /// When the file was last written, renamed or given other rights, in nanoseconds since 1970. A rename changes this
    /// and leaves `stamp.modified`.
    public var changed: Int
    /// Whether `scene.tif.done` or `scene.done` lies beside it.
    public var hasMarker: Bool

    package init(path: String, stamp: FileStamp, changed: Int, hasMarker: Bool = false) {
        self.path = path
        self.stamp = stamp
        self.changed = changed
        self.hasMarker = hasMarker
    }

    init(path: String, _ status: FileStatus) {
        self.init(
            path: path, stamp: FileStamp(size: status.size, modified: status.modified), changed: status.changed)
    }

    /// When the younger of its markers was written, in nanoseconds since 1970.
    func markerTime() -> Int? {
        guard hasMarker else { return nil }
        let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        let stem = path[..<ArrivalNames.stem(of: name).endIndex]
        return ["\(path).\(ArrivalNames.marker)", "\(stem).\(ArrivalNames.marker)"]
            .compactMap { FileStamp(path: $0)?.modified }.max()
    }
}
