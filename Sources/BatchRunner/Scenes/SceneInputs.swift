import FileIO
import Foundation
import Glibc
import RasterIO

/// The scenes that a command line names: files, folders, patterns and lists; folders and patterns in object storage too.
package struct SceneInputs: Sendable {
    /// The scenes as they were named, or as folder and name; none is there twice.
    package private(set) var scenes: [String] = []
    /// The scenes that were named one by one, and not found in a folder or by a pattern.
    package private(set) var named: Set<String> = []
    /// Inputs that gave no scene.
    package private(set) var warnings: [String] = []

    private let names: SceneNames
    private let isRecursive: Bool
    /// Canonical paths of files that are no scenes, found in folders and by patterns.
    private let ignored: Set<String>
    private var seen: Set<String> = []

    /// Expands inputs in their order; what one of them gives is sorted.
    ///
    /// - Parameters:
    ///   - inputs: a file that exists; a folder; `@list.txt`, an input on each line; a pattern with `*`, `?` or `[`; or
    ///     anything else that GDAL may open. A file that is missing is a scene, too: one that will fail.
    ///   - ignoring: canonical paths that folders and patterns do not give, such as outputs.
    /// - Throws: `BatchError` for a list or folder that cannot be read, and a pattern that nothing matches; `FileError` for a
    ///   folder in object storage that cannot be listed.
    package init(
        _ inputs: [String], names: SceneNames = SceneNames(), recursive: Bool = false, ignoring: Set<String> = []
    ) throws {
        self.names = names
        isRecursive = recursive
        ignored = ignoring
        for input in inputs { try add(input, mayBeList: true) }
    }

    private mutating func add(_ input: String, mayBeList: Bool) throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: input, isDirectory: &isFolder)
        if exists, isFolder.boolValue, SceneProduct.isName(FileName.last(of: input), isFolder: true) {
            append(input)
        } else if exists, isFolder.boolValue {
            append(try files(in: input), of: input)
        } else if RemoteFile.isRemote(input), Self.isPattern(input) {
            for match in try Self.objects(matching: input) where !ignored.contains(match) { append(match) }
        } else if RemoteFile.isRemote(input), isRemoteFolder(input) {
            append(try objects(in: input), of: input)
        } else if !exists, mayBeList, input.hasPrefix("@") {
            for line in try Self.lines(of: String(input.dropFirst())) { try add(line, mayBeList: false) }
        } else if !exists, !input.hasPrefix("/vsi"), Self.isPattern(input) {
            for match in try Self.matches(of: input) where !ignored.contains(CanonicalPath.named(match)) {
                append(match)
            }
        } else {
            append(input)
            named.insert(input)
        }
    }

    /// Takes what a folder has, but for files that are no scenes.
    private mutating func append(_ files: [String], of folder: String) {
        let found = files.filter { !ignored.contains(CanonicalPath.named($0)) }
        if found.isEmpty {
            let how = names.patterns.isEmpty ? "with a scene's extension" : "that fits --pattern"
            let below = isRecursive ? "" : "; --recursive looks into its folders, too"
            warnings.append("\(folder): there is no file \(how)\(below)")
        }
        found.forEach { append($0) }
    }

    private mutating func append(_ scene: String) {
        if seen.insert(CanonicalPath.named(scene)).inserted { scenes.append(scene) }
    }

    private func files(in folder: String) throws(BatchError) -> [String] {
        var found: [String] = []
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw BatchError(.noInput, "cannot read the folder \(folder): its rights forbid it, or its disk is gone")
        }
        for name in entries where !name.hasPrefix(".") {
            let path = FileName.joined(folder, name)
            switch FileStatus(path: path)?.kind {
            case .folder where names.matchesFolder(name):
                found.append(path)
            case .folder where isRecursive:
                // A link to a folder may lead in a circle.
                guard FileStatus(path: path, followsLinks: false)?.kind == .folder else { continue }
                found += try files(in: path)
            case .file where names.matches(name): found.append(path)
            default: continue  // a link that leads nowhere, or gone meanwhile, among others
            }
        }
        return found
    }

    private static func isPattern(_ input: String) -> Bool { input.contains { "*?[".contains($0) } }

    /// A name that a scene may have is taken for an object's, without asking.
    private func isRemoteFolder(_ input: String) -> Bool {
        let name = FileName.last(of: input)
        return input.hasSuffix("/") || !(names.matches(name) || names.matchesFolder(name)) && RemoteFolder.exists(input)
    }

    private func objects(in folder: String) throws(FileError) -> [String] {
        var found: [String] = []
        for entry in try RemoteFolder.entries(of: folder, recursive: isRecursive) {
            let inner = entry.path.dropFirst(folder.count).split(separator: "/")
            guard let name = inner.last.map(String.init), !inner.contains(where: { $0.hasPrefix(".") }),
                !RemoteFile.isStack(entry.path)
            else { continue }
            // What lies in the folder of a product is a part of it.
            let folders = entry.isFolder ? inner : inner.dropLast()
            if let product = folders.firstIndex(where: { names.matchesFolder(String($0)) }) {
                found.append(FileName.joined(folder, inner[...product].joined(separator: "/")))
            } else if !entry.isFolder, names.matches(name) {
                found.append(entry.path)
            }
        }
        return found
    }

    /// Objects, in order; folders are not looked into.
    private static func objects(matching pattern: String) throws -> [String] {
        let fixed = pattern.split(separator: "/", omittingEmptySubsequences: false).prefix { !isPattern(String($0)) }
        let folder = fixed.joined(separator: "/")
        // Names of one folder, or of folders below it.
        let isFlat = fixed.count + 1 == pattern.split(separator: "/", omittingEmptySubsequences: false).count
        let found = try RemoteFolder.entries(of: folder, recursive: !isFlat).filter {
            !$0.isFolder && !RemoteFile.isStack($0.path) && fnmatch(pattern, $0.path, FNM_PATHNAME | FNM_PERIOD) == 0
        }
        guard !found.isEmpty else { throw BatchError(.noInput, "no object fits the pattern \(pattern)") }
        return found.map(\.path)
    }

    /// Without empty lines and those that begin with `#`.
    private static func lines(of path: String) throws(BatchError) -> [String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw BatchError(.noInput, "cannot read the list \(path): it is not there, or no text in UTF-8")
        }
        return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    /// Files, in order; folders are not looked into.
    private static func matches(of pattern: String) throws(BatchError) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0 else {
            throw BatchError(.noInput, "no file fits the pattern \(pattern)")
        }
        return (0..<Int(result.gl_pathc)).compactMap { index in
            guard let path = result.gl_pathv[index].map({ String(cString: $0) }) else { return nil }
            let isFolder = FileStatus(path: path)?.kind == .folder
            return isFolder && !SceneProduct.isName(FileName.last(of: path), isFolder: true) ? nil : path
        }
    }
}

