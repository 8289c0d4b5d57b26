/// Writes a pickle of protocol 2, instruction by instruction, with those that PyTorch's `weights_only` loading knows.
///
/// Source: CPython, Lib/pickletools.py; PyTorch, torch/_weights_only_unpickler.py.
struct PickleWriter {
    /// The instructions so far.
    private(set) var bytes: [UInt8] = [PickleOpcode.proto.rawValue, 2]
    /// The number in the memo of each global that was named.
    private var globals: [String: UInt8] = [:]

    /// Writes an instruction without operands.
    mutating func write(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

    mutating func string(_ text: String) {
        write(.binUnicode)
        bytes.append(littleEndian: UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func integer(_ number: Int) {
        if let small = UInt8(exactly: number) {
            write(.binInt1)
            bytes.append(small)
        } else if let middle = Int32(exactly: number) {
            write(.binInt)
            bytes.append(littleEndian: middle)
        } else {
            write(.long1)
            bytes.append(UInt8(MemoryLayout<Int>.size))
            bytes.append(littleEndian: number)
        }
    }

    mutating func tuple(_ numbers: [Int]) {
        write(.mark)
        numbers.forEach { integer($0) }
        write(.tuple)
    }

    /// Names a class or function; the second time, the memo does.
    mutating func global(_ module: String, _ name: String) {
        let path = "\(module)\n\(name)\n"
        if let number = globals[path] {
            write(.binGet)
            bytes.append(number)
            return
        }
        write(.global)
        bytes += path.utf8
        let number = UInt8(globals.count)
        globals[path] = number
        write(.binPut)
        bytes.append(number)
    }

    /// Makes an empty OrderedDict.
    mutating func orderedDictionary() {
        global("collections", "OrderedDict")
        write(.emptyTuple)
        write(.reduce)
    }

    /// Makes a dict of texts, in the order of their keys.
    mutating func dictionary(_ texts: [String: String]) {
        write(.emptyDict)
        write(.mark)
        for key in texts.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            string(key)
            string(texts[key] ?? "")
        }
        write(.setItems)
    }
}
