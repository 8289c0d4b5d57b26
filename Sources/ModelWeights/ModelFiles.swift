import FileIO
import Synchronization
import Tensors

/// The files that a model was made from, as they were when it was read: a file that takes the place of one of them
/// later changes nothing here.
final class ModelFiles: Sendable {
    /// The model file first; then those beside it with its weights, and the item that describes it.
    private let files: [MappedFile]
    /// In place of a file, where there is none.
    private let stateDict: StateDict?
    private let known = Mutex<String?>(nil)

    /// Bytes after which the memory of pages is given back, so that a checksum costs none.
    private static let piece = 8 << 20

    init(model: MappedFile, external: [MappedFile], item: MappedFile?) {
        files = [model] + external + (item.map { [$0] } ?? [])
        stateDict = nil
    }

    /// Of tensors that a program changed or made.
    init(_ stateDict: StateDict, item: MappedFile?) {
        files = item.map { [$0] } ?? []
        self.stateDict = stateDict
    }

    /// Worked out when it is first asked for.
    var checksum: String {
        known.withLock { known in
            if let known { return known }
            let sums = (stateDict.map { [Self.checksum(of: $0)] } ?? []) + files.map(Self.checksum)
            let sum = sums.count == 1 ? sums[0] : SHA256.checksum(of: sums.joined(separator: "\n"))
            known = sum
            return sum
        }
    }

    private static func checksum(of stateDict: StateDict) -> String {
        var hash = SHA256()
        for (name, tensor) in stateDict.tensors {
            Array("\(name) \(tensor.shape)\n".utf8).withUnsafeBytes { hash.add($0) }
            tensor.elements().withUnsafeBytes { hash.add($0) }
        }
        return hash.finish()
    }

    private static func checksum(of file: MappedFile) -> String {
        var hash = SHA256()
        for start in stride(from: 0, to: file.count, by: piece) {
            let range = start..<min(file.count, start + piece)
            file.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0[range])) }
            file.releasePages(range)
        }
        return hash.finish()
    }
}

extension Model {
    /// SHA-256, in hexadecimal digits, of all that the model was made from. For a file that stands alone it is the file's
    /// own, as `sha256sum` prints it; for one with external data or an item it is that of all their checksums.
    ///
    /// The first call reads the files from end to end, the others nothing. What was chosen (`options`) is not in it.
    public var checksum: String { files.checksum }
}
