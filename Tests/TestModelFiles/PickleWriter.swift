/// Makes pickles of protocol 2, instruction by instruction.
package struct PickleWriter {
    /// What has been written so far.
    package private(set) var bytes: [UInt8] = [0x80, 2]

    /// A pickle of what `body` writes.
    package static func pickle(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
        var writer = PickleWriter()
        body(&writer)
        writer.code(".")
        return writer.bytes
    }

    /// Instructions that are printable characters.
    package mutating func code(_ codes: String) { bytes += Array(codes.utf8) }

    /// Bytes as they are.
    package mutating func raw(_ more: [UInt8]) { bytes += more }

    /// A class or function by name.
    package mutating func global(_ module: String, _ name: String) { code("c\(module)\n\(name)\n") }

    /// A string of text.
    package mutating func string(_ text: String) {
        code("X")
        raw(UInt32(text.utf8.count).littleEndianBytes + Array(text.utf8))
    }

    /// An integer, in the shortest form that has room for it.
    package mutating func int(_ value: Int) {
        switch value {
        case 0..<256: raw([0x4b, UInt8(value)])
        case -0x8000_0000..<0x8000_0000: raw([0x4a] + Int32(value).littleEndianBytes)
        default: raw([0x8a, 8] + value.littleEndianBytes)
        }
    }

    /// A tuple of integers.
    package mutating func tuple(_ values: [Int]) {
        code("(")
        for value in values { int(value) }
        code("t")
    }

    /// Calls what lies below with no arguments.
    package mutating func orderedDict() {
        global("collections", "OrderedDict")
        code(")R")
    }

    /// A reference to a storage beside the pickle.
    package mutating func storage(_ storage: SampleTensor.Storage, isLegacy: Bool = false) {
        code("(")
        string("storage")
        global(storage.module, storage.type)
        string(storage.key)
        string("cuda:0")
        int(storage.count)
        if isLegacy {
            if let view = storage.view {
                code("(")
                string("view")
                int(view.offset)
                int(view.count)
                code("t")
            } else {
                code("N")
            }
        }
        code("tQ")
    }

    /// A call that makes a tensor.
    package mutating func tensor(_ tensor: SampleTensor, isLegacy: Bool = false) {
        global("torch._utils", "_rebuild_tensor_v\(tensor.dtype == nil ? 2 : 3)")
        code("(")
        storage(tensor.storage, isLegacy: isLegacy)
        int(tensor.offset)
        tuple(tensor.shape)
        tuple(tensor.strides)
        raw([0x89])  // requires_grad
        orderedDict()  // hooks
        if let dtype = tensor.dtype { global("torch", dtype) }
        code("tR")
    }

    /// An OrderedDict of tensors with `_metadata`, as `net.state_dict()` is saved.
    package mutating func stateDict(_ tensors: [SampleTensor], isLegacy: Bool = false) {
        orderedDict()
        code("(")
        for tensor in tensors {
            string(tensor.name)
            self.tensor(tensor, isLegacy: isLegacy)
        }
        code("u}")
        string("_metadata")
        orderedDict()
        code("sb")
    }
}
