import FileIO
import StoredTensors

extension PickleMachine {
    /// Carries out one instruction. The caller handles STOP.
    mutating func step(_ opcode: PickleOpcode) throws(ModelFileError) {
        switch opcode {
        case .proto: try checkProtocol()
        case .frame: _ = try integer(UInt64.self)  // a hint for buffered reading
        case .stop: break
        case .mark: mark()
        case .pop: try discard()
        case .popMark: _ = try popMark()
        case .dup: push(try top())

        case .none: push(.none)
        case .newTrue: push(.bool(true))
        case .newFalse: push(.bool(false))
        case .binInt: push(.int(Int(try integer(Int32.self))))
        case .binInt1: push(.int(Int(try integer(UInt8.self))))
        case .binInt2: push(.int(Int(try integer(UInt16.self))))
        case .long1: try pushLong(byteCount: Int(integer(UInt8.self)))
        case .long4: try pushLong(byteCount: Int(integer(Int32.self)))
        case .binFloat: push(.float(Double(bitPattern: try integer(UInt64.self).byteSwapped)))  // big-endian
        case .shortBinString: push(try textOrBytes(integer(UInt8.self)))
        case .binString: push(try textOrBytes(integer(Int32.self)))
        case .shortBinUnicode: push(.string(try text(integer(UInt8.self))))
        case .binUnicode: push(.string(try text(integer(UInt32.self))))
        case .binUnicode8: push(.string(try text(integer(UInt64.self))))
        case .shortBinBytes: push(.bytes(try take(integer(UInt8.self)).text))
        case .binBytes: push(.bytes(try take(integer(UInt32.self)).text))
        case .binBytes8, .byteArray8: push(.bytes(try take(integer(UInt64.self)).text))

        case .emptyTuple: push(makeTuple([]))
        case .tuple, .frozenSet: push(makeTuple(try popMark()))
        case .tuple1: try pushTuple(count: 1)
        case .tuple2: try pushTuple(count: 2)
        case .tuple3: try pushTuple(count: 3)
        case .emptyList, .emptySet: push(makeList([]))
        case .list: push(makeList(try popMark()))
        case .append:
            let item = try pop()
            try extend(top(), by: [item])
        case .appends, .addItems:
            let items = try popMark()
            try extend(top(), by: items)
        case .emptyDict: push(makeDict())
        case .dict:
            let items = try popMark()
            let dict = makeDict()
            try update(dict, with: items)
            push(dict)
        case .setItem:
            let value = try pop()
            let key = try pop()
            try update(top(), with: [key, value])
        case .setItems:
            let items = try popMark()
            try update(top(), with: items)

        case .binPut: try remember(at: Int(integer(UInt8.self)))
        case .longBinPut: try remember(at: Int(integer(UInt32.self)))
        case .memoize: try remember()
        case .binGet: try recall(Int(integer(UInt8.self)))
        case .longBinGet: try recall(Int(integer(UInt32.self)))

        case .global:
            let module = try line()
            try pushGlobal(module: module, name: line())
        case .stackGlobal: try stackGlobal()
        case .inst:
            let module = try line()
            try pushGlobal(module: module, name: line())
            let callable = try pop()
            try call(callable, makeTuple(popMark()))
        case .obj:
            let items = try popMark()
            guard let callable = items.first else { throw malformed("makes an object of no class") }
            try call(callable, makeTuple(Array(items.dropFirst())))
        case .reduce, .newObj:
            let arguments = try pop()
            try call(pop(), arguments)
        case .newObjEx:
            _ = try pop()  // keyword arguments
            let arguments = try pop()
            try call(pop(), arguments)
        case .build:
            let state = try pop()
            try build(top(), state)
        case .binPersID: try persistent(pop())
        }
    }

    private mutating func checkProtocol() throws(ModelFileError) {
        let version = try integer(UInt8.self)
        guard (2...5).contains(version) else { throw malformed("claims protocol \(version), which does not exist") }
    }

    /// Carries out POP, which removes a mark if that is on top.
    private mutating func discard() throws(ModelFileError) {
        if topIsMark { _ = try popMark() } else { _ = try pop() }
    }

