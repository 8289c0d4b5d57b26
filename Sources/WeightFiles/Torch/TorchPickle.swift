import FileIO
import StoredTensors

/// What a PyTorch checkpoint's pickle holds, and the search for the state dict in it.
struct TorchPickle {
    let root: PickleValue
    /// In bytes.
    let length: Int
    /// Every storage that the pickle refers to, by key.
    let storages: [String: TorchStorage]

    private let file: MappedFile
    private let heap: PickleHeap

    /// - Parameter slice: starts with the pickle and may go on behind it.
    /// - Throws: what `PickleMachine.run` throws.
    init(_ slice: FileSlice) throws(ModelFileError) {
        var machine = PickleMachine(slice)
        root = try machine.run()
        length = machine.position
        storages = machine.storages
        file = slice.file
        heap = machine.heap
    }

    /// The items of a list of strings, or nil where the pickle is no such list.
    var strings: [String]? {
        guard case .list(let list) = root else { return nil }
        let strings = heap[list].compactMap { if case .string(let text) = $0 { heap.string(text) } else { nil } }
        return strings.count == heap[list].count ? strings : nil
    }

    /// Whether the pickle is an integer of these bytes, little-endian.
    func isInteger(_ bytes: [UInt8]) -> Bool {
        if case .longInt(let text) = root { heap.bytes(text) == bytes } else { false }
    }

    /// The tensors of the state dict, in its order; those of a pickled module as its `state_dict()` would give them.
    ///
    /// Classes and functions that are not understood may lie beside the state dict: what they would make is never asked
    /// for. Whatever else lies in it beside tensors (`mask_values`, a tensor's version) is passed over.
    ///
    /// - Throws: `notAStateDict`; `refused` where a tensor is made by what is not understood; `malformed` where a
    ///   tensor's name comes twice.
    func stateDict() throws(ModelFileError) -> [(name: String, tensor: TorchTensor)] {
        switch StateDictSearch(heap).find(in: root) {
        case .stateDict(let dict)?:
            var tensors = NamedTensors(file: file, heap: heap)
            for case (.string(let name), let value) in heap[dict] { try tensors.add(heap.string(name), value) }
            return tensors.tensors
        case .module(let module)?:
            var walk = ModuleWalk(file: file, heap: heap)
            return try walk.tensors(of: module)
        case nil: throw nothingFound
        }
    }

    private var nothingFound: ModelFileError {
        switch root {
        case .dict(let top):
            file.error(.notAStateDict, "holds no state dict, but \(keys(of: top)): \(PickleMachine.advice)")
        case .opaque(let object):
            file.error(
                .notAStateDict,
                "holds an object of class \(heap.type(of: object)), which only Python can load: "
                    + "load it there and \(PickleMachine.advice)")
        default: file.error(.notAStateDict, "holds \(root.kind) and no state dict: \(PickleMachine.advice)")
        }
    }

    private func keys(of dict: PickleHeap.Dictionary) -> String {
        let keys = heap[dict].lazy.compactMap { if case .string(let text) = $0.key { heap.string(text) } else { nil } }
            .prefix(5)
        return keys.isEmpty ? "an empty dict" : "a dict of " + keys.map(ModelFileError.quoted).joined(separator: ", ")
    }
}
