import FileIO
import StoredTensors

/// The content of a PyTorch checkpoint's pickle, and the search for the state dict in it.
struct TorchPickle {
    let root: PickleValue
    /// The pickle's length in bytes.
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

    /// Returns true if the pickle is an integer of these bytes, little-endian.
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

/// The search for the state dict in a checkpoint, or for the module that has one.
struct StateDictSearch {
    enum Found {
        case stateDict(PickleHeap.Dictionary)
        /// A whole module, as `torch.save(net)` writes it.
        case module(PickleHeap.Object)
    }

    /// Where training loops put the state dict beside epoch and optimizer, in order of preference.
    private static let wrappingKeys = ["state_dict", "model_state_dict", "model", "net"]

    private let heap: PickleHeap

    init(_ heap: PickleHeap) { self.heap = heap }

    /// Returns the value under one of `wrappingKeys`, at any depth, or else the value itself.
    ///
    /// A dict without tensors is no state dict; one of objects that are not understood is taken for one where nothing
    /// better is found, so that they can be named.
    func find(in root: PickleValue) -> Found? {
        var pending = [root]
        var visited: Set<PickleHeap.Dictionary> = []  // one may contain itself
        var outer: PickleHeap.Dictionary?
        var doubtful: PickleHeap.Dictionary?
        while let value = pending.popLast() {
            switch value {
            case .opaque(let object) where isModule(object): return .module(object)
            case .dict(let dict) where visited.insert(dict).inserted:
                let wrapped = Self.wrappingKeys.compactMap { heap.value(of: $0, in: dict) }.filter(isCandidate)
                if holds(dict, where: { if case .tensor = $0 { true } else { false } }) {
                    if wrapped.isEmpty { return .stateDict(dict) }
                    outer = outer ?? dict
                } else if visited.count > 1, holds(dict, where: { if case .opaque = $0 { true } else { false } }) {
                    doubtful = doubtful ?? dict
                }
                pending += wrapped.reversed()
            default: break
            }
        }
        return (outer ?? doubtful).map(Found.stateDict)
    }

    /// Returns true if the object has what every `torch.nn.Module` has and nothing else.
    private func isModule(_ object: PickleHeap.Object) -> Bool {
        guard let attributes = heap.attributes(of: object) else { return false }
        return ["_parameters", "_buffers", "_modules"].allSatisfy { heap.value(of: $0, in: attributes) != nil }
    }

    private func isCandidate(_ value: PickleValue) -> Bool {
        switch value {
        case .dict: true
        case .opaque(let object): isModule(object)
        default: false
        }
    }

    private func holds(_ dict: PickleHeap.Dictionary, where matches: (PickleValue) -> Bool) -> Bool {
        heap[dict].contains { pair in if case .string = pair.key { matches(pair.value) } else { false } }
    }
}
