import Dispatch
package import FileIO
import Foundation
import Glibc
import RasterIO

/// One look over a folder: what may be a scene in it, with size and times, and nothing opened. The folder of a satellite
/// product is a scene too. In object storage, a folder's objects are scenes, and each is complete when it is there; folders
/// of products are left out there.
///
/// A folder that is watched for years holds very many scenes that are long done: a file costs one system call and some
/// 150 bytes. Hidden files and folders, uploads under a temporary name, sidecars, and the folders of Overtile's own
/// outputs are left out (see `ArrivalNames`).
package struct FolderScan: Sendable {
    /// The files, in no particular order.
    package var files: [ScannedFile] = []
    /// The folders that were looked through, the watched one first.
    package private(set) var folders: [String] = []
    /// The parts that could not be looked at, a line each; the scan goes on without them.
    package private(set) var problems: [String] = []

    /// Looks through a folder.
    ///
    /// - Parameters:
    ///   - folder: its path, without a slash at its end unless it is the root.
    ///   - recursive: whether folders within it are looked through too. Links to folders are not followed: they may lead
    ///     in circles.
    ///   - accepts: whether a file of this name is wanted.
    ///   - acceptsFolder: whether a folder of this name is a scene.
    ///   - excluding: folders that are left out, by whatever path they are reached.
    /// - Throws: `FileError.Code.noSuchFile` or `.permissionDenied` where the folder itself cannot be looked at.
    package init(
        folder: String, recursive: Bool, excluding: [String] = [], accepts: (String) -> Bool = { _ in true },
        acceptsFolder: (String) -> Bool = { _ in false }
    ) throws(FileError) {
        if RemoteFile.isRemote(folder) {
            try list(folder, recursive: recursive, excluding: excluding, accepts: accepts)
            return
        }
        var seen = Set(excluding.compactMap { FileStatus(path: $0)?.identity })
        var pending = [folder]
        while let next = pending.popLast() {
            guard let descriptor = Self.open(next) else {
                let number = errno
                if next == folder { throw Self.failure(folder, number) }
                // A folder may be moved away while others are looked through.
                if number != ENOENT { problems.append(Self.failure(next, number).message) }
                continue
            }
            guard let identity = FileStatus(descriptor: descriptor)?.identity, seen.insert(identity).inserted,
                let stream = fdopendir(descriptor)
            else {
                close(descriptor)
                continue
            }
            defer { closedir(stream) }
            folders.append(next)
            pending += read(
                stream, descriptor, next, recursive: recursive, accepts: accepts, acceptsFolder: acceptsFolder)
        }
    }

    /// Takes in the objects of a folder in object storage.
    private mutating func list(
        _ folder: String, recursive: Bool, excluding: [String], accepts: (String) -> Bool
    ) throws(FileError) {
        let entries: [RemoteFolder.Entry]
        do {
            entries = try RemoteFolder.entries(of: folder, recursive: recursive)
        } catch  where error.code == .noSuchFile {
            // A folder without objects is none, until the first scene comes.
            return
        }
        for entry in entries where !entry.isFolder {
            let inner = entry.path.dropFirst(folder.count).split(separator: "/")
            guard let name = inner.last, !inner.contains(where: { $0.hasPrefix(".") }), !RemoteFile.isStack(entry.path),
                !excluding.contains(where: { entry.path.hasPrefix($0 + "/") }), ArrivalNames.part(of: name) == .scene,
                accepts(String(name))
            else { continue }
            files.append(
                ScannedFile(path: entry.path, stamp: entry.stamp, changed: entry.stamp.modified, isComplete: true))
        }
    }

    /// Takes in one folder's entries.
    ///
    /// - Returns: the folders in it.
    private mutating func read(
        _ stream: OpaquePointer, _ descriptor: Int32, _ folder: String, recursive: Bool, accepts: (String) -> Bool,
        acceptsFolder: (String) -> Bool
    ) -> [String] {
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        let first = files.count
        var inner: [String] = []
        var markers: Set<Substring> = []
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
        while let entry = readdir(stream) {
            let bytes = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if bytes[0] == CChar(bitPattern: UInt8(ascii: ".")) { continue }
            guard let name = String(validatingCString: bytes) else {
                problems.append("\(prefix)\(String(cString: bytes)) is left out: its name is not UTF-8; rename it")
                continue
            }
            if Int32(entry.pointee.d_type) != Int32(DT_REG), acceptsFolder(name),
                let status = FileStatus(scene: prefix + name), status.kind == .folder
            {
                files.append(ScannedFile(path: prefix + name, status))
                continue
            }
            if Int32(entry.pointee.d_type) == Int32(DT_DIR) {
                if recursive { inner.append(prefix + name) }
                continue
            }
            switch ArrivalNames.part(of: name[...]) {
            case .other: continue
            case .marker: markers.insert(ArrivalNames.stem(of: name[...]))
            case .scene:
                guard accepts(name) else { continue }
                guard let status = FileStatus(name: bytes, inFolder: descriptor) else { continue }
                switch status.kind {
                case .file: files.append(ScannedFile(path: prefix + name, status))
                // File systems that do not tell kinds leave it to this call.
                case .folder where Int32(entry.pointee.d_type) == Int32(DT_UNKNOWN) && recursive:
                    inner.append(prefix + name)
                default: continue
                }
            }
        }
        guard !markers.isEmpty else { return inner }
        for index in first..<files.count {
            let name = files[index].path.dropFirst(prefix.count)
            files[index].hasMarker = markers.contains(name) || markers.contains(ArrivalNames.stem(of: name))
        }
        return inner
    }

    private static func open(_ path: String) -> Int32? {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return descriptor < 0 ? nil : descriptor
    }

    private static func failure(_ folder: String, _ number: Int32) -> FileError {
        FileError(
            number == EACCES ? .permissionDenied : .noSuchFile, "look through the folder", path: folder,
            String(cString: strerror(number)), advice: "check its name and rights")
    }
}

