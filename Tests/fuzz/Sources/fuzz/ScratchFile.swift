import Foundation

/// The file that a reader is given: in memory (`/dev/shm`), one for each process, written anew for each input.
enum ScratchFile {
    /// A folder of this process's own.
    static let folder: String = {
        let root = ProcessInfo.processInfo.environment["OVERTILE_FUZZ_FOLDER"] ?? "/dev/shm/overtile-fuzz"
        let path = "\(root)/\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }()

    /// Writes the bytes under a name in the folder, and returns the path.
    static func write(_ bytes: UnsafeRawBufferPointer, _ name: String) -> String {
        let path = "\(folder)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "the scratch file can be made")
        defer { close(descriptor) }
        precondition(Foundation.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
        return path
    }
}
