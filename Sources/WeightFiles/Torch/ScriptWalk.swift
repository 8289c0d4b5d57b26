import FileIO
import StoredTensors

/// Gathers the tensors of a TorchScript module under the names that its `state_dict()` would give them.
///
/// In the pickle of such an archive every module is an object of a class in `__torch__`, whose attributes are its
/// parameters, its buffers and its modules, beside numbers and flags. The code of the classes is text in the archive; it
/// is not read, let alone run. Buffers that a state dict would leave out are not marked, and are gathered, too. Source:
/// PyTorch, torch/csrc/jit/serialization/pickler.cpp.
struct ScriptWalk {
    /// The greatest depth of modules.
    private static let largestDepth = 256
    /// The most bytes in the name of a module.
    private static let longestName = 4096

    /// What a module counts beside its attributes.
    private static let moduleWork = 128

    private let file: MappedFile
    private let heap: PickleHeap
    private var found: NamedTensors
    /// The modules from the outermost one to the current one.
    private var path: Set<PickleHeap.Object> = []
    /// The attributes that were looked at, and the bytes of their names. They are limited because a module may be in many
    /// places.
    private var work = 0

    init(file: MappedFile, heap: PickleHeap) {
        self.file = file
        self.heap = heap
        found = NamedTensors(file: file, heap: heap)
    }

    /// Returns true if an object is a module of TorchScript.
    static func isModule(_ object: PickleHeap.Object, _ heap: PickleHeap) -> Bool {
        heap.type(of: object).path.hasPrefix("__torch__.") && heap.attributes(of: object) != nil
    }

    /// Gathers the tensors of a module.
    ///
    /// - Throws: `malformed` for a module that contains itself, and the errors of `NamedTensors.add`.
    mutating func tensors(of module: PickleHeap.Object) throws(ModelFileError) -> [(name: String, tensor: TorchTensor)]
    {
        try visit(module, prefix: "")
        return found.tensors
    }

    /// Adds the module's own tensors, and then those of each module in it, which is the order of `state_dict()`.
    private mutating func visit(_ module: PickleHeap.Object, prefix: String) throws(ModelFileError) {
        guard path.insert(module).inserted, path.count <= Self.largestDepth, prefix.utf8.count <= Self.longestName
        else {
            throw file.error(
                .malformed,
                "its module \(ModelFileError.quoted(prefix)) contains itself, or lies too deep: \(PickleMachine.advice)"
            )
        }
        defer { path.remove(module) }
        guard let attributes = heap.attributes(of: module) else { return }
        var inner: [(name: String, module: PickleHeap.Object)] = []
        for case (.string(let key), let value) in heap[attributes] {
            work += 1 + key.range.count
            guard work <= PickleMachine.largestWork else {
                throw file.error(
                    .refused, "its modules take more than \(PickleMachine.largestWork) steps: \(PickleMachine.advice)")
            }
            switch value {
            case .tensor: try found.add(prefix + heap.string(key), value)
            case .opaque(let object) where Self.isModule(object, heap):
                work += Self.moduleWork
                inner.append((heap.string(key), object))
            default: break
            }
        }
        for (name, module) in inner { try visit(module, prefix: "\(prefix)\(name).") }
    }
}
