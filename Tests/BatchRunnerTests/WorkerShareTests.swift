import Dispatch
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
        let queued = DispatchSemaphore(value: 0)
        let log = Mutex<[String]>([])
        let shares = WorkerShares(total: 3) { _ in queued.signal() }
        shares.take(2)
        queued.wait()
        let group = DispatchGroup()
        // The large one asks first: the small one that would fit must not pass it.
        for (name, count) in [("large", 3), ("small", 1)] {
            DispatchQueue(label: name).async(group: group) {
                shares.take(count)
                log.withLock { $0.append(name) }
                shares.giveBack(count)
            }
            #expect(queued.wait(timeout: .now() + 60) == .success)
        }
        // One is free. Had the small one got it, it would give it back before the large one is served.
        #expect(log.withLock { $0 }.isEmpty)
        shares.giveBack(2)
        group.wait()
        #expect(log.withLock { $0 } == ["large", "small"])
    }

    private final class Count: Sendable {
        private let value = Mutex(0)

        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    /// Makes the first scene that is begun wait until another is begun as well.
    private func letTwoMeet(in bench: BatchBench) {
        let count = Count()
        let second = DispatchSemaphore(value: 0)
        bench.watcher.state.withLock {
            $0.onBegin = { _ in
                let number = count.next()
                if number == 2 { second.signal() }
                if number == 1 { #expect(second.wait(timeout: .now() + 120) == .success) }
            }
        }
    }

    @Test("small scenes are run side by side, a large one alone with all workers, and the bytes are the same")
    func scenes() throws {
        let bench = try BatchBench()
        for number in 0..<6 { try bench.addScene("s\(number).tif", width: 40, height: 40, seed: number) }
        try bench.addScene("t.tif", width: 700, height: 500)
        // Small tiles: many for the large scene.
        bench.options.tile = 76
        bench.options.workers = 2
        letTwoMeet(in: bench)
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

    /// Their own pixels would make scenes of many tiles: what counts is the pixels that the model is given.
    @Test("scenes that are small on the model's pixels are run side by side, with the bytes that each has alone")
    func resampled() throws {
        func bench(scenes: Range<Int>, workers: Int) throws -> BatchBench {
            let bench = try BatchBench()
            for number in scenes {
                try bench.addScene("s\(number).tif", width: 400, height: 400, seed: number, crs: "EPSG:32633")
            }
            bench.confidence = "p"
            bench.options.resolution = .metres(40)
            bench.options.tile = 76
            bench.options.workers = workers
            return bench
        }
        let together = try bench(scenes: 0..<3, workers: 2)
        letTwoMeet(in: together)
        #expect(try together.run().values.allSatisfy { $0 == "done" })
        let state = together.watcher.state.withLock { $0 }
        #expect(state.most == 2 && (0..<3).allSatisfy { state.workers["s\($0).tif"] == 1 })
        for number in 0..<3 {
            let alone = try bench(scenes: number..<number + 1, workers: 1)
            try alone.run()
            for name in ["out/s\(number).tif", "p/s\(number).tif"] {
                #expect(try alone.folder.bytes(name) == together.folder.bytes(name))
            }
        }
    }

    @Test("a scene that gets fewer workers than it should is short of memory, whatever the warning says")
    func shortage() throws {
        let bench = try BatchBench()
        let scene = try bench.addScene("s.tif", width: 500, height: 400)
        let model = try Model(path: bench.modelPath)
        func job(megabytes: Int) throws -> SegmentationJob {
            var options = bench.options
            (options.workers, options.memory) = (4, megabytes << 20)
            return try SegmentationJob(
                scene: options.open(scene: scene, for: model), model: model, options: options)
        }
        let scarce = try #require((190...400).lazy.compactMap { try? job(megabytes: $0) }.first)
        #expect(scarce.plan.isShortOfMemory && WorkerDemand.isShort(scarce))
        #expect(try !WorkerDemand.isShort(job(megabytes: 16 << 10)))
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
            return WorkerDemand(model: model, options: options, kinds: [])
                .share(ofScene: scene)
        }
        let plenty = share(16 << 30)
        #expect(plenty.workers < 4 && plenty.options.workers == plenty.workers)
        #expect(plenty.options.memory == (4 << 30) * plenty.workers)
        let scarce = share(300 << 20)
        #expect(scarce.workers == 4 && scarce.options.memory == 300 << 20)
    }
}
