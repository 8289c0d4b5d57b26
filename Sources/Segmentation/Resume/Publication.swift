import FileIO
import Foundation
import Glibc

/// The finished files of a run that are about to get their names, so that a run that is killed between the first and the
/// last is not mistaken for somebody else's outputs.
struct Publication: Codable {
    static let name = "publication"

    /// A file as it is under any of its names.
    private struct Entry: Codable, Equatable {
        /// The name that it gets.
        let path: String
        let device: UInt64
        let inode: UInt64
        let bytes: Int
        let modified: Int

        /// - Parameter file: where it is now.
        init?(path: String, file: String) {
            guard let status = FileStatus(path: file, followsLinks: false), status.kind == .file else { return nil }
            self.path = path
            (device, inode) = (status.device, status.inode)
            (bytes, modified) = (status.size, status.modified)
        }
    }

    private let entries: [Entry]

    /// - Parameter files: finished, by their final names and those that they have now.
    init(_ files: [(path: String, staged: String)]) {
        entries = files.compactMap { Entry(path: $0.path, file: $0.staged) }
    }

    /// The one that a killed run left.
    ///
    /// - Parameter folder: its work folder.
    init?(folder: String) {
        guard let data = WorkFolder.read(folder + "/" + Self.name),
            let read = try? JSONDecoder().decode(Self.self, from: data)
        else { return nil }
        self = read
    }

    /// Whether what is there under an output's name, and under that of its sidecar, comes from that run.
    func covers(_ output: String) -> Bool {
        [output, output + ".aux.xml"].allSatisfy { path in
            access(path, F_OK) != 0 || entries.contains { $0 == Entry(path: path, file: path) }
        }
    }

    /// Takes the names of these outputs away again from files that have them.
    func withdraw(_ outputs: [String]) {
        let names = outputs.flatMap { [$0, $0 + ".aux.xml"] }
        for entry in entries where names.contains(entry.path) && Entry(path: entry.path, file: entry.path) == entry {
            unlink(entry.path)
        }
    }
}