/// The facts that a folder holds about a file that may be a scene, without opening it.
package struct ScannedFile: Equatable, Sendable {
    /// The folder's path as given, and the file's within it.
    package var path: String
    /// The file's size and the time of the last change to its contents.
    package var stamp: FileStamp
    /// The time at which the file was last written, renamed or given other rights, in nanoseconds since 1970. A rename changes this
    /// and leaves `stamp.modified`.
    package var changed: Int
    /// True if `scene.tif.done` or `scene.done` lies beside it.
    package var hasMarker: Bool
    /// True for an object in object storage, which appears as a whole.
    package var isComplete: Bool

    /// Makes what a folder would say of a file.
    package init(path: String, stamp: FileStamp, changed: Int, hasMarker: Bool = false, isComplete: Bool = false) {
        self.path = path
        self.stamp = stamp
        self.changed = changed
        self.hasMarker = hasMarker
        self.isComplete = isComplete
    }

    init(path: String, _ status: FileStatus) {
        self.init(
            path: path, stamp: FileStamp(size: status.size, modified: status.modified), changed: status.changed)
    }

    /// The time at which the younger of its markers was written, in nanoseconds since 1970.
    func markerTime() -> Int? {
        guard hasMarker else { return nil }
        let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        let stem = path[..<ArrivalNames.stem(of: name).endIndex]
        return ["\(path).\(ArrivalNames.marker)", "\(stem).\(ArrivalNames.marker)"]
            .compactMap { FileStamp(path: $0)?.modified }.max()
    }
}

/// The time by the clock that dates a folder's files.
///
/// On a network file system that is another machine's, which may be minutes off: a file that is written this moment can
/// look old. A new file's time tells.
enum FolderClock {
    /// Makes a hidden file for a moment.
    ///
    /// - Returns: nanoseconds since 1970; this machine's own time where the folder may not be written.
    static func now(in folder: String) -> Int {
        let path = "\(folder)/.overtile-clock-\(getpid())"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return local }
        defer {
            close(descriptor)
            unlink(path)
        }
        return FileStatus(descriptor: descriptor)?.modified ?? local
    }

    /// Nanoseconds since 1970 by this machine's clock.
    static var local: Int { Int(Date().timeIntervalSince1970 * 1e9) }

    /// Nanoseconds by a clock that nobody sets.
    static var steady: Int { Int(DispatchTime.now().uptimeNanoseconds) }
}
