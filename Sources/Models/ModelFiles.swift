import FileIO
import StoredTensors
import Synchronization
import WeightFiles

/// The files that a model was made from, as they were when it was read. A file that replaces one of them later changes
/// nothing here.
final class ModelFiles: Sendable {
    /// The model file first, then the files beside it that hold its weights, and last the item that describes it.
    private let files: [MappedFile]
    /// The tensors, if the model was not read from a file.
    private let stateDict: StateDict?
    /// The files of each of several models that were made one.
    private let members: [ModelFiles]
    private let known = Mutex<String?>(nil)

    /// After so many bytes, the memory of the pages that were read is given back, so that a checksum takes no memory.
    private static let piece = 8 << 20

    init(model: MappedFile, external: [MappedFile], item: MappedFile?) {
        files = [model] + external + (item.map { [$0] } ?? [])
        stateDict = nil
        members = []
    }

    /// Joins the records of several models.
    init(_ members: [ModelFiles]) {
        self.members = members
        files = []
        stateDict = nil
    }

    /// Makes the record of a model whose tensors a program has changed or made.
    init(_ stateDict: StateDict, item: MappedFile?) {
        files = item.map { [$0] } ?? []
        self.stateDict = stateDict
        members = []
    }

    /// The checksum, which is computed when it is first asked for.
    var checksum: String {
        known.withLock { known in
            if let known { return known }
            let sums =
                (stateDict.map { [Self.checksum(of: $0)] } ?? []) + files.map(Self.checksum) + members.map(\.checksum)
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
    /// The SHA-256, in hexadecimal digits, of everything that the model was made from. For a single file it is the
    /// file's own, as `sha256sum` prints it. For a file with external data or an item, and for several models, it is the
    /// SHA-256 of all their checksums.
    ///
    /// The first call reads all of the files, later calls read nothing. The `options` are not part of it.
    public var checksum: String { files.checksum }
}
