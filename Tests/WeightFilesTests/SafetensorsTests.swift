import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

@Suite struct SafetensorsTests {
    @Test func readsTensorsInOrderAndMetadata() throws {
        let stateDict = try Checkpoint.read(bytes: SafetensorsWriter.small)
        #expect(stateDict.tensors.map(\.name) == ["conv.bias", "conv.weight"])
        #expect(stateDict.metadata == ["format": "pt"])
        #expect(stateDict.isSortedByName)
        #expect(stateDict.elementTypes == ["conv.bias": .float32, "conv.weight": .float32])
    }

    @Test func namesAndMetadataMayHoldAnyText() throws {
        let header = #"""
            {"a\u00e9\ud83d\ude00\"\\\/\n":{"dtype":"U8","shape":[],"data_offsets":[0,1]},
             "__metadata__" : { "classes" : "[\"water\", \"land\"]" } }
            """#
        let stateDict = try Checkpoint.read(bytes: SafetensorsWriter.file(header: header, data: [7]))
        #expect(stateDict.elements == ["aé😀\"\\/\n": [7]])
        #expect(stateDict.metadata == ["classes": #"["water", "land"]"#])
    }

    /// Bytes are little-endian; 2^24 + 1 and 0.1 are not float32 numbers.
    @Test(
        "each type becomes float32",
        arguments: [
            ("F64", [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f], 0.1), ("F32", [0, 0, 0xc0, 0xbf], -1.5),
            ("F16", [0x00, 0x3e], 1.5), ("F16", [0x01, 0x00], 0x1p-24), ("F16", [0x00, 0xfc], -.infinity),
            ("BF16", [0xc0, 0xbf], -1.5), ("I64", [1, 0, 0, 1, 0, 0, 0, 0], 16_777_216),
            ("I32", [0xfe, 0xff, 0xff, 0xff], -2), ("I16", [0, 0x80], -32768), ("I8", [0xff], -1),
            ("U64", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0x1p64), ("U32", [0, 0, 0, 0x80], 0x1p31),
            ("U16", [0xff, 0xff], 65535), ("U8", [0xff], 255), ("BOOL", [1], 1), ("BOOL", [0], 0),
        ] as [(String, [UInt8], Float)])
    func types(dtype: String, bytes: [UInt8], value: Float) throws {
        let header = SafetensorsWriter.header(dtype: dtype, shape: "[1]", offsets: "[0,\(bytes.count)]")
        #expect(
            try Checkpoint.read(bytes: SafetensorsWriter.file(header: header, data: bytes)).elements == ["w": [value]])
    }

    /// As Overtile writes them, in the order of the layers.
    @Test func tensorsNeedNotBeSortedByName() throws {
        let header = #"""
            {"stem":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"head":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}
            """#
        let stateDict = try Checkpoint.read(bytes: SafetensorsWriter.file(header: header, data: [7, 8]))
        #expect(stateDict.tensors.map(\.name) == ["stem", "head"] && !stateDict.isSortedByName)
    }

    @Test func unknownTypesAreRefused() throws {
        let header = SafetensorsWriter.header(dtype: "F8_E4M3", shape: "[1]", offsets: "[0,1]")
        let error = try Checkpoint.error(bytes: SafetensorsWriter.file(header: header, data: [0]))
        #expect(error?.code == .unsupportedType)
        #expect(error?.message.contains("'w'") == true && error?.message.contains("'F8_E4M3'") == true)
    }

    @Test(
        "lengths of the header",
        arguments: [
            (1 << 63, .malformed),  // beyond Int
            (.max, .malformed), (25_000_001, .malformed),  // beyond the bound
            (25_000_000, .truncated),  // within it, but beyond the file
            (3, .malformed),  // ends within the JSON
            (0, .malformed),
        ] as [(UInt64, ModelFileError.Code)])
    func headerLengths(length: UInt64, code: ModelFileError.Code) throws {
        let file = SafetensorsWriter.file(
            header: SafetensorsWriter.header(), data: [UInt8](repeating: 0, count: 8), claimedLength: length)
        #expect(try Checkpoint.error(bytes: file)?.code == code)
    }

    @Test(
        "one tensor of 8 bytes",
        arguments: [
            ("[2]", "[0,9]", .truncated), ("[2]", "[8,16]", .truncated), ("[2]", "[8,0]", .malformed),
            ("[2]", "[0,4]", .malformed), ("[3]", "[0,8]", .malformed), ("[]", "[0,8]", .malformed),
            ("[2]", "[9223372036854775807,9223372036854775807]", .truncated),
            ("[2]", "[0,9223372036854775808]", .malformed),
            ("[4611686018427387904,4,2]", "[0,8]", .malformed),  // wraps around to 0
            ("[4611686018427387904,4611686018427387904,0]", "[0,0]", .malformed),  // empty, but not for who multiplies
            ("[2305843009213693953]", "[0,8]", .malformed),  // wraps around to 4 bytes
            ("[-2]", "[0,8]", .malformed), ("[2.0]", "[0,8]", .malformed), ("[2]", "[0]", .malformed),
            ("[2]", "[0,8,8]", .malformed), ("[2", "[0,8]", .malformed), ("2", "[0,8]", .malformed),
            ("[2]", "[4,8]", .malformed),
        ] as [(String, String, ModelFileError.Code)])
    func offsets(shape: String, offsets: String, code: ModelFileError.Code) throws {
        let header = SafetensorsWriter.header(shape: shape, offsets: offsets)
        let file = SafetensorsWriter.file(header: header, data: [UInt8](repeating: 0, count: 8))
        #expect(try Checkpoint.error(bytes: file)?.code == code)
    }

    @Test(
        "headers that break the format",
        arguments: [
            // A name twice; two tensors that overlap; a hole between them; bytes that are no tensor's.
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}}"#,
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"dtype":"I8"}}"#,
            #"{"a":{"dtype":"U8","shape":[8]}}"#, #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}"#,
            #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}x"#, #"{"a":null}"#, #"{"a":[]}"#,
            #"{"__metadata__":{"a":1}}"#, #"{"\ud800":1}"#, #"{"\x":1}"#, #"{"a"#, "{",
            "{\"a\":" + String(repeating: "[", count: 100_000),
            "{\"a\":" + String(repeating: "{\"a\":", count: 100_000),
        ])
    func headers(header: String) throws {
        let file = SafetensorsWriter.file(header: header, data: [UInt8](repeating: 0, count: 8))
        #expect(try Checkpoint.error(bytes: file)?.code == .malformed)
    }

    @Test func headersNameNoMoreTensorsThanNetworksHave() throws {
        let tensors = (0...100_000).map { #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"# }
        let header = "{" + tensors.joined(separator: ",") + "}"
        let error = try Checkpoint.error(bytes: SafetensorsWriter.file(header: header))
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("more than 100000 tensors") == true)
    }

    @Test func emptyTensorsTakeNoBytes() throws {
        let header = SafetensorsWriter.header(shape: "[0,3]", offsets: "[0,0]")
        let stateDict = try Checkpoint.read(bytes: SafetensorsWriter.file(header: header))
        #expect(stateDict.tensors.first?.tensor.shape == [0, 3])
        #expect(stateDict.elements == ["w": []])
    }

    @Test func aFileWithoutTensorsIsNoModel() throws {
        #expect(try Checkpoint.error(bytes: SafetensorsWriter.file(header: "{}"))?.code == .notAStateDict)
    }
}
