import FileIO
import Glibc

/// Which files of a folder are scenes, by their names.
public struct SceneNames: Equatable, Sendable {
    /// Formats that are rarely anything but scenes. Pictures (PNG, JPEG) are often previews of the scene beside them:
    /// `--pattern` takes those.
    public static let extensions: Set = [
        "tif", "tiff", "vrt", "jp2", "j2k", "img", "ntf", "nitf", "bil", "ers", "ecw", "sid", "kea",
    ]

    /// As a shell's: `*_ms.tif`; empty for all names with one of `extensions`.
    public let patterns: [String]

    public init(patterns: [String] = []) { self.patterns = patterns }

    /// Whether a folder's file of this name, without the path before it, is taken for a scene. Hidden ones never are:
    /// outputs under way are among them.
    public func matches(_ name: String) -> Bool {
        guard !name.hasPrefix(".") else { return false }
        if patterns.isEmpty { return Self.extensions.contains(FileName.pathExtension(of: name)) }
        return patterns.contains { fnmatch($0, name, FNM_PERIOD) == 0 }
    }
}
