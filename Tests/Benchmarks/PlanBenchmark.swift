import ArgumentParser
import Foundation
import Models
import RasterIO
import Segmentation
import TestData
import TestNetworks

/// What `plan` expects of a run, and what the run takes then.
struct PlanBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "The time that plan expects, and the time that runs take, for eight pairs.",
        discussion: """
            Each run begins with opening the model and the scene, and ends when the mask has its name. Nine runs of \
            ten should be within their range, on a machine that does nothing else.
            """)

    @Option(help: "Runs of each pair, each with an expectation of its own.")
    var rounds = 3

    /// The paper's networks of 3 bands and 4 classes.
    private static let networks = [
        (name: "3 levels, base 4", depth: 3, base: 4), (name: "5 levels, base 16", depth: 5, base: 16),
        (name: "5 levels, base 64", depth: 5, base: 64),
    ]
    private static let scenes = [(width: 300, height: 300), (width: 1500, height: 1500), (width: 4000, height: 3000)]

    func run() throws {
        let folder = try TemporaryFolder()
        // What a process does once: `plan` and `segment` both do it.
        let first = folder.path("first.tif")
        try SyntheticScene.write(first, width: 64, height: 64, bands: 3)
        _ = try compare(
            first, ModelFile.paperUNet(in: folder.url.path, bands: 3, classes: 4), mask: folder.path("mask.tif"))
        print("network            scene         expected                          took      within")
        var (within, all) = (0, 0)
        for (number, network) in Self.networks.enumerated() {
            let model = try ModelFile.paperUNet(
                in: folder.url.path, bands: 3, classes: 4, depth: network.depth, base: network.base)
            // The largest of both takes minutes.
            for size in number == 2 ? Self.scenes.dropLast() : Self.scenes {
                let scene = folder.path("scene-\(size.width).tif")
                if !FileManager.default.fileExists(atPath: scene) {
                    try SyntheticScene.write(scene, width: size.width, height: size.height, bands: 3)
                }
                for _ in 0..<rounds {
                    let (expected, seconds) = try compare(scene, model, mask: folder.path("mask.tif"))
                    let holds = expected.range.contains(seconds)
                    (within, all) = (within + (holds ? 1 : 0), all + 1)
                    print(
                        network.name.padding(toLength: 19, withPad: " ", startingAt: 0)
                            + "\(size.width) x \(size.height)".padding(toLength: 14, withPad: " ", startingAt: 0)
                            + "\(digits(expected.range.lowerBound, 2)) to \(digits(expected.range.upperBound, 2)) s, trial \(digits(expected.trialSeconds, 2)) s"
                            .padding(toLength: 34, withPad: " ", startingAt: 0)
                            + "\(digits(seconds, 2)) s".padding(toLength: 10, withPad: " ", startingAt: 0)
                            + (holds ? "yes" : "no: \(digits(seconds / expected.seconds, 2)) times the middle"))
                }
            }
        }
        print("\(within) of \(all) runs were within what was expected")
    }

    private func compare(_ scene: String, _ model: String, mask: String) throws -> (ExpectedTime, Double) {
        func job() throws -> SegmentationJob {
            var options = SegmentationOptions()
            options.overwrites = true
            let model = try Model(path: model)
            return try SegmentationJob(
                scene: try options.open(scene: scene, for: model), model: model, options: options)
        }
        var started = ContinuousClock.now
        func seconds() -> Double { (ContinuousClock.now - started) / .seconds(1) }
        let planned = try job()
        let expected = try planned.expectedTime(start: seconds())
        started = ContinuousClock.now
        _ = try job().run([.mask: mask])
        return (expected, seconds())
    }
}
