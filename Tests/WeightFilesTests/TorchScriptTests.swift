import FileIO
import StoredTensors
import TestData
import TestModelFiles
import Testing
import WeightFiles

/// Archives of `torch.jit.save`: modules whose tensors are among their attributes, with the code of their classes beside
/// the pickle.
@Suite struct TorchScriptTests {
    /// A module of TorchScript: tensors and modules in any order, beside flags.
    private indirect enum Attribute {
        case tensor(Int)
        case module([(String, Attribute)])
        case flag
    }

    private func write(_ attributes: [(String, Attribute)], _ writer: inout PickleWriter) {
        writer.global("__torch__.nets.___torch_mangle_3", "Net")
        writer.code(")")
        writer.raw([0x81])
        writer.code("}(")
        for (name, attribute) in attributes {
            writer.string(name)
            switch attribute {
            case .tensor(let index): writer.tensor(TorchWriter.smallTensors[index])
            case .module(let inner): write(inner, &writer)
            case .flag: writer.raw([0x89])
            }
        }
        writer.code("ub")
    }

    private func archive(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
        var zip = TorchWriter.archive(
            pickle: PickleWriter.pickle(body),
            storages: TorchWriter.smallData.map { ($0.key, $0.floats.littleEndianBytes) })
        zip.entries.append(.init(name: "archive/constants.pkl", data: Array("\u{80}\u{2}).".utf8)))
        zip.entries.append(.init(name: "archive/code/__torch__/nets.py", data: Array("import os".utf8)))
        return zip.bytes
    }

    @Test func tensorsAndNames() throws {
        let convolution = Attribute.module([("training", .flag), ("weight", .tensor(0)), ("bias", .tensor(1))])
        // A module's own tensors come first, wherever they stand among its attributes.
        let bytes = archive { writer in
            write(
                [
                    ("training", .flag), ("conv", convolution), ("gamma", .tensor(1)),
                    ("down", .module([("0", convolution), ("pool", .module([("training", .flag)]))])),
                ], &writer)
        }
        let stateDict = try Checkpoint.read(bytes: bytes)
        #expect(
            stateDict.tensors.map(\.name) == [
                "gamma", "conv.weight", "conv.bias", "down.0.weight", "down.0.bias",
            ])
        #expect(stateDict.elements["down.0.weight"] == [1, 2, 3, 4])
        #expect(stateDict.elements["gamma"] == [0.5, -2])
    }

    @Test func whatIsNoModule() throws {
        for body: (inout PickleWriter) -> Void in [
            { $0.int(3) }, { $0.stateDict(TorchWriter.smallTensors) },
            { writer in
                writer.global("nets", "Net")
                writer.code(")")
                writer.raw([0x81])
                writer.code("}b")
            },
        ] {
            let error = #expect(throws: ModelFileError.self) { try Checkpoint.read(bytes: archive(body)) }
            #expect(error?.code == .notAStateDict)
        }
    }

    @Test func modulesWithoutEnd() throws {
        // A module that contains itself, by way of the memo.
        let own = archive { writer in
            writer.global("__torch__", "Net")
            writer.code(")")
            writer.raw([0x81])
            writer.code("q\u{1}}(")
            writer.string("inner")
            writer.code("h\u{1}ub")
        }
        #expect(throws: ModelFileError.self) { try Checkpoint.read(bytes: own) }
        // Forty modules, each of which holds the next one twice: a million million modules.
        let doubled = archive { writer in
            for index in 0..<40 {
                writer.global("__torch__", "Net")
                writer.code(")")
                writer.raw([0x81])
                writer.code("}(")
                for name in index == 0 ? [] : ["a", "b"] {
                    writer.string(name)
                    writer.raw([UInt8(ascii: "h"), UInt8(index - 1)])
                }
                writer.code("ub")
                writer.raw([UInt8(ascii: "q"), UInt8(index)])
                if index < 39 { writer.code("0") }
            }
        }
        let error = #expect(throws: ModelFileError.self) { try Checkpoint.read(bytes: doubled) }
        #expect(error?.code == .refused)
    }
}
