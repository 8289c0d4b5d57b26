import Glibc
package import StoredTensors
package import WeightFiles

/// A file of given bytes without a name, which goes with this object: tests make tens of thousands of them.
package final class MemoryFile {
    private let descriptor: Int32

    /// Writes the bytes to a file that has no name from then on.
    package init(_ bytes: [UInt8]) {
        let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(folder)/overtile-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
        precondition(
            write(descriptor, bytes, bytes.count) == bytes.count, "no memory for a file of \(bytes.count) bytes")
    }

    /// A path by which this process opens the file.
    package var path: String { "/proc/self/fd/\(descriptor)" }

    deinit { close(descriptor) }
}

extension Checkpoint {
    /// Reads a model file of these bytes.
    package static func read(bytes: some Collection<UInt8>, key: String? = nil) throws -> StateDict {
        let file = MemoryFile(Array(bytes))
        defer { withExtendedLifetime(file) {} }
        return try read(path: file.path, key: key)
    }

    /// The error that reading a model file of these bytes throws, or nil.
    package static func error(bytes: some Collection<UInt8>) throws -> ModelFileError? {
        do {
            _ = try read(bytes: bytes)
            return nil
        } catch let error as ModelFileError {
            return error
        }
    }
}

extension StateDict {
    /// The element type of every tensor by name; nothing for tensors that come from no file.
    package var elementTypes: [String: ElementType] {
        Dictionary(uniqueKeysWithValues: tensors.compactMap { name, tensor in tensor.type.map { (name, $0) } })
    }

    /// The elements of every tensor by name.
    package var elements: [String: [Float]] {
        Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor.elements()) })
    }
}

extension FixedWidthInteger {
    /// The integer as it stands in files.
    package var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension [Float] {
    /// The numbers as they stand in files.
    package var littleEndianBytes: [UInt8] { flatMap(\.bitPattern.littleEndianBytes) }
}
