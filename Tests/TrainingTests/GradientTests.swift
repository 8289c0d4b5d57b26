import Models
import NetworkGraph
import TestMaps
import Testing
import Training

/// A network that has an operation, with weights in front of it and behind it, so that gradients go through it.
struct GradientCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var bands = 2
    var size = 9
    /// Builds all but the head: gives the map behind the operation and its channels.
    let build: @Sendable (inout GradientSketch, Graph.Value) -> (Graph.Value, Int)

    init(
        _ regime: String, bands: Int = 2, size: Int = 9,
        _ build: @escaping @Sendable (inout GradientSketch, Graph.Value) -> (Graph.Value, Int)
    ) {
        testDescription = regime
        self.bands = bands
        self.size = size
        self.build = build
    }

    /// An operation of its own, behind a convolution to so many channels.
    init(_ regime: String, size: Int = 9, channels: Int = 3, _ operation: Operation) {
        self.init(regime, size: size) { sketch, input in
            let map = sketch.convolution("first", 2, channels, on: input)
            return (sketch.append(operation, map), channels)
        }
    }

    private static func window(_ taps: Int, stride: Int, before: Int = 0) -> Pooling.Window {
        Pooling.Window(taps: taps, stride: stride, before: before, after: before)
    }

    static let all: [GradientCase] = [
        // Convolutions: valid, padded, of one row, dilated, without bias; channels that fill one block, and more.
        GradientCase("3 x 3, valid") { ($0.convolution("b", 5, 3, on: $0.convolution("a", 2, 5, on: $1)), 3) },
        GradientCase("3 x 3, padded") { sketch, input in
            let a = sketch.convolution("a", 2, 5, on: sketch.append(.zeroPadding(1), input))
            return (sketch.convolution("b", 5, 3, on: sketch.append(.zeroPadding(1), a)), 3)
        },
        GradientCase("1 x 3 and 3 x 1, padded unevenly") { sketch, input in
            let a = sketch.convolution("a", 2, 4, height: 1, width: 3, on: input)
            let padding = Padding(.zero, amounts: Borders(top: 2, left: 0, bottom: 1, right: 0))
            return (sketch.convolution("b", 4, 3, height: 3, width: 1, on: sketch.append(.padding(padding), a)), 3)
        },
        GradientCase("dilated", size: 11) { sketch, input in
            let a = sketch.convolution("a", 2, 4, on: input)
            return (sketch.convolution("b", 4, 3, dilation: 2, on: sketch.append(.zeroPadding(2), a)), 3)
        },
        GradientCase("more than a block of channels", bands: 1, size: 7) { sketch, input in
            let a = sketch.convolution("a", 1, 18, hasBias: false, on: input)
            return (sketch.convolution("b", 18, 33, on: a), 33)
        },
        // Up-convolutions.
        GradientCase("up-convolution by 2", size: 6) { sketch, input in
            (sketch.upConvolution("up", 17, 3, on: sketch.convolution("a", 2, 17, on: input)), 3)
        },
        GradientCase("up-convolution by 3", size: 5) { sketch, input in
            (sketch.upConvolution("up", 4, 18, stride: 3, on: sketch.convolution("a", 2, 4, on: input)), 18)
        },
        // Norms in front of ReLUs and behind them, and one whose source somebody else reads, too.
        GradientCase("norm, then ReLU") { sketch, input in
            let a = sketch.norm("n", 5, on: sketch.convolution("a", 2, 5, on: input))
            return (sketch.append(.relu, a), 5)
        },
        GradientCase("ReLU, then norm") { sketch, input in
            (sketch.norm("n", 5, on: sketch.append(.relu, sketch.convolution("a", 2, 5, on: input))), 5)
        },
        GradientCase("a norm and a sum of its source and result") { sketch, input in
            let a = sketch.convolution("a", 2, 5, on: input)
            return (sketch.append(.arithmetic(.addition), a, sketch.norm("n", 5, on: a)), 5)
        },
        // Activations.
        GradientCase("leaky ReLU", .activation(.leakyReLU(slope: 0.2))),
        GradientCase("sigmoid", .activation(.sigmoid)),
        GradientCase("tanh", .activation(.tanh)),
        GradientCase("SiLU", .activation(.silu)),
        GradientCase("ELU", .activation(.elu(alpha: 0.7))),
        GradientCase("GELU", .activation(.gelu(isApproximate: false))),
        GradientCase("softplus", .activation(.softplus)),
        // Pooling: even, with a rest that is dropped or not, overlapping and padded.
        GradientCase("max pooling", size: 10, .maxPooling(extent: 2, stride: 2)),
        GradientCase("max pooling with a rest", .maxPooling(extent: 2, stride: 2)),
        GradientCase("max pooling in ceil mode", .maxPooling(extent: 2, stride: 2, ceilMode: true)),
        GradientCase(
            "max pooling whose windows overlap",
            .pooling(
                Pooling(.maximum, vertical: window(3, stride: 2, before: 1), horizontal: window(3, stride: 1)))),
        // Resizing.
        GradientCase("bilinear", size: 6, .bilinearUpsampling(factor: 2)),
        GradientCase("bilinear with aligned corners", size: 6, .bilinearUpsampling(factor: 2, alignCorners: true)),
        GradientCase(
            "nearest", size: 6,
            .resize(Resize(.nearest(.floor), .asymmetric, vertical: .times(2), horizontal: .times(3)))),
        // Borders that no convolution takes in.
        GradientCase("zeros around a map that is pooled") { sketch, input in
            let padded = sketch.append(.zeroPadding(1), sketch.convolution("a", 2, 3, on: input))
            return (sketch.append(.maxPooling(extent: 2, stride: 2), padded), 3)
        },
        GradientCase(
            "mirrored borders", .padding(Padding(.reflect, amounts: Borders(top: 2, left: 1, bottom: 3, right: 2)))),
        GradientCase("a crop", .crop(Borders(top: 1, left: 2, bottom: 0, right: 1))),
        // Skips: cropped, padded to size, read by several; a concatenation that is upsampled.
        GradientCase("a cropped skip that is pooled, too", size: 12) { sketch, input in
            let skip = sketch.append(.relu, sketch.convolution("a", 2, 5, on: input))
            let below = sketch.convolution("b", 5, 4, on: sketch.append(.maxPooling(extent: 2, stride: 2), skip))
            let up = sketch.upConvolution("up", 4, 3, on: below)
            let joined = sketch.append(.concatenation, up, sketch.append(.fitToSize, skip, up))
            return (sketch.convolution("c", 8, 4, on: joined), 4)
        },
        GradientCase("a skip that is padded to size, before another", size: 9) { sketch, input in
            let skip = sketch.convolution("a", 2, 17, on: input)
            let other = sketch.convolution("b", 2, 3, height: 1, width: 1, on: input)
            let joined = sketch.append(.concatenation, sketch.append(.fitToSize, skip, other), other, other)
            return (sketch.convolution("c", 23, 4, on: joined), 4)
        },
        GradientCase("a map that two convolutions read, one of them a part of it") { sketch, input in
            let map = sketch.convolution("a", 2, 5, on: input)
            let whole = sketch.convolution("b", 5, 3, on: map)
            let part = sketch.append(.crop(Borders(all: 1)), map)
            let joined = sketch.append(
                .concatenation, whole, sketch.convolution("c", 5, 4, height: 1, width: 1, on: part))
            return (joined, 7)
        },
        GradientCase("a concatenation that is upsampled and normalised", size: 6) { sketch, input in
            let joined = sketch.append(
                .concatenation, sketch.convolution("a", 2, 3, on: input), sketch.convolution("b", 2, 18, on: input))
            let up = sketch.append(.bilinearUpsampling(factor: 2), joined)
            return (sketch.norm("n", 21, on: up), 21)
        },
    ]
}

