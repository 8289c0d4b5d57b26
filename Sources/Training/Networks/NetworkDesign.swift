package import Models
import StoredTensors
import WeightFiles

/// A network that is yet to be trained: its family, and what its families leave open.
///
///     let graph = try NetworkDesign(.paper, bands: 4, classes: 2).initialized(seed: 7)
package struct NetworkDesign: Hashable, Sendable {
    /// The families that can be trained, by the names that users choose them with.
    package enum Family: String, CaseIterable, Sendable {
        /// The paper's U-Net, with valid convolutions.
        case paper
        /// Pytorch-UNet in today's form.
        case unet
        /// The DRIVE notes' U-Net.
        case drive
        /// Pytorch-UNet in its older form, with biased convolutions.
        case seed002
        /// The U-Net whose skips are the pooled maps.
        case pooledSkip = "pooled-skip"
        /// U-Net++.
        case unetPlusPlus = "unetplusplus"
    }

    /// How maps become larger.
    package enum Upsampling: String, CaseIterable, Sendable {
        /// 2 x 2 up-convolutions.
        case transposed
        /// Bilinear interpolation.
        case bilinear
    }

    /// The family.
    package var family: Family
    /// The bands of the input.
    package var bands: Int
    /// The channels of the output: 1 for a sigmoid.
    package var classes: Int
    /// The sizes of map, full resolution counted.
    package var levels: Int
    /// The channels at full resolution.
    package var base: Int
    /// True if each convolution of a block has a batch norm; only the paper's network leaves it open.
    package var hasBatchNorm: Bool
    /// How maps become larger.
    package var upsampling: Upsampling
    /// True for a head on each depth of U-Net++.
    package var hasDeepSupervision: Bool

    /// A network of a family. What is not given is as the family is commonly written, with 16 channels at full resolution.
    package init(
        _ family: Family, bands: Int, classes: Int, levels: Int? = nil, base: Int = 16, hasBatchNorm: Bool = true,
        upsampling: Upsampling? = nil, hasDeepSupervision: Bool = false
    ) {
        self.family = family
        self.bands = bands
        self.classes = classes
        self.levels = levels ?? (family == .paper ? 4 : 5)
        self.base = base
        self.hasBatchNorm = hasBatchNorm
        self.upsampling = upsampling ?? (family == .unetPlusPlus ? .bilinear : .transposed)
        self.hasDeepSupervision = hasDeepSupervision
    }

    /// The network with random weights.
    ///
    /// - Parameter seed: equal seeds give equal weights, on every machine.
    /// - Throws: `TrainingError` for choices that the family does not have.
    package func initialized(seed: UInt64, _ initial: InitialWeights = .pytorch) throws -> TrainingGraph {
        try check()
        var generator = TrainingGenerator(seed: seed)
        let tensors = tensors.map { tensor in
            (tensor.name, StoredTensor(shape: tensor.shape, elements: tensor.elements(initial, &generator)))
        }
        return try TrainingGraph(StateDict(tensors: tensors), path: "a new network (\(family.rawValue))")
    }

    private func check() throws(TrainingError) {
        for (name, value, range) in [
            ("bands", bands, 1...4096), ("classes", classes, 1...254), ("levels", levels, 2...8),
            ("base", base, 1...512),
        ] where !range.contains(value) {
            throw TrainingError("\(value) \(name): choose \(range.lowerBound) to \(range.upperBound)")
        }
        if !hasBatchNorm, family != .paper { throw TrainingError("\(family.rawValue) always has batch norms") }
        if hasDeepSupervision, family != .unetPlusPlus {
            throw TrainingError("deep supervision is for unetplusplus, and not for \(family.rawValue)")
        }
        if family == .pooledSkip, upsampling != .transposed {
            throw TrainingError("pooled-skip has up-convolutions: leave bilinear upsampling out")
        }
        if family == .unetPlusPlus, upsampling != .bilinear {
            throw TrainingError("unetplusplus has bilinear upsampling: leave up-convolutions out")
        }
        if base % 2 != 0, upsampling == .bilinear, family == .unet || family == .drive {
            throw TrainingError("\(family.rawValue) with bilinear upsampling halves its widths: choose an even base")
        }
    }

    // MARK: Tensors

    /// All tensors, in the order in which PyTorch's state dicts have them.
    private var tensors: [NewTensor] {
        switch family {
        case .paper: paper
        case .unet:
            doubleConvolutions(
                first: "inc.double_conv", down: { "down\($0).maxpool_conv.1.double_conv" },
                up: { "up\($0).conv.double_conv" }, head: "outc.conv")
        case .drive:
            doubleConvolutions(
                first: "in_conv", down: { "down\($0).1" }, up: { "up\($0).conv" }, head: "out_conv.0")
        case .seed002: olderDoubleConvolutions
        case .pooledSkip: pooledSkips
        case .unetPlusPlus: nested
        }
    }

    private func width(_ level: Int) -> Int { base << level }

    private var paper: [NewTensor] {
        func block(_ name: String, _ inputs: Int, _ outputs: Int) -> [NewTensor] {
            guard hasBatchNorm else {
                return Layer.convolution("\(name).0", inputs, outputs)
                    + Layer.convolution("\(name).2", outputs, outputs)
            }
            return Layer.convolution("\(name).0", inputs, outputs) + Layer.norm("\(name).2", outputs)
                + Layer.convolution("\(name).3", outputs, outputs) + Layer.norm("\(name).5", outputs)
        }
        let down = (0..<levels).flatMap {
            block("down_path.\($0).block", $0 == 0 ? bands : width($0 - 1), width($0))
        }
        let up = (0..<levels - 1).reversed().enumerated().flatMap { number, level in
            let (name, outputs) = ("up_path.\(number)", width(level))
            let up =
                upsampling == .transposed
                ? Layer.upConvolution("\(name).up", 2 * outputs, outputs)
                : Layer.convolution("\(name).up.1", 2 * outputs, outputs, kernel: 1)
            return up + block("\(name).conv_block.block", 2 * outputs, outputs)
        }
        return down + up + Layer.convolution("last", base, classes, kernel: 1)
    }

    /// Two convolutions without biases, each with its norm.
    private func pair(_ name: String, _ inputs: Int, _ middle: Int, _ outputs: Int, hasBias: Bool) -> [NewTensor] {
        Layer.convolution("\(name).0", inputs, middle, hasBias: hasBias) + Layer.norm("\(name).1", middle)
            + Layer.convolution("\(name).3", middle, outputs, hasBias: hasBias) + Layer.norm("\(name).4", outputs)
    }

    private func doubleConvolutions(
        first: String, down: (Int) -> String, up: (Int) -> String, head: String
    ) -> [NewTensor] {
        let isBilinear = upsampling == .bilinear
        let factor = isBilinear ? 2 : 1
        var tensors = pair(first, bands, base, base, hasBias: false)
        for level in 1..<levels {
            let outputs = level == levels - 1 ? width(level) / factor : width(level)
            tensors += pair(down(level), width(level - 1), outputs, outputs, hasBias: false)
        }
        for step in 1..<levels {
            let level = levels - 1 - step
            let inputs = width(level + 1), outputs = level == 0 ? base : width(level) / factor
            if !isBilinear { tensors += Layer.upConvolution("up\(step).up", inputs, inputs / 2) }
            tensors += pair(up(step), inputs, isBilinear ? inputs / 2 : outputs, outputs, hasBias: false)
        }
        return tensors + Layer.convolution(head, base, classes, kernel: 1)
    }

    private var olderDoubleConvolutions: [NewTensor] {
        func width(_ level: Int) -> Int { base << min(level, levels - 2) }
        var tensors = pair("inc.double_conv", bands, base, base, hasBias: true)
        for level in 1..<levels {
            let name = "down\(level).maxpool_conv.1.double_conv"
            tensors += pair(name, width(level - 1), width(level), width(level), hasBias: true)
        }
        for step in 1..<levels {
            let level = levels - 1 - step
            let inputs = 2 * width(level), outputs = level == 0 ? base : width(level) / 2
            if upsampling == .transposed { tensors += Layer.upConvolution("up\(step).up", inputs / 2, inputs / 2) }
            tensors += pair("up\(step).conv.double_conv", inputs, outputs, outputs, hasBias: true)
        }
        return tensors + Layer.convolution("outc.conv", base, classes, kernel: 1)
    }

    private var pooledSkips: [NewTensor] {
        func block(_ name: String, _ inputs: Int, _ outputs: Int) -> [NewTensor] {
            Layer.convolution("\(name).conv1.0", inputs, outputs) + Layer.norm("\(name).conv1.1", outputs)
                + Layer.convolution("\(name).conv2.0", outputs, outputs) + Layer.norm("\(name).conv2.1", outputs)
        }
        let steps = levels - 1
        var tensors = (0..<steps).flatMap {
            block("down\($0 + 1).conv", $0 == 0 ? bands : width($0 - 1), width($0))
        }
        tensors += block("center", width(steps - 1), width(steps))
        for step in (0..<steps).reversed() {
            tensors += block("up\(step + 1).conv", width(step + 1), width(step))
            tensors += Layer.upConvolution("up\(step + 1).up", width(step + 1), width(step))
        }
        return tensors + Layer.convolution("final", base, classes, kernel: 1)
    }

    private var nested: [NewTensor] {
        func block(_ name: String, _ inputs: Int, _ outputs: Int) -> [NewTensor] {
            Layer.convolution("\(name).conv1", inputs, outputs) + Layer.norm("\(name).bn1", outputs)
                + Layer.convolution("\(name).conv2", outputs, outputs) + Layer.norm("\(name).bn2", outputs)
        }
        var tensors = (0..<levels).flatMap {
            block("conv\($0)_0", $0 == 0 ? bands : width($0 - 1), width($0))
        }
        for column in 1..<levels {
            for level in 0..<levels - column {
                tensors += block("conv\(level)_\(column)", width(level) * column + width(level + 1), width(level))
            }
        }
        guard hasDeepSupervision else { return tensors + Layer.convolution("final", base, classes, kernel: 1) }
        return tensors
            + (1..<levels).flatMap { Layer.convolution("final\($0)", base, classes, kernel: 1) }
    }
}

