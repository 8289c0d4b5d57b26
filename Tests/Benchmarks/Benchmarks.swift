import ArgumentParser

/// Timings as ratios within one run, so that a noisy or shared machine still tells something.
///
///     swift run -c release overtile-benchmarks workers
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overtile-benchmarks",
        abstract: "Times Overtile against itself: layers, tile sizes, workers. For other programs see peers.py.",
        subcommands: [LayersBenchmark.self, StepsBenchmark.self, TilesBenchmark.self, WorkersBenchmark.self])
}
