import Foundation
import Models
import Segmentation
import Synchronization
import TestData
import Testing

@testable import BatchRunner

/// How workers and memory are shared between scenes that are run at the same time.
struct WorkerShareTests {
    @Test("no more are taken than there are, and who waits first is served first")
    func order() throws {
        let shares = WorkerShares(total: 3)
        let log = Mutex<[String]>([])
        shares.take(2)
        let group = DispatchGroup()
        // The large one asks first: the small one that would fit must not pass it.
        for (name, count, delay) in [("large", 3, 0.0), ("small", 1, 0.2)] {
            DispatchQueue(label: name).async(group: group) {
                Thread.sleep(forTimeInterval: delay)
                shares.take(count)
                log.withLock { $0.append(name) }
                shares.giveBack(count)
            }
        }
        Thread.sleep(forTimeInterval: 0.5)
        #expect(log.withLock { $0 }.isEmpty)
        shares.giveBack(2)
        group.wait()
        #expect(log.withLock { $0 } == ["large", "small"])
    }

    @Test("small scenes are run side by side, a large one alone with all workers, and the bytes are the same")
    func scenes() throws {
        let bench = try BatchBench()
        for number in 0..<6 { try bench.addScene("s\(number).tif", width: 40, height: 40, seed: number) }
        try bench.addScene("t.tif", width: 700, height: 500)
        // Small tiles: many for the large scene.
        bench.options.tile = 76
        bench.options.workers = 2
        try bench.run()
        let state = bench.watcher.state.withLock { $0 }
        #expect(state.workers["t.tif"] == 2)
        #expect((0..<6).allSatisfy { state.workers["s\($0).tif"] == 1 })
        #expect(state.most == 2)
        let parallel = try (0..<6).map { try bench.folder.bytes("out/s\($0).tif") }
        let alone = try BatchBench()
        for number in 0..<6 { try alone.addScene("s\(number).tif", width: 40, height: 40, seed: number) }
        alone.options = bench.options
        alone.options.workers = 1
        try alone.run()
        #expect(try (0..<6).map { try alone.folder.bytes("out/s\($0).tif") } == parallel)
    }

    @Test("a scene that would be cut otherwise with a part of the memory is run alone")
    func memory() throws {
        let bench = try BatchBench()
        let scene = try bench.addScene("s.tif", width: 500, height: 400)
        let model = try Model(path: bench.modelPath)
        bench.options.workers = 4
        func share(_ memory: Int) -> (workers: Int, options: SegmentationOptions) {
            var options = bench.options
            options.memory = memory
            return WorkerDemand(model: model, options: options, writesProbabilities: false).share(ofScene: scene)
        }
        let plenty = share(16 << 30)
        #expect(plenty.workers < 4 && plenty.options.workers == plenty.workers)
        #expect(plenty.options.memory == (4 << 30) * plenty.workers)
        let scarce = share(300 << 20)
        #expect(scarce.workers == 4 && scarce.options.memory == 300 << 20)
    }
}