/// The tensors of PyTorch's layers.
private enum Layer {
    static func convolution(
        _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int = 3, hasBias: Bool = true
    ) -> [NewTensor] {
        let fanIn = inputs * kernel * kernel
        let weights = NewTensor(
            name: "\(name).weight", shape: [outputs, inputs, kernel, kernel],
            content: .weights(pytorchFanIn: fanIn, fanIn: fanIn))
        return [weights]
            + (hasBias ? [NewTensor(name: "\(name).bias", shape: [outputs], content: .bias(fanIn: fanIn))] : [])
    }

    /// PyTorch counts the outputs of an up-convolution for its inputs.
    static func upConvolution(_ name: String, _ inputs: Int, _ outputs: Int) -> [NewTensor] {
        let fanIn = outputs * 4
        return [
            NewTensor(
                name: "\(name).weight", shape: [inputs, outputs, 2, 2],
                content: .weights(pytorchFanIn: fanIn, fanIn: inputs)),
            NewTensor(name: "\(name).bias", shape: [outputs], content: .bias(fanIn: fanIn)),
        ]
    }

    static func norm(_ name: String, _ channels: Int) -> [NewTensor] {
        [
            NewTensor(name: "\(name).weight", shape: [channels], content: .constant(1)),
            NewTensor(name: "\(name).bias", shape: [channels], content: .constant(0)),
            NewTensor(name: "\(name).running_mean", shape: [channels], content: .constant(0)),
            NewTensor(name: "\(name).running_var", shape: [channels], content: .constant(1)),
            NewTensor(name: "\(name).num_batches_tracked", shape: [], content: .constant(0)),
        ]
    }
}
