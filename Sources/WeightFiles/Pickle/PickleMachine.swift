import FileIO
import StoredTensors

/// Reads a pickle instruction by instruction, and runs nothing that it names.
///
/// A pickle is a program for a machine with a stack, marks on the stack, and a memo of values to use again. Calls go to
/// `TorchConstructors`, which knows the few that state dicts need; any other call makes an opaque object. Memory and
/// time grow no faster than the pickle's length, and are limited by `largestMemory` and `largestWork`. Source: CPython,
/// Lib/pickletools.py and Lib/pickle.py.
struct PickleMachine {
    /// The most instructions, and values that are put into containers, before a pickle is refused. A state dict takes
    /// about 100 for each tensor.
    static let largestWork = 4_000_000

    /// Returns the most memory in bytes that a pickle may take after `length` bytes of it, before it is refused. A
    /// state dict takes about 10 for each byte; a pickle that is made to exhaust its reader could take hundreds.
    static func largestMemory(afterReading length: Int) -> Int { (16 << 20) + 24 * length }

    var heap: PickleHeap
    /// The storages to which the pickle refers, by key, each as it was first referred to.
    var storages: [String: TorchStorage] = [:]

    let constructors = TorchConstructors()
    /// A `getattr` that was named but not called yet.
    var unusedLookup: PickleGlobal?
    private var cursor: ByteCursor
    private var stack: [PickleValue] = []
    /// The marks: heights of the stack, lowest first.
    private var marks: [Int] = []
    private var memo = PickleMemo()
    private var instructionCount = 0
    /// The most values and marks that were ever on the stack.
    private var highest = 0

    /// Prepares to read a pickle.
    ///
    /// - Parameter slice: bytes that begin with the pickle, and may continue behind it.
    init(_ slice: FileSlice) {
        cursor = ByteCursor(slice, subject: "its pickle")
        heap = PickleHeap(slice)
    }

    /// The number of bytes read so far, which is the length of the pickle once `run` has returned.
    var position: Int { cursor.position }

    /// The memory that the pickle takes so far, in bytes.
    private var memory: Int { heap.byteCount + memo.byteCount + highest * 2 * MemoryLayout<PickleValue>.stride }

    /// Reads up to the STOP instruction.
    ///
    /// - Returns: the value that the pickle describes. Its containers are in `heap`.
    /// - Throws: `truncated`; `malformed`; `refused` for dangerous globals and for instructions that are not
    ///   understood.
    mutating func run() throws(ModelFileError) -> PickleValue {
        while true {
            let code = try cursor.byte()
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw error(
                    .refused,
                    "its pickle uses instruction 0x\(String(code, radix: 16)), which torch.save does not write "
                        + "in protocol 2: \(Self.advice)")
            }
            if opcode == .stop {
                if let unusedLookup { throw hostile(unusedLookup) }
                return try pop()
            }
            try step(opcode)
            instructionCount += 1
            guard instructionCount + heap.valueCount <= Self.largestWork else {
                throw error(.refused, "its pickle takes more than \(Self.largestWork) steps: \(Self.advice)")
            }
            highest = max(highest, stack.count + marks.count)
            guard memory <= Self.largestMemory(afterReading: position) else {
                throw error(
                    .refused,
                    "its pickle takes \(memory >> 20) MB of memory in its first \(position) bytes, far more than a "
                        + "state dict does: \(Self.advice)")
            }
        }
    }

    /// The advice about a checkpoint that is more than a state dict.
    static let advice =
        "save the weights alone with torch.save(net.state_dict(), ...), or \(PythonExport.advice)"

    // MARK: What instructions are made of

    mutating func push(_ value: PickleValue) { stack.append(value) }

    mutating func pop() throws(ModelFileError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw malformed("takes a value from an empty stack")
        }
        return value
    }

    func top() throws(ModelFileError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw malformed("looks at a value of an empty stack")
        }
        return value
    }

    var topIsMark: Bool { marks.last == stack.count }

    mutating func mark() { marks.append(stack.count) }

    /// Pops the values above the last mark, and the mark.
    mutating func popMark() throws(ModelFileError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw malformed("looks for a mark that is not there") }
        let items = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return items
    }

    mutating func remember(at index: Int) throws(ModelFileError) { memo[index] = try top() }

    /// Stores a value at the next free index of the memo, as MEMOIZE does.
    mutating func remember() throws(ModelFileError) { try remember(at: memo.count) }

    mutating func recall(_ index: Int) throws(ModelFileError) {
        guard let value = memo[index] else { throw malformed("recalls value \(index), which it never stored") }
        push(value)
    }

    mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws(ModelFileError) -> Integer {
        try cursor.integer()
    }

    mutating func take(_ count: some BinaryInteger) throws(ModelFileError) -> (text: PickleText, slice: FileSlice) {
        let start = position
        let slice = try cursor.take(count)
        guard let text = PickleText(start: start, count: slice.count) else {
            throw error(.refused, "its pickle is longer than 4 GB: \(Self.advice)")
        }
        return (text, slice)
    }

    mutating func text(_ count: some BinaryInteger) throws(ModelFileError) -> PickleText {
        let (text, slice) = try take(count)
        guard slice.text != nil else { throw malformed("holds a string that is not UTF-8") }
        return text
    }

    /// Pushes a string of Python 2, which may be text or bytes.
    mutating func textOrBytes(_ count: some BinaryInteger) throws(ModelFileError) -> PickleValue {
        let (text, slice) = try take(count)
        return slice.text == nil ? .bytes(text) : .string(text)
    }

    mutating func line() throws(ModelFileError) -> String {
        guard let line = try cursor.line().text else { throw malformed("holds a name that is not UTF-8") }
        return line
    }

    // MARK: Containers

    mutating func makeTuple(_ items: [PickleValue]) -> PickleValue { .tuple(heap.makeSequence(items)) }

    mutating func makeList(_ items: [PickleValue]) -> PickleValue { .list(heap.makeSequence(items)) }

    mutating func makeDict() -> PickleValue { .dict(heap.makeDictionary()) }

    mutating func extend(_ list: PickleValue, by items: [PickleValue]) throws(ModelFileError) {
        switch list {
        case .list(let list): heap.append(items, to: list)
        case .opaque: break
        default: throw malformed("appends to \(list.kind)")
        }
    }

    /// - Parameter items: key, value, key, value...
    mutating func update(_ dict: PickleValue, with items: [PickleValue]) throws(ModelFileError) {
        guard items.count.isMultiple(of: 2) else { throw malformed("sets a key without a value") }
        switch dict {
        case .dict(let dict):
            for index in stride(from: 0, to: items.count, by: 2) {
                heap.set(items[index], to: items[index + 1], in: dict)
            }
        case .opaque: break
        default: throw malformed("sets a key of \(dict.kind)")
        }
    }

    // MARK: Errors

    func malformed(_ what: String) -> ModelFileError {
        error(.malformed, "its pickle is damaged: before byte \(cursor.position) it \(what)")
    }

    func error(_ code: ModelFileError.Code, _ message: String) -> ModelFileError {
        cursor.slice.file.error(code, message)
    }
}
