import FileIO
import StoredTensors

/// The content of a PyTorch checkpoint's pickle, and the search for the state dict in it.
struct TorchPickle {
    let root: PickleValue
    /// The pickle's length in bytes.
    let length: Int
    /// The storages to which the pickle refers, by key.
    let storages: [String: TorchStorage]

    private let file: MappedFile
    private let heap: PickleHeap

    /// Reads a pickle.
    ///
    /// - Parameter slice: bytes that begin with the pickle, and may continue behind it.
    /// - Throws: the errors of `PickleMachine.run`.
    init(_ slice: FileSlice) throws(ModelFileError) {
        var machine = PickleMachine(slice)
        root = try machine.run()
        length = machine.position
        storages = machine.storages
        file = slice.file
        heap = machine.heap
    }

    /// The items of a list of strings, or nil if the pickle is no such list.
    var strings: [String]? {
        guard case .list(let list) = root else { return nil }
        let strings = heap[list].compactMap { if case .string(let text) = $0 { heap.string(text) } else { nil } }
        return strings.count == heap[list].count ? strings : nil
    }

    /// Returns true if the pickle is an integer of these bytes, little-endian.
    func isInteger(_ bytes: [UInt8]) -> Bool {
        if case .longInt(let text) = root { heap.bytes(text) == bytes } else { false }
    }

    /// What was found in a checkpoint: the tensors of one dictionary, and the keys of all.
    struct Contents {
        var tensors: [(name: String, tensor: TorchTensor)]
        var key: String?
        var otherKeys: [String]
        /// The modules of a network that was saved whole.
        var modules: [ModuleRecord] = []
        /// True for a module of TorchScript.
        var isScript = false
        /// The text entries beside the tensors, which a checkpoint of Overtile has.
        var metadata: [String: String] = [:]

        /// Returns these tensors once they have been tied to their storages.
        func stateDict(_ stored: [(name: String, tensor: StoredTensor)]) -> StateDict {
            var stateDict = StateDict(tensors: stored, metadata: metadata)
            (stateDict.key, stateDict.otherKeys, stateDict.modules) = (key, otherKeys, modules)
            stateDict.isScript = isScript
            return stateDict
        }
    }

    /// Returns the tensors of the state dict in its order, or those of a pickled module as its `state_dict()` would
    /// give them.
    ///
    /// Objects of classes and functions that are not understood may be beside the state dict, where they are never
    /// asked for. Other values in the state dict (`mask_values`, a tensor's version) are skipped.
    ///
    /// - Parameter key: as for `Checkpoint.read`.
    /// - Throws: `notAStateDict`; `refused` if a tensor is made by a call that is not understood; `malformed` if the
    ///   name of a tensor occurs twice.
    func stateDict(key: String?) throws(ModelFileError) -> Contents {
        let listing = StateDictListing(heap, root)
        let asked = key.flatMap { key in
            listing.entries.first { $0.path == key } ?? listing.entries.first { $0.path.hasSuffix("." + key) }
        }
        // A dictionary of which not much can be made gives way to a better one under any key.
        let usual = StateDictSearch(heap).find(in: root)
        let isListed = listing.entries.contains { $0.found == usual }
        let isBare = isListed || listing.entries.isEmpty
        guard let found = asked?.found ?? (isBare ? usual : listing.only?.found) else {
            throw listing.entries.isEmpty ? nothingFound : severalFound(listing)
        }
        let chosen = listing.entries.first { $0.found == found }?.path
        var contents = Contents(
            tensors: [], key: chosen, otherKeys: listing.entries.map(\.path).filter { $0 != chosen })
        switch found {
        case .stateDict(let dict):
            var tensors = NamedTensors(file: file, heap: heap)
            for case (.string(let name), let value) in heap[dict] { try tensors.add(heap.string(name), value) }
            contents.tensors = tensors.tensors
            contents.metadata = metadata(of: dict)
        case .module(let module):
            var walk = ModuleWalk(file: file, heap: heap)
            contents.tensors = try walk.tensors(of: module)
            contents.modules = ModuleRecords(module, heap).records
        }
        return contents
    }

    /// Returns the text entries that Overtile has written beside a state dict.
    private func metadata(of dict: PickleHeap.Dictionary) -> [String: String] {
        guard let attributes = heap.attributes(of: dict),
            case .dict(let texts)? = heap.value(of: StateDict.metadataAttribute, in: attributes)
        else { return [:] }
        var metadata: [String: String] = [:]
        for case (.string(let key), .string(let value)) in heap[texts] {
            metadata[heap.string(key)] = heap.string(value)
        }
        return metadata
    }

    private func severalFound(_ listing: StateDictListing) -> ModelFileError {
        let keys = listing.entries.prefix(8).map { ModelFileError.quoted($0.path) }.joined(separator: ", ")
        return file.error(
            .notAStateDict, "holds \(listing.entries.count) dictionaries of tensors (\(keys)): choose one with --key")
    }

    /// Returns the tensors of a TorchScript module in the order of its `state_dict()`, and its modules.
    ///
    /// - Throws: `notAStateDict` if the pickle is no such module, and the errors of `ScriptWalk`.
    func scriptContents() throws(ModelFileError) -> Contents {
        guard case .opaque(let module) = root, ScriptWalk.isModule(module, heap) else {
            throw file.error(
                .notAStateDict,
                "is a TorchScript archive (torch.jit.save) that holds no module: load it in Python with torch.jit.load "
                    + "and \(PickleMachine.advice)")
        }
        var walk = ScriptWalk(file: file, heap: heap)
        return Contents(
            tensors: try walk.tensors(of: module), key: nil, otherKeys: [],
            modules: ModuleRecords(module, heap).records, isScript: true)
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

/// The state dict in a checkpoint, or the module that has one.
struct StateDictSearch {
    enum Found: Equatable {
        case stateDict(PickleHeap.Dictionary)
        /// A whole module, as `torch.save(net)` writes it.
        case module(PickleHeap.Object)
    }

    /// The keys under which training loops put the state dict, beside epoch and optimizer, in order of preference.
    private static let wrappingKeys = ["state_dict", "model_state_dict", "model", "net"]

    private let heap: PickleHeap

    init(_ heap: PickleHeap) { self.heap = heap }

    /// Returns the value under one of `wrappingKeys`, at any depth, or else the value itself.
    ///
    /// A dict without tensors is not a state dict. A dict of objects that are not understood is taken for one if there
    /// is nothing better, so that the error can name them.
    func find(in root: PickleValue) -> Found? {
        var pending = [root]
        var visited: Set<PickleHeap.Dictionary> = []  // one may contain itself
        var outer: PickleHeap.Dictionary?
        var doubtful: PickleHeap.Dictionary?
        while let value = pending.popLast() {
            switch value {
            case .opaque(let object) where heap.isModule(object): return .module(object)
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

    private func isCandidate(_ value: PickleValue) -> Bool {
        switch value {
        case .dict: true
        case .opaque(let object): heap.isModule(object)
        default: false
        }
    }

    private func holds(_ dict: PickleHeap.Dictionary, where matches: (PickleValue) -> Bool) -> Bool {
        heap[dict].contains { pair in if case .string = pair.key { matches(pair.value) } else { false } }
    }
}
