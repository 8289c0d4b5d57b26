import Glibc
import ModelWeights
import Tensors

/// A file of given bytes without a name, which goes with this object: tests make tens of thousands of them.
final class MemoryFile {
    private let descriptor: Int32

    init(_ bytes: [UInt8]) {
        let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(folder)/overtile-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
        precondition(
            write(descriptor, bytes, bytes.count) == bytes.count, "no memory for a file of \(bytes.count) bytes")
    }

    var path: String { "/proc/self/fd/\(descriptor)" }

    deinit { close(descriptor) }
}

extension Checkpoint {
    /// Reads a model file of these bytes.
    static func read(bytes: some Collection<UInt8>) throws -> StateDict {
        let file = MemoryFile(Array(bytes))
        defer { withExtendedLifetime(file) {} }
        return try read(path: file.path)
    }

    /// The error that reading a model file of these bytes throws, or nil.
    static func error(bytes: some Collection<UInt8>) throws -> WeightsError? {
        do {
            _ = try read(bytes: bytes)
            return nil
        } catch let error as WeightsError {
            return error
        }
    }
}

extension StateDict {
    /// The elements of every tensor by name.
    var elements: [String: [Float]] {
        Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor.elements()) })
    }
}

extension FixedWidthInteger {
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension [Float] {
    var littleEndianBytes: [UInt8] { flatMap(\.bitPattern.littleEndianBytes) }
}