    /// Pushes an integer in little-endian two's complement of any length. No bytes stand for 0.
    private mutating func pushLong(byteCount: Int) throws(ModelFileError) {
        let (text, slice) = try take(byteCount)
        guard slice.count <= MemoryLayout<Int>.size else {
            push(.longInt(text))
            return
        }
        let bytes = slice.bytes
        let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
        push(.int(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) }))
    }

    private mutating func pushTuple(count: Int) throws(ModelFileError) {
        var items: [PickleValue] = []
        for _ in 0..<count { items.append(try pop()) }
        push(makeTuple(items.reversed()))
    }

    private mutating func stackGlobal() throws(ModelFileError) {
        guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
            throw malformed("names a global by something else than two strings")
        }
        try pushGlobal(module: heap.string(module), name: heap.string(name))
    }
}

/// Globals, calls and their results.
extension PickleMachine {
    /// Pushes a global.
    ///
    /// - Throws: `refused` for a global that has no place in a model file.
    mutating func pushGlobal(module: String, name: String) throws(ModelFileError) {
        let global = PickleGlobal(module: module, name: name)
        if global.isAttributeLookup {
            unusedLookup = global
        } else if global.isDangerous {
            throw hostile(global)
        }
        heap.charge(128 + global.path.utf8.count)
        push(.global(global))
    }

    /// Pushes the result of calling `callable`.
    mutating func call(_ callable: PickleValue, _ arguments: PickleValue) throws(ModelFileError) {
        guard case .tuple(let tuple) = arguments else { throw malformed("calls with \(arguments.kind) for arguments") }
        switch callable {
        case .global(let global) where global.isAttributeLookup:
            unusedLookup = nil
            try lookUp(heap[tuple], global)
        case .global(let global):
            let items = heap[tuple]
            do {
                if let made = try constructors.make(global, items, &heap) {
                    push(made)
                    return
                }
            } catch {
                throw self.malformed("calls \(global) \(error.reason)")
            }
            push(.opaque(heap.makeObject(of: global)))
        case .opaque: push(callable)
        default: throw malformed("calls \(callable.kind)")
        }
    }

    /// Pushes a value that stands for an attribute of a class or an object. It has only the attribute's name.
    private mutating func lookUp(_ arguments: [PickleValue], _ getattr: PickleGlobal) throws(ModelFileError) {
        guard arguments.count == 2, case .string(let text) = arguments[1] else { throw hostile(getattr) }
        let name = heap.string(text)
        guard !name.hasPrefix("__") else { throw hostile(getattr) }
        switch arguments[0] {
        case .global(let owner) where !owner.isDangerous: try pushGlobal(module: owner.path, name: name)
        case .opaque(let object):
            let method = PickleGlobal(module: heap.type(of: object).path, name: name)
            heap.charge(128 + method.path.utf8.count)
            push(.opaque(heap.makeObject(of: method)))
        default: throw hostile(getattr)
        }
    }

    func hostile(_ global: PickleGlobal) -> ModelFileError {
        error(
            .refused,
            "its pickle calls \(global), which a state dict never needs: the file may be hostile. "
                + "Nothing of it was run; take the weights from a source that you trust, best as safetensors")
    }

    mutating func persistent(_ id: PickleValue) throws(ModelFileError) {
        guard case .tuple(let tuple) = id, let value = constructors.persistent(heap[tuple], heap) else {
            throw malformed("refers to something beside it that is no tensor storage")
        }
        heap.charge(176)
        if case .storage(let storage) = value, storages[storage.key] == nil {
            heap.charge(96)
            storages[storage.key] = storage
        }
        push(value)
    }

    /// Attributes: OrderedDict's (`_metadata` of a state dict), a parameter's, a module's. Those of dicts and of opaque
    /// objects are kept.
    mutating func build(_ object: PickleValue, _ state: PickleValue) throws(ModelFileError) {
        switch object {
        case .opaque(let object): heap.setState(state, of: object)
        case .dict(let dictionary):
            if case .dict(let attributes) = state { heap.setAttributes(attributes, of: dictionary) }
        case .list, .tensor: break
        default: throw malformed("sets attributes of \(object.kind)")
        }
    }
}
