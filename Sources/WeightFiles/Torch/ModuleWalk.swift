import FileIO
import StoredTensors

/// Gathers the tensors of a pickled `torch.nn.Module` under the names that its `state_dict()` would give them.
///
/// A module is an object with dicts of parameters, buffers and modules. None of its classes is needed for that, let
/// alone run; what a class changes about its own state dict is therefore not seen.
/// Source: PyTorch, torch/nn/modules/module.py (`state_dict`, `_save_to_state_dict`).
struct ModuleWalk {
    /// Python cannot pickle modules that lie deeper, unless it is told to.
    private static let largestDepth = 256
    /// Bytes of the name of a module.
    private static let longestName = 4096

    private let file: MappedFile
    private let heap: PickleHeap
    private var found: NamedTensors
    /// The modules from the outermost one to the one that is looked at.
    private var path: Set<PickleHeap.Object> = []
    /// Attributes and members looked at, and bytes of their names: a module may be in many places.
    private var work = 0

    init(file: MappedFile, heap: PickleHeap) {
        self.file = file
        self.heap = heap
        found = NamedTensors(file: file, heap: heap)
    }

    /// - Throws: `malformed` for a module that contains itself; `notAStateDict` for one that is built otherwise; what
    ///   `NamedTensors.add` throws.
    mutating func tensors(of module: PickleHeap.Object) throws(ModelFileError) -> [(name: String, tensor: TorchTensor)]
    {
        try visit(module, prefix: "")
        return found.tensors
    }

    /// Own parameters, own buffers, then each module's: the order of `state_dict()`.
    private mutating func visit(_ module: PickleHeap.Object, prefix: String) throws(ModelFileError) {
        guard path.insert(module).inserted, path.count <= Self.largestDepth, prefix.utf8.count <= Self.longestName
        else {
            throw file.error(
                .malformed,
                "its module \(ModelFileError.quoted(prefix)) contains itself, or lies too deep: \(PickleMachine.advice)"
            )
        }
        defer { path.remove(module) }
        guard let attributes = heap.attributes(of: module) else { throw foreign(module, prefix) }
        try count(heap[attributes].count)
        for (key, value) in try members("_parameters", of: attributes, module, prefix) {
            try found.add(prefix + key, value)
        }
        let transient = try transientBuffers(attributes)
        for (key, value) in try members("_buffers", of: attributes, module, prefix) where !transient.contains(key) {
            try found.add(prefix + key, value)
        }
        for (key, value) in try members("_modules", of: attributes, module, prefix) {
            if case .opaque(let inner) = value { try visit(inner, prefix: "\(prefix)\(key).") }
        }
    }

    private mutating func members(
        _ attribute: String, of attributes: PickleHeap.Dictionary, _ module: PickleHeap.Object, _ prefix: String
    ) throws(ModelFileError) -> [(key: String, value: PickleValue)] {
        guard case .dict(let dict)? = heap.value(of: attribute, in: attributes) else { throw foreign(module, prefix) }
        try count(heap[dict].count)
        var members: [(key: String, value: PickleValue)] = []
        for case (.string(let key), let value) in heap[dict] {
            try count(key.range.count)
            members.append((heap.string(key), value))
        }
        return members
    }

    /// Names of the buffers that a state dict leaves out.
    private mutating func transientBuffers(_ attributes: PickleHeap.Dictionary) throws(ModelFileError) -> Set<String> {
        switch heap.value(of: "_non_persistent_buffers_set", in: attributes) {
        case .list(let names)?, .tuple(let names)?:
            try count(heap[names].count)
            return Set(heap[names].compactMap { if case .string(let name) = $0 { heap.string(name) } else { nil } })
        default: return []
        }
    }

    private mutating func count(_ more: Int) throws(ModelFileError) {
        work += 1 + more
        guard work <= PickleMachine.largestWork else {
            throw file.error(
                .refused, "its modules take more than \(PickleMachine.largestWork) steps: \(PickleMachine.advice)")
        }
    }

    private func foreign(_ module: PickleHeap.Object, _ prefix: String) -> ModelFileError {
        file.error(
            .notAStateDict,
            "holds a whole pickled module, whose part \(ModelFileError.quoted(prefix)) of class \(heap.type(of: module)) "
                + "only Python can load: load it there and \(PickleMachine.advice)")
    }
}

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
            // The result of a module's get_extra_state() is not a tensor under its name.
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
