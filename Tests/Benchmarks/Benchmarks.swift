import ArgumentParser

/// Timings as ratios within one run, so that a noisy or shared machine still tells something.
///
///     swift run -c release overtile-benchmarks workers
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overtile-benchmarks",
        abstract: "Times Overtile against oneDNN and against itself. For other programs see peers.py.",
        subcommands: [
            LayersBenchmark.self, StepsBenchmark.self, NetworksBenchmark.self, TilesBenchmark.self,
            WorkersBenchmark.self, PlanBenchmark.self, TrainingBenchmark.self,
        ])
}
