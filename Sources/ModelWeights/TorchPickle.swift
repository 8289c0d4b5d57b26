/// What a PyTorch checkpoint's pickle holds, and the search for the state dict in it.
struct TorchPickle {
    let root: PickleValue
    /// In bytes.
    let length: Int
    /// Every storage that the pickle refers to, by key.
    let storages: [String: TorchStorage]

    private let file: MappedFile
    private let heap: PickleHeap
    /// The first call that was not understood.
    private let foreignCall: PickleGlobal?

    /// - Parameter slice: starts with the pickle and may go on behind it.
    /// - Throws: what `PickleMachine.run` throws.
    init(_ slice: FileSlice) throws(WeightsError) {
        var machine = PickleMachine(slice)
        root = try machine.run()
        length = machine.position
        storages = machine.storages
        file = slice.file
        heap = machine.heap
        foreignCall = machine.foreignCall
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

    /// Where training loops put the state dict beside epoch and optimizer, in order of preference.
    static let wrappingKeys = ["state_dict", "model_state_dict", "model", "net"]

    /// The tensors of the state dict, in its order.
    ///
    /// The state dict is the dict with tensors under one of `wrappingKeys`, at any depth, or else the dict itself.
    /// Whatever else lies in it beside tensors (`mask_values`, a tensor's version) is passed over.
    ///
    /// - Throws: `notAStateDict`; `refused` where the pickle calls what is not understood; `malformed` where a
    ///   tensor's name comes twice.
    func stateDict() throws(WeightsError) -> [(name: String, tensor: TorchTensor)] {
        let module = findModule()
        if let module {
            throw file.error(
                .notAStateDict,
                "holds a whole pickled module of class \(module), which only Python can load: "
                    + "load it there and \(PickleMachine.advice)")
        }
        if let foreignCall {
            throw file.error(
                .refused,
                "its pickle calls \(foreignCall), which a state dict never needs. Nothing of it was run; "
                    + "if you trust the file, load it in Python and \(PickleMachine.advice)")
        }
        guard case .dict(let top) = root else {
            throw file.error(.notAStateDict, "holds \(root.kind) and no state dict: \(PickleMachine.advice)")
        }
        var visited: Set<PickleHeap.Dictionary> = []
        guard let dict = findStateDict(in: top, &visited) else {
            throw file.error(
                .notAStateDict, "holds no state dict, but \(keys(of: top)): \(PickleMachine.advice)")
        }
        return try tensors(of: dict)
    }

    /// The class of a pickled module, where that is what the checkpoint is or wraps.
    private func findModule() -> PickleGlobal? {
        var candidates = [root]
        if case .dict(let top) = root { candidates += Self.wrappingKeys.compactMap { heap.value(of: $0, in: top) } }
        for case .opaque(let object) in candidates where heap.isModule(object) { return heap.type(of: object) }
        return nil
    }

    /// - Parameter visited: dicts that were searched: one may contain itself.
    private func findStateDict(
        in start: PickleHeap.Dictionary, _ visited: inout Set<PickleHeap.Dictionary>
    ) -> PickleHeap.Dictionary? {
        var pending = [start]
        var fallback: PickleHeap.Dictionary?
        while let dict = pending.popLast() {
            guard visited.insert(dict).inserted else { continue }
            let wrapped = Self.wrappingKeys.compactMap { heap.value(of: $0, in: dict) }
                .compactMap { if case .dict(let inner) = $0 { inner } else { nil } }
            if holdsTensors(dict) {
                if wrapped.isEmpty { return dict }
                fallback = fallback ?? dict
            }
            pending += wrapped.reversed()
        }
        return fallback
    }

    private func holdsTensors(_ dict: PickleHeap.Dictionary) -> Bool {
        heap[dict].contains { if case (.string, .tensor) = $0 { true } else { false } }
    }

    private func tensors(of dict: PickleHeap.Dictionary) throws(WeightsError) -> [(name: String, tensor: TorchTensor)] {
        var tensors: [(name: String, tensor: TorchTensor)] = []
        var names: Set<String> = []
        for case (.string(let text), .tensor(let tensor)) in heap[dict] {
            let name = heap.string(text)
            guard names.insert(name).inserted else {
                throw file.error(.malformed, "its state dict names \(WeightsError.quoted(name)) twice")
            }
            guard tensors.count < StateDict.largestCount else {
                throw file.error(.refused, "its state dict has more than \(StateDict.largestCount) tensors")
            }
            tensors.append((name, tensor))
        }
        return tensors
    }

    private func keys(of dict: PickleHeap.Dictionary) -> String {
        let keys = heap[dict].lazy.compactMap { if case .string(let text) = $0.key { heap.string(text) } else { nil } }
            .prefix(5)
        return keys.isEmpty ? "an empty dict" : "a dict of " + keys.map(WeightsError.quoted).joined(separator: ", ")
    }
}
