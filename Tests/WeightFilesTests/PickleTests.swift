import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// Pickles that attack, exhaust or mislead whoever reads them. Each is inside a sound zip archive.
@Suite struct PickleTests {
    @Test(
        "what reaches the system is refused by name",
        arguments: [
            ("os", "system"), ("posix", "system"), ("nt", "system"), ("builtins", "eval"), ("__builtin__", "exec"),
            ("builtins", "getattr"), ("subprocess", "Popen"), ("importlib", "import_module"), ("sys", "modules"),
            ("webbrowser", "open"), ("os.path", "join"), ("runpy", "_run_code"), ("pickle", "loads"),
        ])
    func dangerousGlobals(module: String, name: String) throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.global(module, name)
                writer.string("touch /tmp/owned")
                writer.raw([0x85])
                writer.code("R")
            })
        #expect(error?.code == .refused)
        let shown = (module == "__builtin__" ? "builtins" : module) + "." + name
        #expect(error?.description.contains("'\(shown)'") == true)
        #expect(error?.description.contains("hostile") == true)
    }

    /// An attack behind a sound state dict, by each way to name and to call.
    @Test("no way around", arguments: ["INST", "STACK_GLOBAL", "OBJ", "NEWOBJ", "named and thrown away"])
    func waysToCall(way: String) throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.stateDict([])
                switch way {
                case "INST": writer.code("(iposix\nsystem\n")
                case "STACK_GLOBAL":
                    writer.string("posix")
                    writer.string("system")
                    writer.raw([0x93])
                case "OBJ":
                    writer.code("(")
                    writer.global("posix", "system")
                    writer.code("o")
                case "NEWOBJ":
                    writer.global("posix", "system")
                    writer.code(")")
                    writer.raw([0x81])
                default: writer.global("posix", "system")
                }
                writer.code("0")
            })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("'posix.system'") == true)
    }

    @Test func bareAndLegacyPicklesAreReadNoLessStrictly() throws {
        let attack = PickleWriter.pickle { writer in
            writer.global("posix", "system")
            writer.code(")R")
        }
        let bare = try Checkpoint.error(bytes: attack)
        #expect(bare?.message.contains("'posix.system'") == true)
        let legacy = try Checkpoint.error(bytes: TorchWriter.legacy(pickle: attack, storages: []))
        #expect(legacy?.message.contains("'posix.system'") == true)
    }

    @Test func namesInErrorsCannotForgeLines() throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.string("x\u{1b}[2J")
                writer.string("y\nall is well\u{202e}" + String(repeating: "z", count: 10_000))
                writer.raw([0x93])
                writer.code(")R")
            })
        #expect(error?.message.contains("'x\\u{1b}[2J.y\\u{a}all is well") == true)
        let message = try #require(error?.message)
        #expect(!message.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202e}" })
        #expect(message.count < 600)
    }

    // MARK: Exhaustion

    @Test("a hundred thousand nested containers", arguments: ["]", "}", ")"])
    func deepNesting(kind: String) throws {
        let depth = 100_000
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                switch kind {
                case "]": writer.code(String(repeating: "]", count: depth) + String(repeating: "a", count: depth - 1))
                case "}":
                    writer.code("}")
                    for _ in 1..<depth { writer.code("N}") }
                    writer.code(String(repeating: "s", count: depth - 1))
                default:
                    writer.code(")")
                    writer.raw([UInt8](repeating: 0x85, count: depth))
                }
            })
        #expect(error?.code == .notAStateDict)
    }

    /// Thirty lists, each of which holds the one before ten times: 10^30 values for whoever follows them.
    @Test func billionLaughs() throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.code("}")
                writer.string("model")
                writer.code("]q\0")
                for level: UInt8 in 1...30 {
                    writer.code("0](")
                    for _ in 0..<10 { writer.raw([0x68, level - 1]) }
                    writer.code("e")
                    writer.raw([0x71, level])
                }
                writer.code("s")
            })
        #expect(error?.code == .notAStateDict)
    }

    /// Copying a long list again and again takes 5 bytes of pickle each time.
    @Test func repeatedCopiesAreRefused() throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.global("collections", "OrderedDict")
                writer.code("q\u{1}](")
                for _ in 0..<1000 {
                    writer.code("NN")
                    writer.raw([0x86])
                }
                writer.code("e")
                writer.raw([0x85])
                writer.code("q\u{2}")
                for _ in 0..<20_000 { writer.code("h\u{1}h\u{2}R0") }
            })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("memory") == true)
    }

    @Test func cyclesEnd() throws {
        let selfContaining = try Checkpoint.error(bytes: TorchWriter.zip { $0.code("]q\u{1}h\u{1}a") })
        #expect(selfContaining?.code == .notAStateDict)
        let wrapsItself = try Checkpoint.error(
            bytes: TorchWriter.zip { writer in
                writer.code("}q\u{1}(")
                for key in ["state_dict", "model_state_dict", "model", "net"] {
                    writer.string(key)
                    writer.code("h\u{1}")
                }
                writer.code("u")
            })
        #expect(wrapsItself?.code == .notAStateDict)
    }

    // MARK: Nonsense

    @Test(
        "broken programs",
        arguments: [
            "", "0", "t", "e", "a", "s", "R", "b", "Q", "2", "(0000", "(u", "]Ns", "}Na", "NNR", "NN)R", "h\u{7}",
            "j\u{7}\0\0\0", "NQ", "(NNNtQ", "}(Nu", "N)b", "(o", "Nq\u{1}0h\u{2}",
        ])
    func brokenPrograms(program: String) throws {
        let error = try Checkpoint.error(bytes: TorchWriter.zip { $0.code(program) })
        #expect(error?.code == .malformed)
    }

    @Test(
        "lengths beyond the pickle",
        arguments: [
            [0x58, 0xff, 0xff, 0xff, 0xff], [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x54, 0xff, 0xff, 0xff, 0xff], [0x8b, 0xff, 0xff, 0xff, 0x7f],
            [0x8b, 0xff, 0xff, 0xff, 0xff], [0x63, 0x61, 0x62],
        ] as [[UInt8]])
    func lengths(instruction: [UInt8]) throws {
        let error = try Checkpoint.error(bytes: TorchWriter.zip { $0.raw(instruction) })
        #expect(error?.code == .truncated)
    }

    @Test func unknownInstructionsAreRefused() throws {
        #expect(try Checkpoint.error(bytes: TorchWriter.zip { $0.code("I1\n") })?.code == .refused)
        #expect(try Checkpoint.error(bytes: TorchWriter.zip { $0.raw([0x82, 1]) })?.code == .refused)
        #expect(try Checkpoint.error(bytes: TorchWriter.zip { $0.raw([0x80, 9]) })?.code == .malformed)
    }
}
