import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// Where in a checkpoint the state dict is found, and what its tensors are called.
@Suite struct StateDictTests {
    private static let expected: [String: [Float]] = ["conv.weight": [1, 2, 3, 4], "conv.bias": [0.5, -2]]

    private func file(_ body: (inout PickleWriter) -> Void) -> [UInt8] { TorchWriter.small(body) }

    @Test("inside a training checkpoint", arguments: ["state_dict", "model_state_dict", "model", "net"])
    func wrapped(key: String) throws {
        let stateDict = try Checkpoint.read(
            bytes: file { writer in
                writer.code("}(")
                writer.string("epoch")
                writer.int(-3)
                writer.string("best_accuracy")  // a tensor beside the state dict
                writer.tensor(.vector(key: "1", count: 2))
                writer.string(key)
                writer.stateDict(TorchWriter.smallTensors)
                writer.string("classes")
                writer.global("__builtin__", "set")
                writer.code("](")
                writer.string("water")
                writer.code("e")
                writer.raw([0x85])
                writer.code("Ru")
            })
        #expect(stateDict.elements == Self.expected)
    }

    /// What a training loop saves beside epoch and optimizer, whose own tensors are no network's.
    private func training(_ dictionaries: [String]) -> [UInt8] {
        file { writer in
            writer.code("}(")
            writer.string("loss")  // a tensor, but no weights
            writer.tensor(.vector(key: "1", count: 2))
            writer.string("optimizer")
            writer.code("}")
            writer.string("exp_avg")
            writer.stateDict(TorchWriter.smallTensors)
            writer.code("s")
            for key in dictionaries {
                writer.string(key)
                writer.stateDict(TorchWriter.smallTensors)
            }
            writer.code("u")
        }
    }

    @Test(
        "under any key, an average giving way to what it was made of",
        arguments: [
            (["network_weights"], "network_weights", []), (["ema"], "ema", []),
            (["ema", "weights"], "weights", ["ema"]),
            (["state_dict", "ema"], "state_dict", ["ema"]), (["a", "model"], "model", ["a"]),
        ])
    func underAnyKey(keys: [String], chosen: String, others: [String]) throws {
        let stateDict = try Checkpoint.read(bytes: training(keys))
        #expect(stateDict.elements == Self.expected)
        #expect(stateDict.key == chosen && stateDict.otherKeys == others)
        for key in keys { #expect(try Checkpoint.read(bytes: training(keys), key: key).key == key) }
        #expect(try Checkpoint.read(bytes: training(keys), key: "nowhere").key == chosen)
    }

    @Test func severalAreToBeChosenFrom() throws {
        let error = try Checkpoint.error(bytes: training(["generator", "critic"]))
        #expect(error?.code == .notAStateDict)
        #expect(error?.message.contains("('generator', 'critic'): choose one with --key") == true)
        #expect(try Checkpoint.read(bytes: training(["generator", "critic"]), key: "critic").elements == Self.expected)
    }

    @Test func keysAreFollowedToAnyDepth() throws {
        let bytes = file { writer in
            writer.code("}")
            writer.string("nets")
            writer.code("}(")
            for key in ["main", "other"] {
                writer.string(key)
                writer.stateDict(TorchWriter.smallTensors)
            }
            writer.code("us")
        }
        #expect(try Checkpoint.read(bytes: bytes, key: "other").key == "nets.other")
        #expect(try Checkpoint.read(bytes: bytes, key: "nets.main").otherKeys == ["nets.other"])
    }

    @Test func wrappedTwice() throws {
        let stateDict = try Checkpoint.read(
            bytes: file { writer in
                writer.code("}")
                writer.string("model")
                writer.code("}")
                writer.string("state_dict")
                writer.stateDict(TorchWriter.smallTensors)
                writer.code("ss")
            })
        #expect(stateDict.elements == Self.expected)
    }

    /// Pytorch-UNet puts its `mask_values`, a list, beside the tensors.
    @Test func otherValuesAmongTensorsArePassedOver() throws {
        let stateDict = try Checkpoint.read(
            bytes: file { writer in
                writer.stateDict(TorchWriter.smallTensors)
                writer.string("mask_values")
                writer.code("](K\u{0}K\u{1}es")
            })
        #expect(stateDict.elements == Self.expected)
    }

    @Test(
        "prefixes that all names share",
        arguments: [
            (["module.a", "module.b"], ["a", "b"]), (["module.model.a", "module.model.b"], ["a", "b"]),
            (["_orig_mod.module.a"], ["a"]), (["net.a", "net.net.b"], ["a", "net.b"]),
            (["module.a", "b"], ["module.a", "b"]), (["model.a", "net.b"], ["model.a", "net.b"]),
            (["encoder.a", "encoder.b"], ["encoder.a", "encoder.b"]), (["module."], ["module."]),
            (["modules.a"], ["modules.a"]),
        ])
    func prefixes(names: [String], expected: [String]) throws {
        let tensors = names.map { SampleTensor.vector($0, key: "1", count: 2) }
        #expect(try Checkpoint.read(bytes: file { $0.stateDict(tensors) }).tensors.map(\.name) == expected)
    }

    /// What `inspect` lists, by the names that it shows.
    @Test func elementTypesFollowTheNames() throws {
        var half = SampleTensor.vector("module.model.b", key: "0", type: "HalfStorage", count: 2)
        half.storage.module = "torch.cuda"
        let tensors = [SampleTensor.vector("module.model.a", key: "1", count: 2), half]
        let stateDict = try Checkpoint.read(bytes: file { $0.stateDict(tensors) })
        #expect(stateDict.tensors.map(\.name) == ["a", "b"])
        #expect(stateDict.elementTypes == ["a": .float32, "b": .float16])
        #expect(stateDict.elementTypes["b"]?.rawValue == "float16")
    }

    @Test func namesThatComeTwiceAreRefused() throws {
        let tensors = [SampleTensor.vector(key: "1", count: 2), SampleTensor.vector(key: "1", count: 2)]
        let error = try Checkpoint.error(bytes: file { $0.stateDict(tensors) })
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("'w' twice") == true)
    }

    @Test func whatElseIsSavedIsNamed() throws {
        let tensor = try Checkpoint.error(bytes: file { $0.tensor(.vector(key: "1", count: 2)) })
        #expect(tensor?.code == .notAStateDict)
        #expect(tensor?.message.contains("a single tensor") == true)
        let optimizer = try Checkpoint.error(
            bytes: file { writer in
                writer.code("}(")
                writer.string("state")
                writer.code("}")
                writer.string("param_groups")
                writer.code("]u")
            })
        #expect(optimizer?.message.contains("'state', 'param_groups'") == true)
        let empty = try Checkpoint.error(bytes: file { $0.code("}") })
        #expect(empty?.message.contains("an empty dict") == true)
    }
}