/// The rule that tells which files of a folder are scenes, by their names.
package struct SceneNames: Equatable, Sendable {
    /// Formats that are rarely anything but scenes. Pictures (PNG, JPEG) are often previews of the scene beside them:
    /// `--pattern` takes those.
    package static let extensions: Set = [
        "tif", "tiff", "vrt", "jp2", "j2k", "img", "ntf", "nitf", "bil", "ers", "ecw", "sid", "kea",
    ]

    /// Patterns as a shell has them, such as `*_ms.tif`; empty for all names with one of `extensions`.
    package let patterns: [String]

    /// Makes a rule from patterns; without any, extensions decide.
    package init(patterns: [String] = []) { self.patterns = patterns }

    /// Returns true if a folder's file of this name, without the path before it, is taken for a scene. Hidden ones never are:
    /// outputs under way are among them.
    package func matches(_ name: String) -> Bool {
        guard !name.hasPrefix(".") else { return false }
        if patterns.isEmpty {
            return Self.extensions.contains(FileName.pathExtension(of: name))
                || SceneProduct.isName(name, isFolder: false)
        }
        return isNamed(name)
    }

    /// Returns true if a folder of this name, without the path before it, is taken for a scene: that of a satellite product.
    package func matchesFolder(_ name: String) -> Bool {
        !name.hasPrefix(".") && SceneProduct.isName(name, isFolder: true) && (patterns.isEmpty || isNamed(name))
    }

    private func isNamed(_ name: String) -> Bool { patterns.contains { fnmatch($0, name, FNM_PERIOD) == 0 } }
}
