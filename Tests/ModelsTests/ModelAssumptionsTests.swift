import Models
import Testing

/// What users say where tensors leave something open.
@Suite struct ModelAssumptionsTests {
    @Test func textAndBack() throws {
        let assumptions = try ModelAssumptions(parsing: "upsampling=bilinear,head=sigmoid,rates=2/4/6")
        #expect(assumptions.text == "head=sigmoid,rates=2/4/6,upsampling=bilinear")
        #expect(try ModelAssumptions(parsing: assumptions.text) == assumptions)
        #expect(ModelAssumptions().isEmpty)
    }

    @Test(
        "texts that mean nothing",
        arguments: [
            ("", "'' is not key=value"), ("head", "'head' is not key=value"), ("head=", "'head=' is not key=value"),
            ("colour=red", "nothing is assumed about 'colour'"), ("head=none,head=sigmoid", "'head' is given twice"),
        ])
    func nonsense(text: String, problem: String) throws {
        let error = try #require(throws: AssumptionError.self) { try ModelAssumptions(parsing: text) }
        #expect(error.description.hasPrefix(problem))
    }

    @Test func whatANetworkTakes() throws {
        let network = try DescribedNetwork("unet-resnet18")
        func model(_ text: String) throws -> Model {
            var options = ModelOptions()
            if !text.isEmpty { options.assumptions = try ModelAssumptions(parsing: text) }
            return try Model(network.stateDict, path: "model.pth", options: options)
        }
        // The defaults are told, and so is who said what.
        #expect(try model("").assumptions.map(\.value) == ["nearest", "none"])
        #expect(try model("").assumptions.allSatisfy { !$0.isGiven })
        let given = try model("upsampling=bilinear,head=sigmoid")
        #expect(given.assumptions.map(\.value) == ["bilinear", "sigmoid"])
        #expect(given.assumptions.allSatisfy { $0.isGiven })
        #expect(given.description.activation?.value == .probabilities)
        #expect(try model("head=none").description.activation == nil)
        // A value that means nothing, and a key that the network does not leave open.
        for (text, problem) in [
            ("upsampling=cubic", "upsampling may be nearest, bilinear or bilinear-aligned, not 'cubic'"),
            (
                "rates=1/2/3",
                "leave out the assumption about rates: Unet of segmentation_models_pytorch leaves open only"
            ),
        ] {
            let error = try #require(throws: ModelOptionsError.self) { try model(text) }
            #expect(error.option == .assumptions)
            #expect(error.description.hasPrefix("model.pth: \(problem)"), "\(error)")
        }
        let paper = StateDictSketch.paper(bands: 1, classes: 2, widths: [4, 8, 16])
        var options = ModelOptions()
        options.assumptions = try ModelAssumptions(parsing: "head=none")
        let error = try #require(throws: ModelOptionsError.self) {
            try Model(paper, path: "model.pth", options: options)
        }
        #expect(error.description.hasSuffix("the paper's U-Net leaves nothing open"))
    }
}
