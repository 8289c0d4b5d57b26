import StoredTensors

/// The calls that pickles of tensors are made of, each carried out on descriptions: what it makes is data.
///
/// Source: PyTorch, torch/_utils.py (`_rebuild_*`), torch/_tensor.py (`_rebuild_from_type_v2`), torch/serialization.py
/// (`persistent_load`).
struct TorchConstructors {
    /// Why a call cannot be what it claims, to be said after its name.
    struct Misuse: Error { let reason: String }

    /// Classes and functions whose objects may lie among the tensors of a state dict, and are passed over there.
    static let plain: Set<String> = [
        "torch.device", "_codecs.encode", "builtins.set", "builtins.frozenset", "builtins.complex",
        "builtins.bytearray", "builtins.slice", "builtins.range",
    ]

    /// Returns what calling `global` makes, or nil if the global is not known.
    ///
    /// - Throws: where the arguments are not what the function takes.
    func make(
        _ global: PickleGlobal, _ arguments: [PickleValue], _ heap: inout PickleHeap
    ) throws(Misuse) -> PickleValue? {
        switch global.path {
        case "collections.OrderedDict", "builtins.dict":
            return try dictionary(arguments, &heap)
        case "collections.defaultdict":  // its first argument makes missing values
            return try dictionary(Array(arguments.prefix(3).dropFirst()), &heap)
        case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
            let tensor = try tensor(global, arguments, heap)
            heap.charge(288 + 32 * tensor.shape.count)
            return .tensor(tensor)
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer":
            switch arguments.first {
            case .tensor?, .opaque?: return arguments[0]
            default: return nil  // a lazy module's, without elements
            }
        case "torch._tensor._rebuild_from_type_v2":  // function, type, arguments, state
            guard arguments.count == 4, case .global(let function) = arguments[0], case .tuple(let inner) = arguments[2]
            else { throw Misuse(reason: "with arguments that it does not take") }
            guard function.name(in: "torch._utils") != nil else { return .opaque(heap.makeObject(of: function)) }
            return try make(function, heap[inner], &heap) ?? .opaque(heap.makeObject(of: function))
        case "torch.Size":
            guard case .tuple? = arguments.first else { throw Misuse(reason: "without a tuple") }
            return arguments[0]
        case "builtins.set", "builtins.frozenset":
            guard case .list? = arguments.first else { return nil }
            return arguments[0]
        case "copyreg._reconstructor", "copy_reg._reconstructor":  // class, base class, the base's value
            guard case .global(let type)? = arguments.first else { return nil }
            return .opaque(heap.makeObject(of: type))
        case "torch._dynamo.eval_frame.OptimizedModule":  // what torch.compile makes of a module
            guard case .opaque? = arguments.first else { return nil }
            return arguments[0]
        case "torch.fx.graph_module.reduce_graph_module":  // attributes, source code
            guard case .dict? = arguments.first else { return nil }
            let module = heap.makeObject(of: global)
            heap.setState(arguments[0], of: module)
            return .opaque(module)
        default: return nil
        }
    }

    /// Returns the storage for a persistent id, or nil if it is not one of PyTorch's.
    ///
    /// Either `("storage", type, key, location, count)`, with a sixth item `(viewKey, offset, count)` or None before
    /// torch 1.6; or `("module", class, file, source)`, before 1.6. The location (`cuda:0`) does not matter here.
    func persistent(_ id: [PickleValue], _ heap: PickleHeap) -> PickleValue? {
        guard case .string(let kind)? = id.first else { return nil }
        if heap.matches(kind, "module"), id.count == 4, case .global = id[1] { return id[1] }
        guard heap.matches(kind, "storage"), id.count == 5 || id.count == 6, case .global(let type) = id[1],
            case .string(let key) = id[2], case .int(var count) = id[4],
            let className = ["torch.storage", "torch.cuda", "torch"].lazy.compactMap(type.name(in:)).first,
            className.hasSuffix("Storage")
        else { return nil }
        var viewOffset = 0
        if id.count == 6, case .tuple(let tuple) = id[5] {
            guard heap[tuple].count == 3, case .int(let offset) = heap[tuple][1],
                case .int(let viewCount) = heap[tuple][2]
            else { return nil }
            (viewOffset, count) = (offset, viewCount)
        }
        let isUntyped = className == "UntypedStorage" || className == "_UntypedStorage"
        let elementType = ElementType(torchStorage: className)
        return .storage(
            TorchStorage(
                key: heap.string(key), typeName: type.path, elementType: elementType,
                isSupported: isUntyped || elementType != nil, count: count, viewOffset: viewOffset))
    }

    /// - Parameter arguments: none, or one list of pairs.
    private func dictionary(
        _ arguments: [PickleValue], _ heap: inout PickleHeap
    ) throws(Misuse) -> PickleValue {
        let dictionary = heap.makeDictionary()
        guard let argument = arguments.first else { return .dict(dictionary) }
        guard arguments.count == 1, case .list(let list) = argument else {
            throw Misuse(reason: "with something else than a list of pairs")
        }
        for item in heap[list] {
            guard let pair = sequence(item, heap), pair.count == 2 else {
                throw Misuse(reason: "with something else than a list of pairs")
            }
            heap.set(pair[0], to: pair[1], in: dictionary)
        }
        return .dict(dictionary)
    }

    /// - Parameter arguments: storage, offset, shape, strides, and from version 2 on requires_grad and hooks; then the
    ///   dtype in version 3.
    private func tensor(
        _ global: PickleGlobal, _ arguments: [PickleValue], _ heap: PickleHeap
    ) throws(Misuse) -> TorchTensor {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
            let shape = integers(arguments[2], heap), let strides = integers(arguments[3], heap)
        else { throw Misuse(reason: "with arguments that describe no tensor") }
        var dtype: Substring?
        if global.path.hasSuffix("_v3") {
            guard arguments.count >= 7, case .global(let type) = arguments[6], let name = type.name(in: "torch") else {
                throw Misuse(reason: "without a dtype")
            }
            dtype = name
        } else if storage.isSupported, storage.elementType == nil {
            throw Misuse(reason: "on a storage without a type")
        }
        return TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides, dtype: dtype)
    }

    private func sequence(_ value: PickleValue, _ heap: PickleHeap) -> [PickleValue]? {
        switch value {
        case .tuple(let items), .list(let items): heap[items]
        default: nil
        }
    }

    /// A shape or strides; nil for anything else, and for more axes than tensors have.
    private func integers(_ value: PickleValue, _ heap: PickleHeap) -> [Int]? {
        guard let items = sequence(value, heap), items.count <= TensorLayout.largestRank else { return nil }
        let integers = items.compactMap { if case .int(let integer) = $0 { integer } else { nil } }
        return integers.count == items.count ? integers : nil
    }
}
