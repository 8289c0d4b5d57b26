/// A value that a pickle describes.
///
/// Containers live in a `PickleHeap` and are named here by their place in it, because pickles share and change them
/// after they were made, and may put one into itself. A value takes 16 bytes, because one byte of pickle can push one.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    /// An integer beyond 64 bits: little-endian two's complement.
    case longInt(PickleText)
    case float(Double)
    case string(PickleText)
    case bytes(PickleText)
    case tuple(PickleHeap.Sequence)
    /// A list or a set.
    case list(PickleHeap.Sequence)
    /// A dict or an OrderedDict.
    case dict(PickleHeap.Dictionary)
    /// A Python class or function, by name only.
    indirect case global(PickleGlobal)
    case storage(TorchStorage)
    indirect case tensor(TorchTensor)
    /// The unknown result of a call that is not understood.
    case opaque(PickleHeap.Object)

    /// The name of the kind in Python, for errors.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int, .longInt: "an int"
        case .float: "a float"
        case .string: "a string"
        case .bytes: "bytes"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dict: "a dict"
        case .global(let global): "the class or function \(global)"
        case .storage: "a bare storage"
        case .tensor: "a single tensor"
        case .opaque: "an object"
        }
    }
}

/// A run of bytes of a pickle: a string, bytes, or a long integer. What it says is looked up in a `PickleHeap` when it
/// matters, so that a pickle's text is not in memory twice.
struct PickleText {
    private let start: UInt32
    private let length: UInt32

    /// - Returns: nil for what lies beyond the first 4 GB of a pickle.
    init?(start: Int, count: Int) {
        guard let start = UInt32(exactly: start), let length = UInt32(exactly: count) else { return nil }
        self.start = start
        self.length = length
    }

    /// Where the bytes lie in the pickle.
    var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
}
