import FileIO
import StoredTensors

extension ModelReader {
    /// The fields of a `TensorProto` before its data are read.
    private struct Header {
        var name = ""
        var shape: [Int] = []
        var typeCode = 0
        var isExternal = false
        var external: [(key: String, value: String)] = []
        var raw: FileSlice?
        /// The fields for typed elements, by number: how many parts each has, and the last packed part.
        var fields: [Int: (parts: Int, packed: FileSlice?)] = [:]
    }

    /// Reads a tensor.
    ///
    /// - Throws: `malformed` if the data do not match the shape; `truncated` and `noSuchFile` for external data.
    mutating func tensor(_ slice: FileSlice) throws(ModelFileError) -> TensorProto {
        let header = try header(slice)
        var tensor = TensorProto(name: header.name, shape: header.shape, typeCode: header.typeCode)
        let name = ModelFileError.quoted(header.name)
        guard header.shape.allSatisfy((0...TensorProto.largestExtent).contains),
            header.shape.count <= TensorLayout.largestRank,
            let count = TensorLayout.count(of: header.shape)
        else {
            throw file.error(.malformed, "tensor \(name) has an impossible shape \(Self.text(header.shape))")
        }
        guard let type = tensor.type else { return tensor }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow else {
            throw file.error(.malformed, "tensor \(name) has an impossible shape \(Self.text(header.shape))")
        }
        if header.isExternal {
            let storage = try externalData.slice(header.external, byteCount: byteCount, tensor: name)
            return try tensor.stored(in: storage, type)
        }
        let (field, kind) = type.onnxField
        guard header.raw == nil || header.fields.isEmpty, header.fields.keys.allSatisfy({ $0 == field }) else {
            throw file.error(.malformed, "tensor \(name) holds its elements twice, or in the wrong field")
        }
        if let raw = header.raw {
            try check(raw.count, byteCount, "bytes", tensor)
            return try tensor.stored(in: raw, type)
        }
        guard let parts = header.fields[field] else {
            try check(0, count, "elements", tensor)
            // There are no bytes, so any empty run will do.
            return try tensor.stored(in: slice.slice(at: 0, count: 0)!, type)
        }
        if parts.parts == 1, let packed = parts.packed, kind.byteCount == type.byteCount {
            try check(packed.count, byteCount, "bytes", tensor)
            return try tensor.stored(in: packed, type)
        }
        try check(Self.countNumbers(in: slice, field: field, kind: kind), count, "elements", tensor)
        tensor.elements = .numbers(message: slice, field: field, kind: kind)
        return tensor
    }

    private mutating func header(_ slice: FileSlice) throws(ModelFileError) -> Header {
        var header = Header()
        var cursor = ProtobufCursor(slice, message: "TensorProto")
        while let field = try cursor.next() {
            switch field.number {
            case 1: try numbers(field, .varint) { header.shape.append(Int(bitPattern: UInt($0))) }
            case 2: header.typeCode = try field.integer
            case 3:
                throw file.error(.unsupportedType, "has a tensor stored in segments: save the model as a single file")
            case 4, 5, 7, 10, 11:
                var parts = header.fields[field.number] ?? (0, nil)
                parts.parts += 1
                if case .bytes(let packed) = field.value { parts.packed = packed }
                header.fields[field.number] = parts
            case 8: header.name = try field.text
            case 9: header.raw = try field.bytes
            case 13: header.external.append(try entry(field.bytes))
            case 14: header.isExternal = try field.integer == 1
            default: break
            }
        }
        // Empty packed fields count as missing.
        header.fields = header.fields.filter { $0.value.parts > 1 || $0.value.packed?.count != 0 }
        return header
    }

    private static func countNumbers(
        in message: FileSlice, field number: Int, kind: ProtobufNumbers
    ) throws(ModelFileError) -> Int {
        var cursor = ProtobufCursor(message, message: "TensorProto")
        var count = 0
        while let field = try cursor.next() {
            guard field.number == number else { continue }
            try field.forEachNumber(kind) { (_) throws(ModelFileError) in count += 1 }
        }
        return count
    }

    private func check(
        _ found: Int, _ expected: Int, _ unit: String, _ tensor: TensorProto
    ) throws(ModelFileError) {
        guard found == expected else {
            let type = ElementType.name(onnx: tensor.typeCode)
            throw file.error(
                .malformed,
                "tensor \(ModelFileError.quoted(tensor.name)) has \(found) \(unit), and \(type) of shape "
                    + "\(Self.text(tensor.shape)) takes \(expected): copy or download the file again")
        }
    }

    private static func text(_ shape: [Int]) -> String {
        "(" + shape.prefix(8).map(String.init).joined(separator: ", ") + (shape.count > 8 ? ", ..." : "") + ")"
    }
}

extension TensorProto {
    /// Returns the tensor with its elements in a run of bytes of exactly their size.
    fileprivate func stored(in storage: FileSlice, _ type: ElementType) throws(ModelFileError) -> TensorProto {
        var tensor = self
        let stored = try StoredTensor(
            name: name, storage: storage, type: type, shape: shape, strides: TensorLayout.rowMajorStrides(of: shape),
            offset: 0)
        tensor.elements = .storage(storage, stored)
        return tensor
    }
}
