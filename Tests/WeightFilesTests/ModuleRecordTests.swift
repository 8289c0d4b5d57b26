import TestModelFiles
import Testing
import WeightFiles

/// What the modules of a network that was saved whole say of themselves.
@Suite struct ModuleRecordTests {
    /// A module of a class with attributes that `settings` writes, and with modules inside.
    private func module(
        _ path: (String, String), _ inner: [(String, (inout PickleWriter) -> Void)] = [], _ writer: inout PickleWriter,
        settings: (inout PickleWriter) -> Void = { _ in }
    ) {
        writer.global(path.0, path.1)
        writer.code(")")
        writer.raw([0x81])
        writer.code("}(")
        for name in ["_parameters", "_buffers"] {
            writer.string(name)
            writer.orderedDict()
        }
        writer.string("_modules")
        writer.orderedDict()
        writer.code("(")
        for (name, body) in inner {
            writer.string(name)
            body(&writer)
        }
        writer.code("u")
        settings(&writer)
        writer.code("ub")
    }

    @Test func settings() throws {
        let bytes = TorchWriter.small { writer in
            let convolution: (inout PickleWriter) -> Void = { $0.module(.convolution) }
            let activation: (inout PickleWriter) -> Void = { writer in
                module(("torch.nn.modules.activation", "LeakyReLU"), [], &writer) { writer in
                    writer.string("negative_slope")
                    writer.code("G")
                    writer.raw([0x3f, 0xc9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a])
                    writer.string("inplace")
                    writer.raw([0x88])
                }
            }
            let pooling: (inout PickleWriter) -> Void = { writer in
                module(("torch.nn.modules.pooling", "MaxPool2d"), [], &writer) { writer in
                    writer.string("kernel_size")
                    writer.tuple([2, 2])
                    writer.string("stride")
                    writer.int(2)
                }
            }
            module(("nets", "Net"), [("conv", convolution), ("act", activation), ("pool", pooling)], &writer)
        }
        let stateDict = try Checkpoint.read(bytes: bytes)
        #expect(stateDict.tensors.map(\.name) == ["conv.weight", "conv.bias"])
        #expect(
            stateDict.modules == [
                ModuleRecord(path: "", type: "Net", settings: [:]),
                ModuleRecord(path: "conv", type: "Conv2d", settings: [:]),
                ModuleRecord(path: "act", type: "LeakyReLU", settings: ["negative_slope": "0.2"]),
                ModuleRecord(path: "pool", type: "MaxPool2d", settings: ["kernel_size": "2,2", "stride": "2"]),
            ])
    }

    @Test func stateDictsHaveNone() throws {
        #expect(try Checkpoint.read(bytes: TorchWriter.smallZip).modules.isEmpty)
    }
}
