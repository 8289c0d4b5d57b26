import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// What training loops save beside the state dict, of classes that only Python has.
@Suite struct TrainingCheckpointTests {
    private static let expected: [String: [Float]] = ["conv.weight": [1, 2, 3, 4], "conv.bias": [0.5, -2]]

    /// A checkpoint with `hyper_parameters` of one entry before, and the same again behind the state dict.
    private func checkpoint(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
        TorchWriter.small { writer in
            writer.code("}(")
            for key in ["hyper_parameters", "state_dict", "callbacks"] {
                writer.string(key)
                if key == "state_dict" {
                    writer.stateDict(TorchWriter.smallTensors)
                } else {
                    writer.code("}")
                    writer.string("value")
                    body(&writer)
                    writer.code("s")
                }
            }
            writer.code("u")
        }
    }

    @Test(
        "objects beside the state dict",
        arguments: [
            "argparse.Namespace", "pathlib.PosixPath", "numpy scalar", "AttributeDict", "functools.partial", "enum",
            "DictConfig", "deque", "quantized tensor", "quantized parameter", "tensor of a class", "Python 2 bytes",
            "reconstructed", "called object", "keyword arguments",
        ])
    func foreignObjects(kind: String) throws {
        let bytes = checkpoint { writer in
            switch kind {
            case "argparse.Namespace":
                writer.global("argparse", "Namespace")
                writer.code(")")
                writer.raw([0x81])
                writer.code("}")
                writer.string("lr")
                writer.code("K\u{1}sb")
            case "pathlib.PosixPath":
                writer.global("pathlib", "PosixPath")
                writer.string("/")
                writer.string("data")
                writer.raw([0x86])
                writer.code("R")
            case "numpy scalar":
                writer.global("numpy._core.multiarray", "scalar")
                writer.global("numpy", "dtype")
                writer.string("f8")
                writer.raw([0x89, 0x88, 0x87])
                writer.code("R(K\u{3}U\u{1}<NNNJ\u{7f}\u{7f}\u{7f}\u{7f}J\u{7f}\u{7f}\u{7f}\u{7f}K\u{0}tb")
                writer.global("_codecs", "encode")
                writer.string("\u{0}")
                writer.string("latin1")
                writer.raw([0x86])
                writer.code("R")
                writer.raw([0x86])
                writer.code("R")
            case "AttributeDict":
                writer.global("lightning.fabric.utilities.data", "AttributeDict")
                writer.code(")")
                writer.raw([0x81])
                writer.string("lr")
                writer.code("K\u{1}s")
            case "functools.partial":
                writer.global("functools", "partial")
                writer.global("torch.optim.adam", "Adam")
                writer.raw([0x85])
                writer.code("R(")
                writer.global("torch.optim.adam", "Adam")
                writer.code(")}Ntb")
            case "enum":
                writer.global("__main__", "Mode")
                writer.code("K\u{1}")
                writer.raw([0x85])
                writer.code("R")
            case "DictConfig":
                writer.global("omegaconf.dictconfig", "DictConfig")
                writer.code(")R")
            case "deque":
                writer.global("collections", "deque")
                writer.code(")RK\u{1}a")
            case "quantized tensor":
                writer.global("torch._utils", "_rebuild_qtensor")
                writer.code(")R")
            case "quantized parameter":
                writer.global("torch._utils", "_rebuild_parameter")
                writer.global("torch._utils", "_rebuild_qtensor")
                writer.code(")R")
                writer.raw([0x85])
                writer.code("R")
            case "tensor of a class":
                writer.global("torch._tensor", "_rebuild_from_type_v2")
                writer.code("(")
                writer.global("monai.data", "MetaTensor")
                writer.global("monai.data", "MetaTensor")
                writer.code(")}tR")
            case "Python 2 bytes": writer.raw([0x55, 2, 0xff, 0xfe])
            case "reconstructed":
                writer.global("copy_reg", "_reconstructor")
                writer.code("(")
                writer.global("__main__", "Config")
                writer.global("__builtin__", "object")
                writer.code("NtR}b")
            case "called object":
                writer.global("__main__", "make")
                writer.code(")R)R")
            default:
                writer.global("__main__", "Config")
                writer.code(")}")
                writer.raw([0x92])
            }
        }
        #expect(try Checkpoint.read(bytes: bytes).elements == Self.expected)
    }

    @Test(
        "what reaches the system is refused beside the state dict too",
        arguments: [("os", "system"), ("posix", "system"), ("subprocess", "Popen"), ("builtins", "eval")])
    func dangerousGlobals(module: String, name: String) throws {
        let error = try Checkpoint.error(bytes: checkpoint { $0.global(module, name) })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("'\(module).\(name)'") == true)
    }

    /// Before 1.6 every storage had to be stepped over, those of other tensors too.
    @Test func legacyCheckpointsHoldOtherStorages() throws {
        let pickle = PickleWriter.pickle { writer in
            writer.code("}(")
            writer.string("signal")
            writer.global("torch._utils", "_rebuild_qtensor")
            writer.code("(")
            writer.storage(.init(key: "2", type: "QUInt8Storage", count: 3), isLegacy: true)
            writer.code("tR")
            writer.string("model")
            writer.stateDict(TorchWriter.smallTensors, isLegacy: true)
            writer.code("u")
        }
        let storages =
            [("2", 3, [1, 2, 3])]
            + TorchWriter.smallData.map {
                ($0.key, Int64($0.floats.count), $0.floats.littleEndianBytes)
            }
        #expect(
            try Checkpoint.read(bytes: TorchWriter.legacy(pickle: pickle, storages: storages)).elements
                == Self.expected)
    }

    @Test("inside the state dict they are named", arguments: [false, true])
    func foreignTensors(isOnlyValue: Bool) throws {
        let error = try Checkpoint.error(
            bytes: TorchWriter.small { writer in
                writer.code("}")
                writer.string("state_dict")
                writer.stateDict(isOnlyValue ? [] : TorchWriter.smallTensors)
                writer.string("head.weight")
                writer.global("torch._utils", "_rebuild_qtensor")
                writer.code(")Rss")
            })
        #expect(error?.code == .refused)
        #expect(error?.message.contains("'head.weight', made by 'torch._utils._rebuild_qtensor'") == true)
        #expect(error?.message.contains("torch.save(net.state_dict()") == true)
    }

    @Test func extraStateAndDevicesAreNoTensors() throws {
        let bytes = TorchWriter.small { writer in
            writer.stateDict(TorchWriter.smallTensors)
            writer.string("conv._extra_state")
            writer.global("__main__", "Scale")
            writer.code(")Rs")
            writer.string("device")
            writer.global("torch", "device")
            writer.string("cpu")
            writer.raw([0x85])
            writer.code("Rs")
        }
        #expect(try Checkpoint.read(bytes: bytes).elements == Self.expected)
    }
}
