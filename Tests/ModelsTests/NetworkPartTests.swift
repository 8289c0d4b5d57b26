import StoredTensors
import Testing
import WeightFiles

@testable import Models

/// Networks inside what training loops save: under any prefix, and with other tensors beside them.
@Suite struct NetworkPartTests {
    private static let network = StateDictSketch.pytorchUNet(bands: 3, classes: 2, base: 4, .upConvolution)

    private func renamed(_ stateDict: StateDict, _ prefix: String) -> StateDict {
        StateDict(tensors: stateDict.tensors.map { (prefix + $0.name, $0.tensor) })
    }

    private func adding(_ tensors: [(String, [Float], [Int])], to stateDict: StateDict) -> StateDict {
        StateDict(
            tensors: stateDict.tensors + tensors.map { ($0.0, StoredTensor(shape: $0.2, elements: $0.1)) })
    }

    @Test(arguments: ["", "network.", "segmentation_model.", "backbone.", "trainer.nets.main."])
    func prefixesOfAnyNameAreLeftOut(_ prefix: String) throws {
        let plain = try Model(Self.network, path: "control.ckpt")
        let stateDict = adding([("criterion.weight", [0.3, 0.7], [2])], to: renamed(Self.network, prefix))
        let model = try Model(stateDict, path: "model.ckpt")
        #expect(model.family == plain.family && model.summary == plain.summary)
        #expect(model.parameterCount == plain.parameterCount)
        #expect(model.tensors.leftOut == ["criterion.weight"] && model.description.warnings.isEmpty)
        #expect(model.tensors.of(stateDict).tensors.map(\.name) == Self.network.tensors.map(\.name))
        #expect(model.bands == 3 && model.outputChannels == 2)
    }

    @Test func countersInEveryModuleAreLeftOut() throws {
        let counters = ["total_ops", "inc.total_ops", "inc.double_conv.0.total_params", "up1.total_params"]
        let model = try Model(adding(counters.map { ($0, [12], [1]) }, to: Self.network), path: "model.pth")
        #expect(model.tensors.leftOut == counters && model.description.warnings.isEmpty)
    }

    /// What could be a layer that the network was trained with is no stray.
    @Test(arguments: [
        [("input_norm.weight", [3]), ("input_norm.bias", [3])], [("norm.running_mean", [3])],
        [("gate.weight", [4, 4])],
        [("inc.scale", [4])], [("attention.conv", [4, 4, 1, 1])],
    ])
    func layersBesideTheNetworkAreRefused(_ tensors: [(String, [Int])]) throws {
        let values = tensors.map { ($0.0, [Float](repeating: 1, count: $0.1.reduce(1, *)), $0.1) }
        let error = try #require(throws: ArchitectureError.self) {
            try Model(adding(values, to: Self.network), path: "model.pth")
        }
        #expect(error.problems.count == tensors.count && error.problems[0].contains(tensors[0].0))
        // Under another prefix than the network they are another module's; that is said.
        let model = try Model(adding(values, to: renamed(Self.network, "unet.")), path: "model.pth")
        #expect(model.tensors.leftOut == tensors.map(\.0))
        #expect(model.description.warnings.contains { $0.contains("not used") } == (tensors[0].0 != "inc.scale"))
    }

    @Test func meanAndDeviationAreOffered() throws {
        let values: [(String, [Float], [Int])] = [
            ("mean", [0.5, 0.25, 0.125], [1, 3, 1, 1]), ("std", [0.2, 0.3, 0.4], [1, 3, 1, 1]),
        ]
        let model = try Model(adding(values, to: renamed(Self.network, "model.")), path: "folder/model.ckpt")
        #expect(model.description.scaling == nil && model.tensors.leftOut == ["mean", "std"])
        let warning = try #require(model.description.warnings.first)
        #expect(model.description.warnings.count == 1 && warning.hasPrefix("model.ckpt: 'mean' and 'std'"))
        #expect(warning.hasSuffix("--mean 0.5,0.25,0.125 --std 0.2,0.3,0.4"))
    }

    @Test func ofSeveralNetworksTheOwnOneIsTakenAndAnyChosen() throws {
        let other = StateDictSketch.pytorchUNet(bands: 3, classes: 5, base: 4, .upConvolution)
        var both = renamed(other, "ema_model.")
        both.tensors += renamed(Self.network, "student.").tensors
        let model = try Model(both, path: "model.pth")
        #expect(model.outputChannels == 2 && model.tensors.otherNetworks == ["ema_model"])
        var options = ModelOptions()
        options.key = "ema_model"
        #expect(try Model(both, path: "model.pth", options: options).outputChannels == 5)
        options.key = "teacher"
        let error = try #require(throws: ModelOptionsError.self) { try Model(both, path: "m.pth", options: options) }
        #expect(
            error.option == .key
                && error.description == "m.pth: there is no key 'teacher': the file has 'ema_model', 'student'")
    }

    /// Of a part that almost fits, the error says what is wrong with it, and not with the whole.
    @Test func errorsAreAboutThePart() throws {
        let broken = renamed(Self.network.without("inc.double_conv.0.weight"), "lit.")
        let error = try #require(throws: ArchitectureError.self) { try Model(broken, path: "model.pth") }
        #expect(error.closest == "Pytorch-UNet")
        let missing = renamed(Self.network.without("up1.up.weight"), "lit.")
        #expect(throws: ArchitectureError.self) { try Model(missing, path: "model.pth") }
        #expect {
            try Model(missing, path: "model.pth")
        } throws: {
            ($0 as? ArchitectureError)?.problems == ["up1.up.weight is missing"]
        }
    }
}
