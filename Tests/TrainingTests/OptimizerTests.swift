import Foundation
import Testing
import Training

@Suite("Optimizers")
struct OptimizerTests {
    /// Six steps of rate 0.05 from (0.5, -1.25, 2, 0.001), along gradients that PyTorch was given, too: where its
    /// optimizers came to in double.
    static let peers: [(rule: OptimizerRule, values: [Double])] = [
        (.sgd(), [0.49951960418518154, -1.2428057707978104, 2.1257807540195905, 0.6407697083933828]),
        (.sgd(momentum: 0.9), [0.49585035202017835, -1.2515808418724619, 2.3978821478040833, 4.458617025692476]),
        (
            .sgd(momentum: 0.99, isNesterov: true, weightDecay: 0.01),
            [0.48781996063696126, -1.2325616618344848, 2.5426780744029935, 6.054545610545369]
        ),
        (.rmsprop(), [-0.16745254683993677, -1.024834349195022, 2.824241994023643, 0.8053281202889082]),
        (
            .rmsprop(momentum: 0.9, weightDecay: 1e-8),
            [-3.606779939826535, -2.417993341450992, 4.2281112161482435, 4.489209933122717]
        ),
        (.adam(), [0.28641855466498817, -1.331216872858429, 2.133694768390235, 0.22709186722270958]),
        (
            .adam(weightDecay: 0.1),
            [0.21327959584540776, -0.962937300270337, 2.072237105431837, 0.22690210210311734]
        ),
        (
            .adamW(weightDecay: 0.01),
            [0.28527057431695896, -1.327223803410995, 2.1276511870027592, 0.22673280622945688]
        ),
    ]

    @Test("go where PyTorch's go", arguments: peers.indices)
    func definitions(_ index: Int) {
        let (rule, truth) = Self.peers[index]
        var values = [0.5, -1.25, 2.0, 1e-3]
        var optimizer = Optimizer<Double>(rule, count: values.count)
        for step in 0..<6 {
            let gradients = (0..<4).map { sin(Double(1 + $0) + 0.7 * Double(step)) * pow(10, Double($0 - 2)) }
            values.withUnsafeMutableBufferPointer {
                optimizer.update($0.baseAddress!, gradients: gradients, ranges: [0..<1, 1..<4], rate: 0.05)
            }
        }
        for (ours, theirs) in zip(values, truth) { #expect(abs(ours - theirs) <= 1e-12 * abs(theirs), "\(rule)") }
        #expect(optimizer.step == 6)
    }

    @Test("leave alone what is not among their ranges")
    func ranges() {
        var values: [Float] = [1, 2, 3]
        var optimizer = Optimizer<Float>(.adamW(), count: 3)
        values.withUnsafeMutableBufferPointer {
            optimizer.update($0.baseAddress!, gradients: [1, 1, 1], ranges: [0..<1, 2..<3], rate: 0.1)
        }
        #expect(values[1] == 2 && values[0] < 1 && values[2] < 3)
    }

    @Test("a cosine, and rates that fall on plateaus, are PyTorch's")
    func schedules() {
        // torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
        let cosine = [1, 0.9755282581475768, 0.9045084971874737, 0.7938926261462366, 0.6545084971874737, 0.5]
        let rate = LearningRate(base: 1, .cosine(steps: 10))
        for (step, truth) in cosine.enumerated() { #expect(abs(rate.rate(atStep: step) - truth) < 1e-14) }
        #expect(rate.rate(atStep: 10) < 1e-14 && rate.rate(atStep: 99) < 1e-14)

        // torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
        var plateau = LearningRate(base: 1, .plateau(factor: 0.5, patience: 2))
        let losses = [1, 0.9, 0.9, 0.91, 0.92, 0.93, 0.8, 0.79999, 0.8, 0.8, 0.8, 0.7]
        let rates = losses.map { loss in
            plateau.judge(loss)
            return plateau.rate(atStep: 0)
        }
        #expect(rates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25])
    }

    @Test("a warm-up rises evenly, and what comes behind it begins there")
    func warmUp() {
        let rate = LearningRate(base: 2, .cosine(steps: 13), warmUp: 3)
        #expect((0..<4).map { rate.rate(atStep: $0) } == [0.5, 1, 1.5, 2])
        #expect(rate.rate(atStep: 13) < 1e-14)
    }

    @Test("gradients are clipped by the norm of all of them")
    func clipping() {
        var gradients: [Double] = [3, 100, 4]
        func clip(_ bound: Double) -> Double {
            gradients.withUnsafeMutableBufferPointer {
                GradientClipping.clip($0.baseAddress!, ranges: [0..<1, 2..<3], to: bound)
            }
        }
        #expect(clip(6) == 5 && gradients == [3, 100, 4])
        #expect(clip(1) == 5)
        #expect(abs(gradients[0] - 0.6) < 1e-6 && gradients[1] == 100 && abs(gradients[2] - 0.8) < 1e-6)
    }
}
