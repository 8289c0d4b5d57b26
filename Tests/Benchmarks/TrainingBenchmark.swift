import ArgumentParser
import Models
import Training

/// Steps of training in a second, on crops as `train_peer.py` cuts them, so that its numbers can be set beside these.
struct TrainingBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Steps of training in a second: batches of 8 crops, the paper's of 220 pixels and others of 128.")

    @Option(help: "The network: \(NetworkDesign.Family.allCases.map(\.rawValue).joined(separator: ", ")).")
    var net = "paper"

    @Option(help: "Width of the first level.")
    var base = 16

    @Option(help: "Bands of the crops.")
    var bands = 1

    @Option(help: "Threads.")
    var workers = 2

    @Option(help: "Timed steps.")
    var rounds = 5

    func run() throws {
        guard let family = NetworkDesign.Family(rawValue: net) else {
            throw ValidationError("there is no network \(net) to be trained")
        }
        let network = try TrainableNetwork(
            NetworkDesign(family, bands: bands, classes: 2, base: base).initialized(seed: 1))
        let side = family == .paper ? 220 : 128
        let crops = CropShape(count: 8, height: side, width: side)
        let step = try TrainingStep(network, crops: crops, loss: Loss(), workers: workers)
        var generator = TrainingGenerator(seed: 2)
        let batch = TrainingBatch(
            images: (0..<8 * bands * side * side).map { _ in Float(generator.normal()) },
            targets: (0..<8 * step.outputHeight * step.outputWidth).map { _ in UInt8(generator.next() % 2) })
        var optimizer = Optimizer<Float>(.adamW(), count: network.store.values.count)
        let times = try Timing.inTurn(rounds: rounds, [{ _ = try step.take(batch, &optimizer, rate: 1e-3) }])[0]
        row(["network", "base", "memory", "steps/s", "loss"])
        let loss = try step.computeGradients(batch)
        row([
            net, "\(base)", "\(step.byteCount >> 20) MiB", digits(1 / Timing.median(times), 3), digits(loss, 4),
        ])
    }
}
