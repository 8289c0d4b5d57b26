import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// `torch.save(net)`: objects of classes that are not there, with the tensors among their attributes.
@Suite struct WholeModuleTests {
    private static let expected: [String: [Float]] = ["conv.weight": [1, 2, 3, 4], "conv.bias": [0.5, -2]]

    private func file(_ body: (inout PickleWriter) -> Void) -> [UInt8] { TorchWriter.small(body) }

    private func names(_ module: SampleModule) throws -> [String] {
        try Checkpoint.read(bytes: file { $0.module(module) }).tensors.map(\.name)
    }

    @Test("made in each way", arguments: SampleModule.Making.allCases)
    func ways(making: SampleModule.Making) throws {
        var module = SampleModule.small
        module.making = making
        let stateDict = try Checkpoint.read(bytes: file { $0.module(module) })
        #expect(stateDict.elements == Self.expected)
        #expect(stateDict.tensors.map(\.name) == ["conv.weight", "conv.bias"])
        #expect(stateDict.elementTypes["conv.weight"] == .float32)
    }

    @Test("inside a training checkpoint", arguments: ["state_dict", "model_state_dict", "model", "net"])
    func wrapped(key: String) throws {
        let stateDict = try Checkpoint.read(
            bytes: file { writer in
                writer.code("}(")
                writer.string("epoch")
                writer.int(7)
                writer.string(key)
                writer.module(.small)
                writer.code("u")
            })
        #expect(stateDict.elements == Self.expected)
    }

