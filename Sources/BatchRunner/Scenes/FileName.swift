/// Parts of a path, as text.
enum FileName {
    /// What follows the last "/".
    static func last(of path: some StringProtocol) -> String {
        String(path.split(separator: "/", omittingEmptySubsequences: true).last ?? "")
    }

    /// The name without its last extension: "a.b" of "x/a.b.tif", ".a" of ".a".
    static func stem(of path: some StringProtocol) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return name }
        return String(name[..<point])
    }

    /// A path without its last extension.
    static func withoutExtension(_ path: String) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return path }
        return String(path[..<path.lastIndex(of: ".")!])
    }

    /// In small letters, without the point; empty where there is none.
    static func pathExtension(of path: some StringProtocol) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
        return name[name.index(after: point)...].lowercased()
    }

    /// The folder that a path lies in, without a "/" at its end but for the root; "." for a plain name.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func joined(_ folder: String, _ name: String) -> String {
        folder + (folder.hasSuffix("/") ? "" : "/") + name
    }
}
