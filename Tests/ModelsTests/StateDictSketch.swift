import Models
import StoredTensors
import WeightFiles

/// A state dict written down layer by layer, with numbers that differ from tensor to tensor.
struct StateDictSketch {
    private(set) var stateDict = StateDict(tensors: [])

    /// Conv2d and ConvTranspose2d alike: the weights' shape is in PyTorch's order.
    mutating func convolution(_ name: String, _ shape: [Int], bias: Int?) {
        tensor("\(name).weight", shape)
        if let bias { tensor("\(name).bias", [bias]) }
    }

    mutating func norm(_ name: String, _ channels: Int) {
        for part in ["weight", "bias", "running_mean", "running_var"] { tensor("\(name).\(part)", [channels]) }
        tensor("\(name).num_batches_tracked", [])
    }

    /// 3 x 3 convolutions, each with its batch norm, through the given widths.
    mutating func block(_ layers: [(convolution: String, norm: String)], _ widths: [Int], isBiased: Bool) {
        for (index, layer) in layers.enumerated() {
            let (inputs, outputs) = (widths[index], widths[index + 1])
            convolution(layer.convolution, [outputs, inputs, 3, 3], bias: isBiased ? outputs : nil)
            norm(layer.norm, outputs)
        }
    }

    mutating func tensor(_ name: String, _ shape: [Int]) {
        let seed = stateDict.tensors.count
        let count = shape.reduce(1, *)
        let tensor = StoredTensor(shape: shape) { (0..<count).map { Float(($0 * 7 + seed * 31) % 97) / 97 } }
        stateDict.tensors.append((name, tensor))
    }
}

extension StateDict {
    func without(_ name: String) -> StateDict {
        StateDict(tensors: tensors.filter { $0.name != name })
    }

    /// The same tensors, but one of another shape, without elements: shapes alone must decide.
    func with(_ name: String, shape: [Int]) -> StateDict {
        let hollow = StoredTensor(shape: shape) { [] }
        return StateDict(
            tensors: tensors.map { $0.name == name ? (name, hollow) : $0 }
                + (tensors.contains { $0.name == name } ? [] : [(name, hollow)]))
    }

    func shape(_ name: String) -> [Int]? { tensors.first { $0.name == name }?.tensor.shape }
}

/// The families' networks as their projects define them, at any width.
extension StateDictSketch {
    enum Upsampling: CaseIterable {
        case bilinear
        case upConvolution
    }

    static func paper(bands: Int, classes: Int, widths: [Int], hasNorms: Bool = false) -> StateDict {
        var sketch = StateDictSketch()
        func block(_ prefix: String, _ inputs: Int, _ outputs: Int) {
            for (number, inputs) in [inputs, outputs].enumerated() {
                let place = number * (hasNorms ? 3 : 2)
                sketch.convolution("\(prefix).block.\(place)", [outputs, inputs, 3, 3], bias: outputs)
                if hasNorms { sketch.norm("\(prefix).block.\(place + 2)", outputs) }
            }
        }
        for (level, (inputs, outputs)) in zip([bands] + widths, widths).enumerated() {
            block("down_path.\(level)", inputs, outputs)
        }
        for (step, (outputs, inputs)) in zip(widths, widths.dropFirst()).reversed().enumerated() {
            sketch.convolution("up_path.\(step).up", [inputs, outputs, 2, 2], bias: outputs)
            block("up_path.\(step).conv_block", 2 * outputs, outputs)
        }
        sketch.convolution("last", [classes, widths[0], 1, 1], bias: classes)
        return sketch.stateDict
    }

    static func drive(bands: Int, classes: Int, base: Int, _ upsampling: Upsampling) -> StateDict {
        padded(bands, classes, today(base, upsampling), isBiased: false) { part in
            switch part {
            case .first: "in_conv"
            case .down(let step): "down\(step).1"
            case .up(let step): "up\(step).conv"
            case .head: "out_conv.0"
            }
        }
    }

    static func pytorchUNet(bands: Int, classes: Int, base: Int, _ upsampling: Upsampling, isOld: Bool = false)
        -> StateDict
    {
        let steps = isOld ? old(base, upsampling) : today(base, upsampling)
        return padded(bands, classes, steps, isBiased: isOld) { part in
            switch part {
            case .first: "inc.double_conv"
            case .down(let step): "down\(step).maxpool_conv.1.double_conv"
            case .up(let step): "up\(step).conv.double_conv"
            case .head: "outc.conv"
            }
        }
    }