@Suite("Gradients")
struct GradientTests {
    /// Along a direction of each tensor, the loss changes as the gradient says.
    @Test("are the slopes of the loss, computed in double", arguments: GradientCase.all)
    func slopes(_ gradient: GradientCase) throws {
        var sketch = GradientSketch(bands: gradient.bands)
        let (map, channels) = gradient.build(&sketch, sketch.graph.input)
        let head = sketch.convolution("head", channels, 3, height: 1, width: 1, on: map)
        let training = sketch.training(outputs: [head])
        let network = try TrainableNetwork(training)
        let step = try TrainingStep(
            network, crops: CropShape(count: 3, height: gradient.size, width: gradient.size + 1), loss: Loss(),
            workers: 2)
        let pixels = 3 * gradient.bands * gradient.size * (gradient.size + 1)
        let images = noise(count: pixels, seed: 99)
        let targets = (0..<3 * step.outputHeight * step.outputWidth).map {
            $0 % 7 == 0 ? Loss.unlabelled : UInt8($0 % 3)
        }

        var parameters: DoubleNetwork.Parameters = [:]
        for entry in network.store.parameters {
            parameters[entry.name] = (entry.shape, network.store.values[entry.range].map(Double.init))
        }
        let truth = DoubleNetwork(graph: training.graph, outputs: training.outputs)
        var input = DoubleNetwork.Maps(3, gradient.bands, gradient.size, gradient.size + 1)
        input.values = images.map(Double.init)

        let loss = try step.computeGradients(TrainingBatch(images: images, targets: targets))
        #expect(abs(loss - truth.loss(input, targets: targets, parameters)) < 1e-5)
        let largest = network.store.gradients.map(abs).max()!
        for (seed, entry) in network.store.parameters.enumerated() {
            let direction = noise(count: entry.count, seed: UInt32(200 + seed)).map(Double.init)
            func moved(_ step: Double) -> Double {
                var parameters = parameters
                for (index, part) in direction.enumerated() { parameters[entry.name]!.elements[index] += step * part }
                return truth.loss(input, targets: targets, parameters)
            }
            let width = 1e-6
            let slope = (moved(width) - moved(-width)) / (2 * width)
            let ours = zip(network.store.gradients[entry.range], direction).reduce(0) { $0 + Double($1.0) * $1.1 }
            let bound = 3e-6 * Double(largest) * Double(entry.count).squareRoot() + 1e-8
            #expect(abs(slope - ours) <= bound, "\(entry.name): \(ours), and the loss has the slope \(slope)")
        }
    }

