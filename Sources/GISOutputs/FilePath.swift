/// Names of files beside others.
enum FilePath {
    /// "masks/a.tif" with "qml" is "masks/a.qml"; a name without an extension is given one.
    static func replacingExtension(of path: String, by newExtension: String) -> String {
        folder(of: path) + stem(of: path) + "." + newExtension
    }

    /// With the slash at its end; empty for a path without one.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    static func name(of path: String) -> String { String(path.dropFirst(folder(of: path).count)) }

    /// The name without its last extension; a leading dot begins none.
    static func stem(of path: String) -> String {
        let name = name(of: path)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }
}
