import Glibc

/// The one name of a scene, whatever folder a command was called from.
public enum ScenePath {
    /// The absolute path, links in the folders before the last part resolved; GDAL's own paths (`/vsi…`, and names such as
    /// `NETCDF:file:variable` of which no file is there) stay as they are.
    ///
    /// A link that is itself the scene keeps its name: what it leads to may be replaced.
    public static func canonical(_ path: String) -> String {
        guard !path.hasPrefix("/vsi") else { return path }
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)[...]
        guard let name = parts.popLast(), name != ".", name != ".." else { return resolved(path) ?? path }
        let folder = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        guard let place = resolved(folder.isEmpty ? "." : folder) else { return path }
        let file = (place == "/" ? "" : place) + "/" + name
        // A relative name with a colon and without a file is GDAL's name of a part of a container.
        if path.contains(":"), !path.hasPrefix("/"), access(file, F_OK) != 0 { return path }
        return file
    }

    private static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
