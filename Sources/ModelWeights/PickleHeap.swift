/// The containers of a pickle.
///
/// They hold each other by index and not by reference: a cycle leaks nothing, and a chain of a million lists, each in
/// the next, is let go without recursion.
struct PickleHeap {
    struct Sequence: Hashable { fileprivate let index: Int }
    struct Dictionary: Hashable { fileprivate let index: Int }
    struct Object: Hashable { fileprivate let index: Int }

    /// Values that were ever put into containers, repeated ones too: what the heap's memory grows with.
    private(set) var valueCount = 0

    private var sequences: [[PickleValue]] = []
    private var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private var objects: [(type: PickleGlobal, state: PickleValue)] = []

    // MARK: Tuples and lists

    mutating func makeSequence(_ items: [PickleValue] = []) -> Sequence {
        valueCount += 1 + items.count
        sequences.append(items)
        return Sequence(index: sequences.count - 1)
    }

    subscript(sequence: Sequence) -> [PickleValue] { sequences[sequence.index] }

    mutating func append(_ items: some Collection<PickleValue>, to sequence: Sequence) {
        valueCount += items.count
        sequences[sequence.index].append(contentsOf: items)
    }

    // MARK: Dicts

    mutating func makeDictionary() -> Dictionary {
        valueCount += 1
        dictionaries.append([])
        return Dictionary(index: dictionaries.count - 1)
    }

    /// The pairs in the order in which they were set. A key that was set twice is here twice.
    subscript(dictionary: Dictionary) -> [(key: PickleValue, value: PickleValue)] { dictionaries[dictionary.index] }

    mutating func set(_ key: PickleValue, to value: PickleValue, in dictionary: Dictionary) {
        valueCount += 2
        dictionaries[dictionary.index].append((key, value))
    }

    /// The value that was last set for a string.
    func value(of key: String, in dictionary: Dictionary) -> PickleValue? {
        dictionaries[dictionary.index].last { pair in
            if case .string(key) = pair.key { true } else { false }
        }?.value
    }

    // MARK: Objects of classes that are not understood

    mutating func makeObject(of type: PickleGlobal) -> Object {
        valueCount += 1
        objects.append((type, .none))
        return Object(index: objects.count - 1)
    }

    func type(of object: Object) -> PickleGlobal { objects[object.index].type }

    mutating func setState(_ state: PickleValue, of object: Object) {
        objects[object.index].state = state
    }

    /// Whether the object is a `torch.nn.Module`: its state holds what only those have.
    func isModule(_ object: Object) -> Bool {
        guard case .dict(let state) = objects[object.index].state else { return false }
        return value(of: "_parameters", in: state) != nil && value(of: "_modules", in: state) != nil
    }
}
