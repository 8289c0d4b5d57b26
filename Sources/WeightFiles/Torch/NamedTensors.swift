import FileIO
import StoredTensors

/// The tensors of a state dict, as they are found in a pickle.
struct NamedTensors {
    private(set) var tensors: [(name: String, tensor: TorchTensor)] = []

    /// Bytes of all names together: modules in modules could make each as long as the file.
    private static let largestNames = 16 << 20

    private let file: MappedFile
    private let heap: PickleHeap
    private var names: Set<String> = []
    private var nameBytes = 0

    init(file: MappedFile, heap: PickleHeap) {
        self.file = file
        self.heap = heap
    }

    /// Adds a value of a state dict where it is a tensor, and passes over what is none.
    ///
    /// - Throws: `refused` for what a call made that is not understood: it may well be a tensor. `malformed` for a name
    ///   that comes twice.
    mutating func add(_ name: String, _ value: PickleValue) throws(ModelFileError) {
        switch value {
        case .tensor(let tensor):
            guard names.insert(name).inserted else {
                throw file.error(.malformed, "its state dict names \(ModelFileError.quoted(name)) twice")
            }
            nameBytes += name.utf8.count
            guard tensors.count < StateDict.largestCount, nameBytes <= Self.largestNames else {
                throw file.error(
                    .refused,
                    "its state dict has more than \(StateDict.largestCount) tensors, or names of more than "
                        + "\(Self.largestNames >> 20) MB")
            }
            tensors.append((name, tensor))
        case .opaque(let object):
            let type = heap.type(of: object)
            // What a module's get_extra_state() gave is no tensor by its name.
            guard TorchConstructors.plain.contains(type.path) || name.hasSuffix("_extra_state") else {
                throw foreign(name, type)
            }
        default: break
        }
    }

    private func foreign(_ name: String, _ type: PickleGlobal) -> ModelFileError {
        file.error(
            .refused,
            "its state dict holds \(ModelFileError.quoted(name)), made by \(type), which is not understood. Nothing of it "
                + "was run; if you trust the file, load it in Python, make its tensors plain float32 and "
                + PickleMachine.advice)
    }
}