    /// The kernels of all instruction sets compute the same, but for rounding.
    @Test("are the same by every instruction set of this processor")
    func instructionSets() throws {
        func gradients(_ instructionSet: String?) throws -> [Float] {
            let design = NetworkDesign(.unet, bands: 3, classes: 2, levels: 3, base: 8, upsampling: .bilinear)
            let network = try TrainableNetwork(design.initialized(seed: 5))
            let step = try TrainingStep(
                network, crops: CropShape(count: 2, height: 20, width: 24), loss: Loss(addsDice: true), workers: 2,
                instructionSet: instructionSet)
            _ = try step.computeGradients(.noise(bands: 3, step, CropShape(count: 2, height: 20, width: 24)))
            return Array(network.store.gradients)
        }
        let truth = try gradients("scalar")
        let largest = truth.map(abs).max()!
        for set in TrainingStep.instructionSets {
            for (a, b) in zip(try gradients(set), truth) { #expect(abs(a - b) < 2e-5 * largest, "\(set)") }
        }
    }
}

extension TrainingBatch {
    /// Random pixels and labels.
    static func noise(bands: Int, _ step: TrainingStep, _ crops: CropShape, seed: UInt32 = 7) -> TrainingBatch {
        TrainingBatch(
            images: TestMaps.noise(count: crops.count * bands * crops.height * crops.width, seed: seed),
            targets: TestMaps.noise(count: crops.count * step.outputHeight * step.outputWidth, seed: seed + 1).map {
                $0 > 0.9 ? Loss.unlabelled : $0 > 0 ? 1 : 0
            })
    }
}
