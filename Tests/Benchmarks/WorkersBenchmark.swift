import ArgumentParser
import Foundation
import Models
import RasterIO
import Segmentation
import TestData
import TestMaps
import TestNetworks
import TileGeometry

/// A scene from file to file with one worker and with more.
struct WorkersBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "One scene from file to file, by one worker and by several.")

    @Option(help: "Width of the first level.")
    var base = 32

    @Option(help: "Pixels of the scene on a side.")
    var size = 1536

    @Option(help: "Workers to compare with one.")
    var workers = 2

    @Option(help: "Timed rounds.")
    var rounds = 3

    func run() throws {
        let folder = try TemporaryFolder()
        let scene = folder.path("scene.tif")
        try writeNoise(scene)
        let model = try Model(
            path: ModelFile.paperUNet(in: folder.url.path, bands: 1, classes: 4, depth: 5, base: base))
        func segment(_ workers: Int) throws {
            var options = SegmentationOptions()
            options.workers = workers
            options.overwrites = true
            let job = try SegmentationJob(
                scene: try RasterReader(path: scene), model: model, options: options)
            _ = try job.run([.mask: folder.path("mask.tif")])
        }
        let times = try Timing.inTurn(rounds: rounds, [{ try segment(1) }, { try segment(workers) }])
        row(["workers", "seconds", "Mpx/s"])
        for (count, seconds) in [(1, times[0]), (workers, times[1])] {
            let median = Timing.median(seconds)
            row(["\(count)", digits(median, 2), digits(Double(size * size) / median / 1e6, 3)])
        }
        print("\(workers) workers are \(digits(Timing.medianRatio(times[0], times[1]), 2)) times as fast as one")
    }

    private func writeNoise(_ path: String) throws {
        let size = PixelSize(width: size, height: size)
        let writer = try RasterWriter(
            path: path, options: RasterWriter.Options(size: size, bandCount: 1, sampleType: .uint8))
        var generator = SeededGenerator(seed: 3)
        let pixels = (0..<size.area).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: 1, samples: $0) }
        try writer.commit()
    }
}
