import FileIO
import StoredTensors

/// Reads the messages of an ONNX file.
///
/// In a hostile file, two bytes can stand for a whole node. So the number of items is limited, and the messages take at
/// most a few hundred megabytes, whatever they claim.
struct ModelReader {
    /// The most nodes, names, attributes, numbers in attributes and extents together: a hundred times what large
    /// networks have.
    static let largestItemCount = 1_000_000
    /// The most levels of graphs inside attributes of graphs.
    static let largestDepth = 8

    let file: MappedFile
    private var itemsLeft = Self.largestItemCount
    var externalData: ExternalData

    init(_ file: MappedFile) {
        self.file = file
        externalData = ExternalData(model: file)
    }

    /// Reads the whole model.
    ///
    /// - Throws: `truncated`, `malformed`, `unsupportedType`.
    mutating func model() throws(ModelFileError) -> ModelProto {
        var model = ModelProto()
        try fields(of: FileSlice(file), "ModelProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: model.irVersion = try field.integer
            case 2: model.producerName = try field.text
            case 3: model.producerVersion = try field.text
            case 7: model.graph = try reader.graph(field.bytes, depth: 0)
            case 8: model.opsets.append(try reader.opset(field.bytes))
            case 14: model.metadata.append(try reader.entry(field.bytes))
            default: break
            }
        }
        return model
    }

    private mutating func graph(_ slice: FileSlice, depth: Int) throws(ModelFileError) -> GraphProto {
        guard depth <= Self.largestDepth else {
            throw file.error(.malformed, "its graphs are nested more than \(Self.largestDepth) deep")
        }
        var graph = GraphProto()
        try fields(of: slice, "GraphProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: graph.nodes.append(try reader.node(field.bytes, depth: depth))
            case 5: graph.initializers.append(try reader.tensor(field.bytes))
            case 11: graph.inputs.append(try reader.valueInfo(field.bytes))
            case 12: graph.outputs.append(try reader.valueInfo(field.bytes))
            case 13: graph.valueInfo.append(try reader.valueInfo(field.bytes))
            case 15:
                throw reader.file.error(
                    .unsupportedType, "has a sparse initializer: export the network with dense weights")
            default: break
            }
        }
        return graph
    }

    private mutating func node(_ slice: FileSlice, depth: Int) throws(ModelFileError) -> NodeProto {
        var node = NodeProto()
        try fields(of: slice, "NodeProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: node.inputs.append(try field.text)
            case 2: node.outputs.append(try field.text)
            case 3: node.name = try field.text
            case 4: node.operatorType = try field.text
            case 5: node.attributes.append(try reader.attribute(field.bytes, depth: depth))
            case 7: node.domain = try field.text
            default: break
            }
        }
        return node
    }

    private mutating func attribute(_ slice: FileSlice, depth: Int) throws(ModelFileError) -> AttributeProto {
        var name = ""
        var type: Int?
        var values: [Int: AttributeProto.Value] = [:]  // by attribute type
        var floats: [Float] = []
        var ints: [Int] = []
        var strings: [String] = []
        try fields(of: slice, "AttributeProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: name = try field.text
            case 2: values[1] = .float(try field.float)
            case 3: values[2] = .int(try field.integer)
            case 4: values[3] = .string(String(decoding: try field.bytes.bytes, as: UTF8.self))
            case 5: values[4] = .tensor(try reader.tensor(field.bytes))
            case 6: values[5] = .graph(try reader.graph(field.bytes, depth: depth + 1))
            case 7: try reader.numbers(field, .fixed32) { floats.append(Float(bitPattern: UInt32($0))) }
            case 8: try reader.numbers(field, .varint) { ints.append(Int(bitPattern: UInt($0))) }
            case 9: strings.append(String(decoding: try field.bytes.bytes, as: UTF8.self))
            case 20: type = try field.integer
            default: break
            }
        }
        if !floats.isEmpty { values[6] = .floats(floats) }
        if !ints.isEmpty { values[7] = .ints(ints) }
        if !strings.isEmpty { values[8] = .strings(strings) }
        guard let type, type != 0 else {
            // Old files, from before types were written, hold one value.
            return AttributeProto(name: name, value: values.min { $0.key < $1.key }?.value ?? .other("nothing"))
        }
        return AttributeProto(name: name, value: values[type] ?? Self.emptyAttribute(ofType: type))
    }

    /// Returns the value of an attribute that was not written. Some writers leave out zeros and empty lists.
    private static func emptyAttribute(ofType type: Int) -> AttributeProto.Value {
        switch type {
        case 1: .float(0)
        case 2: .int(0)
        case 3: .string("")
        case 6: .floats([])
        case 7: .ints([])
        case 8: .strings([])
        case 4: .other("a tensor that is not there")
        case 5, 10: .other("graphs")
        case 9: .other("tensors")
        case 11, 12: .other("a sparse tensor")
        default: .other("a type")
        }
    }

    private mutating func valueInfo(_ slice: FileSlice) throws(ModelFileError) -> ValueInfoProto {
        var info = ValueInfoProto()
        try fields(of: slice, "ValueInfoProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: info.name = try field.text
            case 2:
                info.isTensor = false
                try reader.fields(of: field.bytes, "TypeProto") { (field, reader) throws(ModelFileError) in
                    guard field.number == 1 else { return }
                    info.isTensor = true
                    try reader.tensorType(field.bytes, into: &info)
                }
            default: break
            }
        }
        return info
    }

    private mutating func tensorType(
        _ slice: FileSlice, into info: inout ValueInfoProto
    ) throws(ModelFileError) {
        try fields(of: slice, "TypeProto.Tensor") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: info.typeCode = try field.integer
            case 2:
                var shape: [ONNXExtent] = []
                try reader.fields(of: field.bytes, "TensorShapeProto") { (field, reader) throws(ModelFileError) in
                    if field.number == 1 { shape.append(try reader.extent(field.bytes)) }
                }
                info.shape = shape
            default: break
            }
        }
    }

    private mutating func extent(_ slice: FileSlice) throws(ModelFileError) -> ONNXExtent {
        var extent = ONNXExtent.symbolic("")
        try fields(of: slice, "TensorShapeProto.Dimension") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1:
                // Some exporters write -1 or 0 for an open extent.
                let value = try field.integer
                extent = value > 0 ? .fixed(value) : .symbolic("")
            case 2: extent = .symbolic(try field.text)
            default: break
            }
        }
        return extent
    }

    private mutating func opset(_ slice: FileSlice) throws(ModelFileError) -> (domain: String, version: Int) {
        var opset = (domain: "", version: 0)
        try fields(of: slice, "OperatorSetIdProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: opset.domain = try field.text
            case 2: opset.version = try field.integer
            default: break
            }
        }
        return opset
    }

    /// Reads a pair of strings, as metadata and the places of external data are written.
    mutating func entry(_ slice: FileSlice) throws(ModelFileError) -> (key: String, value: String) {
        var entry = (key: "", value: "")
        try fields(of: slice, "StringStringEntryProto") { (field, reader) throws(ModelFileError) in
            switch field.number {
            case 1: entry.key = try field.text
            case 2: entry.value = try field.text
            default: break
            }
        }
        return entry
    }

    /// Calls `body` with every field of a message.
    mutating func fields(
        of slice: FileSlice, _ message: String,
        _ body: (ProtobufField, inout ModelReader) throws(ModelFileError) -> Void
    ) throws(ModelFileError) {
        var cursor = ProtobufCursor(slice, message: message)
        try count()
        while let field = try cursor.next() {
            if case .bytes = field.value { try count() }
            try body(field, &self)
        }
    }

    /// Calls `body` with every number of a part of a repeated field.
    mutating func numbers(
        _ field: ProtobufField, _ kind: ProtobufNumbers, _ body: (UInt64) throws(ModelFileError) -> Void
    ) throws(ModelFileError) {
        var reader = self
        defer { self = reader }
        try field.forEachNumber(kind) { (bits) throws(ModelFileError) in
            try reader.count()
            try body(bits)
        }
    }

    private mutating func count() throws(ModelFileError) {
        itemsLeft -= 1
        guard itemsLeft >= 0 else {
            throw file.error(
                .malformed, "has more than \(Self.largestItemCount) nodes, names and numbers, which no network needs")
        }
    }
}
