import WeightFiles

/// What the modules of a network that was saved whole tell of things that tensors leave open.
struct ModuleHints {
    private let modules: [ModuleRecord]

    init(_ stateDict: StateDict) { modules = stateDict.modules }

    /// What they tell of a network that is wired by its shapes: that on which all modules of a kind agree.
    var forWiring: ModelAssumptions {
        ModelAssumptions(
            [
                .activation: agreed(activation), .pooling: agreed(pooling), .upsampling: agreed(upsampling),
                .padding: agreed(padding),
            ].compactMapValues { $0 })
    }

    /// What they tell of a network of a family.
    var forFamilies: ModelAssumptions {
        ModelAssumptions([.upsampling: agreed { $0.settings["interpolation_mode"] }].compactMapValues { $0 })
    }

    private func agreed(_ value: (ModuleRecord) -> String?) -> String? {
        let values = Set(modules.compactMap(value))
        return values.count == 1 ? values.first : nil
    }

    private func activation(_ module: ModuleRecord) -> String? {
        switch module.type {
        case "ReLU": "relu"
        case "ReLU6": "relu6"
        case "SiLU": "silu"
        case "LeakyReLU": module.settings["negative_slope"].map { "leaky\($0)" }
        default: nil
        }
    }

    private func pooling(_ module: ModuleRecord) -> String? {
        switch module.type {
        case "MaxPool2d": PoolingChoice.max.rawValue
        case "AvgPool2d": PoolingChoice.average.rawValue
        default: nil
        }
    }

    private func upsampling(_ module: ModuleRecord) -> String? {
        let choice: DoublingChoice? =
            switch (module.type, module.settings["mode"], module.settings["align_corners"]) {
            case ("UpsamplingBilinear2d", _, _), ("Upsample", "bilinear", "true"): .aligned
            case ("Upsample", "bilinear", _): .bilinear
            case ("UpsamplingNearest2d", _, _), ("Upsample", "nearest", _): .nearest
            default: nil
            }
        return choice?.rawValue
    }

    private func padding(_ module: ModuleRecord) -> String? {
        guard module.type == "Conv2d", let kernel = module.settings["kernel_size"], kernel != "1,1",
            let padding = module.settings["padding"]
        else { return nil }
        return (padding == "0,0" ? PaddingChoice.valid : .zero).rawValue
    }
}