    static func pooledSkip(bands: Int, classes: Int, base: Int) -> StateDict {
        var sketch = StateDictSketch()
        let widths = (0...4).map { base << $0 }
        func block(_ prefix: String, _ inputs: Int, _ outputs: Int) {
            sketch.block(
                (1...2).map { ("\(prefix).conv\($0).0", "\(prefix).conv\($0).1") }, [inputs, outputs, outputs],
                isBiased: true)
        }
        for (step, (inputs, outputs)) in zip([bands] + widths, widths.dropLast()).enumerated() {
            block("down\(step + 1).conv", inputs, outputs)
        }
        block("center", widths[3], widths[4])
        for step in (1...4).reversed() {
            block("up\(step).conv", widths[step], widths[step - 1])
            sketch.convolution("up\(step).up", [widths[step], widths[step - 1], 2, 2], bias: widths[step - 1])
        }
        sketch.convolution("final", [classes, base, 1, 1], bias: classes)
        return sketch.stateDict
    }

    static func nested(bands: Int, classes: Int, widths: [Int], isDeep: Bool) -> StateDict {
        var sketch = StateDictSketch()
        for column in widths.indices {
            for (level, width) in widths.dropLast(column).enumerated() {
                let above = level == 0 ? bands : widths[level - 1]
                sketch.block(
                    (1...2).map { ("conv\(level)_\(column).conv\($0)", "conv\(level)_\(column).bn\($0)") },
                    [column == 0 ? above : width * column + widths[level + 1], width, width], isBiased: true)
            }
        }
        for name in isDeep ? (1..<widths.count).map({ "final\($0)" }) : ["final"] {
            sketch.convolution(name, [classes, widths[0], 1, 1], bias: classes)
        }
        return sketch.stateDict
    }

    private enum Part {
        case first
        case down(Int)
        case up(Int)
        case head
    }

    /// Widths of the encoder, and of each decoder step: (up-convolution's outputs, middle, outputs).
    private typealias Widths = (encoder: [Int], decoder: [(up: Int?, middle: Int, outputs: Int)])

    private static func today(_ base: Int, _ upsampling: Upsampling) -> Widths {
        let factor = upsampling == .bilinear ? 2 : 1
        let decoder = (1...4).map { step -> (Int?, Int, Int) in
            let inputs = base << (5 - step)
            let outputs = step == 4 ? base : inputs / 2 / factor
            return upsampling == .bilinear ? (nil, inputs / 2, outputs) : (inputs / 2, outputs, outputs)
        }
        return ((0...4).map { $0 == 4 ? base * 16 / factor : base << $0 }, decoder)
    }

    private static func old(_ base: Int, _ upsampling: Upsampling) -> Widths {
        let outputs = [4 * base, 2 * base, base, base]
        let decoder = zip(1..., outputs).map { step, outputs -> (Int?, Int, Int) in
            (upsampling == .bilinear ? nil : base << (4 - step), outputs, outputs)
        }
        return ([base, 2 * base, 4 * base, 8 * base, 8 * base], decoder)
    }

    private static func padded(
        _ bands: Int, _ classes: Int, _ widths: Widths, isBiased: Bool, _ name: (Part) -> String
    ) -> StateDict {
        var sketch = StateDictSketch()
        func block(_ prefix: String, _ widths: [Int]) {
            sketch.block(
                [0, 3].map { ("\(prefix).\($0)", "\(prefix).\($0 + 1)") }, widths, isBiased: isBiased)
        }
        for (step, (inputs, outputs)) in zip([bands] + widths.encoder, widths.encoder).enumerated() {
            block(name(step == 0 ? .first : .down(step)), [inputs, outputs, outputs])
        }
        var below = widths.encoder.last!
        for (step, (up, middle, outputs)) in zip(1..., widths.decoder) {
            if let up { sketch.convolution("up\(step).up", [below, up, 2, 2], bias: up) }
            let skip = widths.encoder[widths.encoder.count - 1 - step]
            block(name(.up(step)), [skip + (up ?? below), middle, outputs])
            below = outputs
        }
        sketch.convolution(name(.head), [classes, below, 1, 1], bias: classes)
        return sketch.stateDict
    }
}
