import FileIO
import StoredTensors

/// Globals, calls and what they make.
extension PickleMachine {
    /// - Throws: `refused` for a global that has no business in a model file.
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

    /// Pushes what calling `callable` makes.
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

    /// Pushes what stands for an attribute of a class, or of an object: no more than its name.
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

    /// Attributes: OrderedDict's (`_metadata` of a state dict), a parameter's, a module's. Only those of opaque objects
    /// are kept.
    mutating func build(_ object: PickleValue, _ state: PickleValue) throws(ModelFileError) {
        switch object {
        case .opaque(let object): heap.setState(state, of: object)
        case .dict, .list, .tensor: break
        default: throw malformed("sets attributes of \(object.kind)")
        }
    }
}
