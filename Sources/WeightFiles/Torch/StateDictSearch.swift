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

    /// What lies under one of `wrappingKeys`, at any depth, or else the value itself.
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

    /// Whether the object has what every `torch.nn.Module` has and nothing else.
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
