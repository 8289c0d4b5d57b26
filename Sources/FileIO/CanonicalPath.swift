import Foundation
import Glibc

/// The one path of a file, whatever folder a command was called from and whatever links lead there.
package enum CanonicalPath {
    /// Returns the absolute path with the links in all its folders resolved; GDAL's own paths (`/vsi…`, and names such as
    /// `NETCDF:file:variable` of which no file is there) stay as they are.
    ///
    /// A link that is itself the file keeps its name, as what it leads to may be replaced. The file need not be there, but
    /// its folder has to be; else the path stays as it is.
    package static func named(_ path: String) -> String {
        guard !path.hasPrefix("/vsi") else { return path }
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)[...]
        guard let name = parts.popLast(), name != ".", name != ".." else { return existing(path) ?? path }
        let folder = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        guard let place = existing(folder.isEmpty ? "." : folder) else { return path }
        let file = (place == "/" ? "" : place) + "/" + name
        // A relative name with a colon and without a file is GDAL's name of a part of a container.
        if path.contains(":"), !path.hasPrefix("/"), access(file, F_OK) != 0 { return path }
        return file
    }

    /// Returns where a path leads, all links resolved; nil where nothing is there.
    package static func existing(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Returns where a path leads, or would if there were something: absolute, all links that are there resolved, and
    /// without a "/" at its end.
    package static func destination(of path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }

    /// Returns true if two paths lead to the same place, whether or not there is anything.
    package static func leadToOne(_ path: String, _ other: String) -> Bool {
        destination(of: path) == destination(of: other)
    }
}
