import FileIO

/// The containers of a pickle, and its text.
///
/// They refer to each other by index and not by reference. So a cycle leaks nothing, and a chain of a million nested
/// lists is freed without recursion.
struct PickleHeap {
    struct Sequence: Hashable { fileprivate let index: Int }
    struct Dictionary: Hashable { fileprivate let index: Int }
    struct Object: Hashable { fileprivate let index: Int }

    /// The number of values that were ever put into containers, including repeated ones. The heap's memory grows with
    /// it.
    private(set) var valueCount = 0
    /// The memory in bytes that containers, globals and tensors take, including allocation overhead and room to grow.
    private(set) var byteCount = 0

    private let pickle: FileSlice
    private var sequences: [[PickleValue]] = []
    private var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    /// The dicts that hold the attributes of OrderedDicts, by the index of these.
    private var attributesOfDictionaries: [Int: Dictionary] = [:]
    private var objects: [(type: PickleGlobal, state: PickleValue)] = []

    /// Makes an empty heap.
    ///
    /// - Parameter pickle: bytes that begin with the pickle, and may continue behind it.
    init(_ pickle: FileSlice) { self.pickle = pickle }

    /// Counts the memory that a value takes outside of containers.
    mutating func charge(_ bytes: Int) { byteCount += bytes }

    // MARK: Text

    /// Returns a text as a string.
    ///
    /// - Precondition: the text was found to be UTF-8.
    func string(_ text: PickleText) -> String { String(decoding: bytes(text), as: UTF8.self) }

    func bytes(_ text: PickleText) -> [UInt8] {
        pickle.slice(at: text.range.lowerBound, count: text.range.count)?.bytes ?? []
    }

    func matches(_ text: PickleText, _ string: String) -> Bool {
        text.range.count == string.utf8.count && pickle.starts(with: string.utf8, at: text.range.lowerBound)
    }

    // MARK: Tuples and lists

    mutating func makeSequence(_ items: [PickleValue] = []) -> Sequence {
        valueCount += 1 + items.count
        byteCount += items.isEmpty ? 16 : 64 + 16 * items.count
        sequences.append(items)
        return Sequence(index: sequences.count - 1)
    }

    subscript(sequence: Sequence) -> [PickleValue] { sequences[sequence.index] }

    mutating func append(_ items: some Collection<PickleValue>, to sequence: Sequence) {
        valueCount += items.count
        byteCount += (sequences[sequence.index].isEmpty ? 64 : 0) + 32 * items.count
        sequences[sequence.index].append(contentsOf: items)
    }

    // MARK: Dicts

    mutating func makeDictionary() -> Dictionary {
        valueCount += 1
        byteCount += 16
        dictionaries.append([])
        return Dictionary(index: dictionaries.count - 1)
    }

    /// Returns the pairs in the order in which they were set. A key that was set twice occurs twice.
    subscript(dictionary: Dictionary) -> [(key: PickleValue, value: PickleValue)] { dictionaries[dictionary.index] }

    mutating func set(_ key: PickleValue, to value: PickleValue, in dictionary: Dictionary) {
        valueCount += 2
        byteCount += dictionaries[dictionary.index].isEmpty ? 128 : 64
        dictionaries[dictionary.index].append((key, value))
    }

    /// Returns the value that was last set for a string.
    func value(of key: String, in dictionary: Dictionary) -> PickleValue? {
        dictionaries[dictionary.index].last { pair in
            if case .string(let text) = pair.key { matches(text, key) } else { false }
        }?.value
    }

    /// Keeps the attributes that an OrderedDict has beside its pairs.
    mutating func setAttributes(_ attributes: Dictionary, of dictionary: Dictionary) {
        byteCount += 48
        attributesOfDictionaries[dictionary.index] = attributes
    }

    /// Returns the attributes of an OrderedDict, if it has any.
    func attributes(of dictionary: Dictionary) -> Dictionary? { attributesOfDictionaries[dictionary.index] }

    // MARK: Objects of classes that are not understood

    mutating func makeObject(of type: PickleGlobal) -> Object {
        valueCount += 1
        byteCount += 64
        objects.append((type, .none))
        return Object(index: objects.count - 1)
    }

    func type(of object: Object) -> PickleGlobal { objects[object.index].type }

    mutating func setState(_ state: PickleValue, of object: Object) {
        objects[object.index].state = state
    }

    /// Returns the attributes of an object, if it has any by name.
    func attributes(of object: Object) -> Dictionary? {
        switch objects[object.index].state {
        case .dict(let attributes): return attributes
        // The second item holds `__slots__`.
        case .tuple(let pair):
            guard self[pair].count == 2, case .dict(let attributes) = self[pair][0] else { return nil }
            return attributes
        default: return nil
        }
    }
}

/// The memo: the values that a pickle stored in order to use them again, by number.
///
/// Writers number them 0, 1, 2, ... Only numbers in another order need a dictionary.
struct PickleMemo {
    private var inOrder: [PickleValue] = []
    private var others: [Int: PickleValue] = [:]

    var count: Int { inOrder.count + others.count }

    /// The memory in bytes that the values take. Arrays and dictionaries have room to grow.
    var byteCount: Int { inOrder.count * 32 + others.count * 96 }

    subscript(index: Int) -> PickleValue? {
        get { inOrder.indices.contains(index) ? inOrder[index] : others[index] }
        set {
            guard let newValue else { return }
            if inOrder.indices.contains(index) {
                inOrder[index] = newValue
            } else if index == inOrder.count {
                inOrder.append(newValue)
                others[index] = nil
            } else {
                others[index] = newValue
            }
        }
    }
}