    /// Own parameters, own buffers, then the modules'; without None and without buffers that are not persistent.
    @Test func namesAreThoseOfTheStateDict() throws {
        let tensor = TorchWriter.smallTensors[1]
        let block = SampleModule(
            parameters: [("weight", tensor), ("bias", nil)],
            buffers: [("grid", tensor), ("running_mean", tensor), ("running_var", nil)], transient: ["grid"])
        let net = SampleModule(
            buffers: [("scale", tensor)], modules: [("down", block), ("skip", nil), ("up.1", block)])
        #expect(
            try names(SampleModule(parameters: [("gamma", tensor)], modules: [("b", net), ("a", block)])) == [
                "gamma", "b.scale", "b.down.weight", "b.down.running_mean", "b.up.1.weight", "b.up.1.running_mean",
                "a.weight", "a.running_mean",
            ])
        #expect(
            try names(SampleModule(className: "DataParallel", modules: [("module", .small)])).first == "conv.weight")
    }

    /// What torch.compile and torch.fx make of a module is another object around its attributes.
    @Test func compiledAndTracedModules() throws {
        let compiled = file { writer in
            writer.global("torch._dynamo.eval_frame", "OptimizedModule")
            writer.module(.small)
            writer.code("N")
            writer.raw([0x86])
            writer.code("R")
        }
        #expect(try Checkpoint.read(bytes: compiled).elements == Self.expected)
        let traced = file { writer in
            writer.global("torch.fx.graph_module", "reduce_graph_module")
            writer.attributes(of: .small)
            writer.string("import torch")
            writer.raw([0x86])
            writer.code("R")
        }
        #expect(try Checkpoint.read(bytes: traced).elements == Self.expected)
    }

    /// Protocol 2 names a class inside a class by `getattr`.
    @Test func classesInsideClasses() throws {
        let nested = file { writer in
            writer.global("__builtin__", "getattr")
            writer.global("networks", "UNet")
            writer.string("Inner")
            writer.raw([0x86])
            writer.code("R)")
            writer.raw([0x81])
            writer.attributes(of: .small)
            writer.code("b")
        }
        #expect(try Checkpoint.read(bytes: nested).elements == Self.expected)
    }

    @Test(
        "getattr for anything else is refused",
        arguments: ["never called", "of a dict", "of a string", "of what is special", "with a default"])
    func attributeLookups(kind: String) throws {
        let error = try Checkpoint.error(
            bytes: file { writer in
                writer.stateDict(TorchWriter.smallTensors)
                writer.global("builtins", "getattr")
                writer.code("(")
                switch kind {
                case "never called": writer.code("0")
                case "of a dict": writer.code("}")
                case "of a string": writer.string("os")
                default: writer.global("networks", "UNet")
                }
                if kind != "never called" {
                    writer.string(kind == "of what is special" ? "__globals__" : "system")
                    if kind == "with a default" { writer.code("N") }
                    writer.code("tR")
                }
                writer.code("0")
            })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("'builtins.getattr'") == true)
    }

    @Test func tensorsThatAreNotUnderstoodAreNamed() throws {
        let error = try Checkpoint.error(
            bytes: file { writer in
                writer.global("__main__", "UNet")
                writer.code(")")
                writer.raw([0x81])
                writer.code("}(")
                for name in ["_buffers", "_modules"] {
                    writer.string(name)
                    writer.code("}")
                }
                writer.string("_parameters")
                writer.code("}")
                writer.string("weight")
                writer.global("torch.nn.parameter", "UninitializedParameter")
                writer.raw([0x88, 0x85])
                writer.code("Rsub")
            })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("'weight', made by 'torch.nn.parameter.UninitializedParameter'") == true)
    }

    @Test func objectsThatAreNoModulesAreNamed() throws {
        let error = try Checkpoint.error(
            bytes: file { writer in
                writer.global("sklearn.svm", "SVC")
                writer.code(")")
                writer.raw([0x81])
                writer.code("}b")
            })
        #expect(error?.code == .notAStateDict)
        #expect(error?.message.contains("'sklearn.svm.SVC'") == true)
        #expect(error?.message.contains("torch.save(net.state_dict(), ...)") == true)

        let inner = try Checkpoint.error(
            bytes: file { writer in
                writer.code("}(")
                for name in ["_buffers", "_parameters"] {
                    writer.string(name)
                    writer.code("}")
                }
                writer.string("_modules")
                writer.code("}")
                writer.string("encoder")
                writer.global("torch.jit", "ScriptModule")
                writer.code(")Rsu")
                writer.code("q\u{1}0")
                writer.global("__main__", "UNet")
                writer.code(")")
                writer.raw([0x81])
                writer.code("h\u{1}b")
            })
        #expect(inner?.code == .notAStateDict)
        #expect(inner?.message.contains("'encoder.' of class 'torch.jit.ScriptModule'") == true)
    }

    /// A module in itself; forty modules, each with the one before ten times; names as long as the file.
    @Test("modules without end", arguments: ["in itself", "ten times", "deep", "long names"])
    func bounds(kind: String) throws {
        let long = String(repeating: "n", count: 3000)
        let error = try Checkpoint.error(
            bytes: file { writer in
                writer.string(kind == "long names" ? long : "m")
                writer.code("q\u{2}0}(")
                for name in ["_buffers", "_parameters"] {
                    writer.string(name)
                    writer.code("}")
                }
                writer.string("_modules")
                writer.code("}uq\u{0}0")  // what a module without parts has
                writer.global("__main__", "UNet")
                writer.code("q\u{3})")
                writer.raw([0x81])
                writer.code("q\u{1}h\u{0}b0")
                for _ in 0..<(kind == "deep" ? 1000 : 40) {
                    // A module with the one at 1 in it, once or ten times, then put at 1 itself.
                    writer.code("h\u{3})")
                    writer.raw([0x81])
                    if kind == "in itself" { writer.code("q\u{1}") }
                    writer.code("}(")
                    for name in ["_buffers", "_parameters"] {
                        writer.string(name)
                        writer.code("}")
                    }
                    writer.string("_modules")
                    writer.code("}(h\u{2}h\u{1}")
                    if kind == "ten times" {
                        for index in 0..<9 {
                            writer.string("\(index)")
                            writer.code("h\u{1}")
                        }
                    }
                    writer.code("uubq\u{1}0")
                }
                writer.code("h\u{1}")
            })
        #expect(error?.code == (kind == "ten times" ? .refused : .malformed))
    }
}
