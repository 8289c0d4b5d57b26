import Foundation
import Glibc

/// The one path by which a file is known, whatever the working directory and whatever links lead there.
package enum CanonicalPath {
    /// Returns the absolute path with the links in all its folders resolved. GDAL's own paths (`/vsi…`, and names such
    /// as `NETCDF:file:variable` that are no file) stay as they are.
    ///
    /// A file that is itself a link keeps its name, because the link may be changed. The file need not exist. If its
    /// folder does not exist, the path stays as it is.
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

    /// Returns where a path leads, with all links resolved, or nil if nothing is there.
    package static func existing(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Returns where a path leads, whether or not anything is there: an absolute path with all links resolved, and without a
    /// "/" at its end.
    package static func destination(of path: String) -> String {
        // A link that leads to nothing yet counts as well: an output is written there.
        let end = links(from: path).last ?? path
        return URL(fileURLWithPath: end).resolvingSymlinksInPath().standardizedFileURL.path
    }

    /// Links that lead to links, of which there are no more anywhere (Linux's limit).
    private static let mostLinks = 40

    /// Returns a path, and step by step where it leads if its last name is a symbolic link; empty for a circle of links.
    static func links(from path: String) -> [String] {
        var steps = [path]
        while let target = try? FileManager.default.destinationOfSymbolicLink(atPath: steps[steps.count - 1]) {
            guard steps.count <= mostLinks else { return [] }
            let folder = FileName.folder(of: steps[steps.count - 1])
            steps.append(target.hasPrefix("/") ? target : FileName.joined(folder, target))
        }
        return steps
    }

    /// Returns true if two paths lead to the same place, whether or not anything is there.
    package static func leadToOne(_ path: String, _ other: String) -> Bool {
        destination(of: path) == destination(of: other)
    }
}
