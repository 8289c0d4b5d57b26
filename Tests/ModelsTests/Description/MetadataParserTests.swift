import Testing

@testable import Models

/// Texts of metadata: JSON, Python's literals, and what is meant to hurt.
@Suite struct MetadataParserTests {
    @Test(
        "JSON and Python's literals",
        arguments: [
            (#"{"0": "_background", "1": "building"}"#, #"{"0": "_background", "1": "building"}"#),
            ("{0: 'car', 1: \"it's\",}", #"{"0": "car", "1": "it's"}"#),
            ("(0.5, -1e3, None, True, False)", "[0.5, -1000, null, true, false]"),
            (#""a\u00e9\ud83d\ude00\n\"""#, "\"aé😀\\u000a\\\"\""),
            (" [ ] ", "[]"),
            ("{'a': {}, 'b': [[1], {'c': null}]}", #"{"a": {}, "b": [[1], {"c": null}]}"#),
        ])
    func valid(text: String, json: String) throws {
        #expect(try MetadataParser.parse(text.utf8).json == json)
        // What is written is read again, on one line and on many.
        let value = try MetadataParser.parse(text.utf8)
        #expect(try MetadataParser.parse(value.json.utf8) == value)
        #expect(try MetadataParser.parse(value.indentedJSON.utf8) == value)
    }

    @Test(
        "defects are named with their place",
        arguments: [
            ("", "an end"), ("{", "key"), ("[1", "','"), ("[1 2]", "','"), ("{\"a\" 1}", "':'"),
            ("nonsense", "a value"),
            ("\"open", "inside a string"), ("[1] 2", "after its end"), ("\"\\u12", "escape"), ("{:1}", "a key"),
        ])
    func invalid(text: String, says: String) {
        #expect { try MetadataParser.parse(text.utf8) } throws: { "\($0)".contains(says) }
    }

    @Test("depth, length and the number of values are bounded")
    func bounds() {
        let deep = String(repeating: "[", count: 34) + String(repeating: "]", count: 34)
        #expect { try MetadataParser.parse(deep.utf8) } throws: { "\($0)".contains("levels") }
        #expect(throws: Never.self) { try MetadataParser.parse(deep.dropFirst().dropLast().utf8) }
        let hostile = String(repeating: "[", count: 1_000_000)
        #expect { try MetadataParser.parse(hostile.utf8) } throws: { "\($0)".contains("levels") }
        let many = "[" + String(repeating: "1,", count: 100_000) + "1]"
        #expect { try MetadataParser.parse(many.utf8) } throws: { "\($0)".contains("values") }
        let long = [UInt8](repeating: 0x20, count: 4 << 20 + 1)
        #expect { try MetadataParser.parse(long) } throws: { "\($0)".contains("MB") }
    }
}
