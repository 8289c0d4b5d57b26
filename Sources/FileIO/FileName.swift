import Foundation

/// The parts of a path, taken as text. Nothing is looked up on the disk.
package enum FileName {
    /// Returns what follows the last "/". A "/" at the end is ignored.
    package static func last(of path: some StringProtocol) -> String {
        String(path.split(separator: "/", omittingEmptySubsequences: true).last ?? "")
    }

    /// Returns the name without its last extension: "a.b" of "x/a.b.tif", ".a" of ".a".
    package static func stem(of path: some StringProtocol) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return name }
        return String(name[..<point])
    }

    /// Returns the path without its last extension: "x/a" of "x/a.tif".
    package static func withoutExtension(_ path: String) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return path }
        return String(path[..<path.lastIndex(of: ".")!])
    }

    /// Returns the path with another extension: "masks/a.qml" of "masks/a.tif". A name without an extension gets it.
    package static func replacingExtension(of path: String, by newExtension: String) -> String {
        withoutExtension(path) + "." + newExtension
    }

    /// Returns the extension in small letters, without the point, or an empty text if there is none.
    package static func pathExtension(of path: some StringProtocol) -> String {
        let name = last(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
        return name[name.index(after: point)...].lowercased()
    }

    /// Returns the folder of a path, without a "/" at its end except for the root; "." for a plain name.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Returns the path of a name in a folder.
    package static func joined(_ folder: String, _ name: String) -> String {
        folder + (folder.hasSuffix("/") ? "" : "/") + name
    }

    /// Returns the way from a folder to a file, such as `../masks/a.tif`, by their names alone: whoever follows it has opened the
    /// folder by the same name. nil where there is none, as from a local folder into object storage.
    package static func relative(_ path: String, from folder: String) -> String? {
        guard path.hasPrefix("/vsi") == folder.hasPrefix("/vsi") else { return nil }
        func steps(_ path: String) -> [Substring] {
            let isRemote = path.hasPrefix("/vsi")
            return (isRemote ? path : URL(fileURLWithPath: path.isEmpty ? "." : path).standardized.path).split(
                separator: "/")
        }
        let (start, places) = (steps(folder), steps(path))
        let common = zip(start, places).prefix { $0 == $1 }.count
        let up = Array(repeating: Substring(".."), count: start.count - common)
        return (up + places[common...]).joined(separator: "/")
    }
}
