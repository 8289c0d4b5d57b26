/// All dictionaries of tensors in a checkpoint, and modules, by the keys that lead to them.
struct StateDictListing {
    /// One of them.
    struct Entry {
        /// The keys from the outermost one on, joined by points; empty for the checkpoint itself.
        let path: String
        let found: StateDictSearch.Found
    }

    private(set) var entries: [Entry] = []

    /// The words of keys under which training loops keep tensors that are no network's.
    private static let otherWords = ["optim", "sched", "scaler", "loop", "callback", "hyper", "config", "grad"]
    /// The words of keys of weights that were averaged beside the network's own.
    private static let averageWords = ["ema", "swa", "average", "teacher"]

    private static let mostEntries = 100
    private static let largestDepth = 8
    private static let longestKey = 200

    init(_ heap: PickleHeap, _ root: PickleValue) {
        var visited: Set<PickleHeap.Dictionary> = []
        var pending: [(path: String, depth: Int, value: PickleValue)] = [("", 0, root)]
        var position = 0
        while position < pending.count, entries.count < Self.mostEntries {
            let (path, depth, value) = pending[position]
            position += 1
            switch value {
            case .opaque(let object) where heap.isModule(object):
                entries.append(Entry(path: path, found: .module(object)))
            case .dict(let dict) where visited.insert(dict).inserted:
                if Self.holdsTensors(dict, heap) { entries.append(Entry(path: path, found: .stateDict(dict))) }
                guard depth < Self.largestDepth else { continue }
                for case (.string(let key), let value) in heap[dict] where key.range.count <= Self.longestKey {
                    switch value {
                    case .dict, .opaque: break
                    default: continue
                    }
                    let name = heap.string(key)
                    guard !Self.otherWords.contains(where: name.lowercased().contains) else { continue }
                    pending.append((path.isEmpty ? name : "\(path).\(name)", depth + 1, value))
                }
            default: break
            }
        }
    }

    /// The only one, or the only one that is no average of others; nil if there are more to choose from.
    var only: Entry? {
        let own = entries.filter { entry in !Self.averageWords.contains { entry.path.lowercased().contains($0) } }
        return entries.count == 1 ? entries[0] : own.count == 1 ? own[0] : nil
    }

    /// Returns true if a dictionary holds weights: more than the numbers and vectors of a loss or a metric.
    private static func holdsTensors(_ dict: PickleHeap.Dictionary, _ heap: PickleHeap) -> Bool {
        heap[dict].contains { key, value in
            guard case .string = key, case .tensor(let tensor) = value else { return false }
            return tensor.shape.count > 1
        }
    }
}

extension PickleHeap {
    /// Returns true if the object has what every `torch.nn.Module` has and nothing else.
    func isModule(_ object: Object) -> Bool {
        guard let attributes = attributes(of: object) else { return false }
        return ["_parameters", "_buffers", "_modules"].allSatisfy { value(of: $0, in: attributes) != nil }
    }
}
