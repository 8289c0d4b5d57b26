import Foundation
import TestData
import TestModelFiles
import TestNetworks
import Testing

@testable import OvertileCommand

/// Text from files that would command a terminal, or turn the direction of writing.
@Suite struct HostileTextTests {
    private static let names = ["evil\u{1B}[2J\u{1B}]0;owned\u{7}", "abc\u{202E}gpj.exe", "two\nlines", "\u{9B}31m"]

    @Test("characters that command are escaped, and all others stay", arguments: [false, true])
    func escaping(inJSON: Bool) throws {
        for name in Self.names {
            let escaped = Console.escaped(name, inJSON: inJSON)
            #expect(
                escaped.unicodeScalars.allSatisfy {
                    ![.control, .format].contains($0.properties.generalCategory)
                }, "\(escaped)")
            if inJSON {
                #expect(try JSONDecoder().decode([String].self, from: Data("[\"\(escaped)\"]".utf8)) == [name])
            }
        }
        for plain in ["Wälder, 森林, вода", "a\tb\nc", "e\u{301}"] {
            #expect(Console.escaped(plain, keepingLines: true, inJSON: inJSON) == plain)
        }
        #expect(Console.escaped("a\u{1B}b\u{202E}") == "a\\u{1b}b\\u{202e}")
        #expect(Console.escaped("\u{E0001}", inJSON: true) == "\\udb40\\udc01")
        #expect(Console.oneLine("two\nlines\u{202E}") == "two lines\\u{202e}")
    }

    @Test("tables stay tables: a cell has one line, and columns stand below each other")
    func tables() {
        let table = Text.table([("name", "a\nb"), ("an\u{1B}", "c")], fitting: nil)
        #expect(table == "name      a\\u{a}b\nan\\u{1b}  c")
        let columns = Text.columns(["class", "n"], [["x\u{202E}y", "1"]], numbers: [1], fitting: nil)
        #expect(columns == "class       n\nx\\u{202e}y  1")
    }

    @Test("names of tensors and classes are printed escaped", arguments: [[], ["--json"], ["--tensors"]])
    func printed(_ flags: [String]) throws {
        let folder = try TemporaryFolder()
        let classes = try String(decoding: JSONEncoder().encode(Self.names), as: UTF8.self)
        let model = try ONNXModelFile.write(
            in: folder.url.path, classes: Self.names.count, metadata: [("overtile.classes", classes)])
        let odd = try folder.write(
            ONNXWriter.model(channels: 1, outputShape: ["n", 1, "h", "w"]) {
                $0.weights(Self.names[0], [1, 1, 1, 1])
                $0.weights(Self.names[1], [1], [0])
                $0.node("Conv", ["x", Self.names[0], Self.names[1]], name: Self.names[0])
                $0.node("Loop", ["y"], ["z"], name: Self.names[0])
            }, to: "odd\u{1B}[2J.onnx")
        for path in [model, odd] {
            let outcome = try CommandProcess.run(["inspect", path] + flags)
            for text in [outcome.output, outcome.errors] {
                #expect(
                    text.unicodeScalars.allSatisfy {
                        $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory)
                    }, "\(text.debugDescription)")
            }
            if path == model, flags != ["--tensors"] {
                #expect(outcome.output.contains("u{202e}") || outcome.output.contains("u202e"))
            }
        }
    }
}
