/// The files that a picture is written as.
public enum PictureFormat: String, CaseIterable, Sendable {
    case png
    case jpeg
    case webp

    /// By the ending of a file's name; nil for others.
    public init?(path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "png": self = .png
        case "jpg", "jpeg": self = .jpeg
        case "webp": self = .webp
        default: return nil
        }
    }

    /// As it is called on the web.
    public var mediaType: String { "image/\(rawValue)" }

    /// Whether pixels may be transparent.
    public var hasAlpha: Bool { self != .jpeg }

    /// GDAL's driver.
    var driverName: String { rawValue.uppercased() }

    /// GDAL's creation options.
    func creationOptions(quality: Int) -> [String] {
        switch self {
        case .png: ["ZLEVEL=6"]
        case .jpeg: ["QUALITY=\(quality)", "PROGRESSIVE=ON"]
        case .webp: ["QUALITY=\(quality)"]
        }
    }
}
