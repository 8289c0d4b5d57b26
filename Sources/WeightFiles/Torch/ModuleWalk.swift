import FileIO
import StoredTensors

/// Gathers the tensors of a pickled `torch.nn.Module` under the names that its `state_dict()` would give them.
///
/// A module is an object with dicts of parameters, buffers and modules. Its classes are not needed to read these, and
/// are never run, so changes that a class makes to its own state dict are not seen. Source: PyTorch,
/// torch/nn/modules/module.py (`state_dict`, `_save_to_state_dict`).
struct ModuleWalk {
    /// The greatest depth of modules. Python cannot pickle deeper ones, unless it is told to.
    private static let largestDepth = 256
    /// The most bytes in the name of a module.
    private static let longestName = 4096

    private let file: MappedFile
    private let heap: PickleHeap
    private var found: NamedTensors
    /// The modules from the outermost one to the current one.
    private var path: Set<PickleHeap.Object> = []
    /// The work so far: the attributes and members that were looked at, and the bytes of their names. It is limited
    /// because a module may be in many places.
    private var work = 0

    init(file: MappedFile, heap: PickleHeap) {
        self.file = file
        self.heap = heap
        found = NamedTensors(file: file, heap: heap)
    }

    /// Gathers the tensors of a module.
    ///
    /// - Throws: `malformed` for a module that contains itself; `notAStateDict` for one that is built differently; and
    ///   the errors of `NamedTensors.add`.
    mutating func tensors(of module: PickleHeap.Object) throws(ModelFileError) -> [(name: String, tensor: TorchTensor)]
    {
        try visit(module, prefix: "")
        return found.tensors
    }

    /// Adds the module's own parameters, its own buffers, and then those of each module in it, which is the order of
    /// `state_dict()`.
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

    /// Returns the names of the buffers that a state dict leaves out.
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

    /// The bytes of all names together. They are limited because nested modules could make each name as long as the
    /// file.
    private static let largestNames = 16 << 20

    private let file: MappedFile
    private let heap: PickleHeap
    private var names: Set<String> = []
    private var nameBytes = 0

    init(file: MappedFile, heap: PickleHeap) {
        self.file = file
        self.heap = heap
    }

    /// Adds a value of a state dict if it is a tensor, and skips any other value.
    ///
    /// - Throws: `refused` for the result of a call that is not understood, because it may be a tensor; `malformed` for
    ///   a name that occurs twice.
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
