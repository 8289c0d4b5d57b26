import Foundation
import InferenceEngine
import Models
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

/// How a scene is planned, and what a plan warns of.
@Suite struct PlannerTests {
    private let folder: TemporaryFolder
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 24, height: 20)
    }

    private func plan(
        _ model: Model, confidence: Bool = false, _ change: (inout SegmentationOptions) -> Void = { _ in }
    ) throws -> Plan {
        var options = SegmentationOptions()
        options.scale = 1 / 255
        change(&options)
        return try Planner(
            scene: try RasterReader(path: scene), model: model, options: options, kinds: confidence ? [.confidence] : []
        ).plan()
    }

    static let pixels = GroundPixelSize(width: 10, height: 10)

    /// Every warning, with its words.
    static let warnings: [(PlanWarning, isShortage: Bool, text: String)] = [
        (
            .namelessBands(scene: "s.tif", wanted: "red, nir", source: "key"), false,
            "s.tif: its bands have no names, and are taken for red, nir (key) in their order"
        ),
        (
            .bytesScaled(scene: "s.tif"), false,
            "s.tif: pixels are scaled by 1/255, as no scale, offset, mean or std was given"
        ),
        (
            .pixelsUnscaled(scene: "s.tif", type: .uint16), false,
            "s.tif: UInt16 pixels are given to the model as they are, as no scale, offset, mean or std was given"
        ),
        (
            .unknownPixelSize(scene: "s.tif", metres: 10, source: "key"), false,
            "s.tif: the size of its pixels on the ground is not known, as it does not say where it lies: "
                + "it is run as it is, not at 10.0 m (key)"
        ),
        (
            .pixelsEnlarged(scene: "s.tif", pixels: pixels, metres: 1, source: "key"), false,
            "s.tif: pixels of 10.0 m are enlarged to 1.0 m (key): no detail comes from that"
        ),
        (
            .describedTileUnused(tile: 99, source: "key"), false,
            "key: the network takes no tiles of 99 pixels: it is not used"
        ),
        (
            .describedOverlapUnused(overlap: 90, source: "key"), false,
            "key: 90.0 % leave nothing of a tile: it is not used"
        ),
        (
            .seams(reason: "why", tile: 512, canGrow: true), false,
            "not seamless: why; where tiles of 512 pixels meet, seams may show: larger tiles (--tile) have fewer"
        ),
        (
            .seams(reason: "why", tile: 512, canGrow: false), false,
            "not seamless: why; where tiles of 512 pixels meet, seams may show"
        ),
        (
            .slowerKernels, true,
            "memory is short: wide layers run without Winograd's algorithm, which is slower"
        ),
        (
            .smallerTiles(tile: 300, preferred: 500), true,
            "memory is short: tiles of 300 pixels instead of 500, so that pixels may differ in the last digits "
                + "from a run with more memory"
        ),
        (.fewerWorkers(workers: 1, requested: 4), true, "memory is short: 1 worker instead of 4"),
    ]

    @Test func warningsKeepTheirWordsAndShortagesAreKnownByTheirCase() {
        for (warning, isShortage, text) in Self.warnings {
            #expect(warning.description == text)
            #expect(warning.isShortageOfMemory == isShortage)
        }
    }

    @Test(arguments: [(1, 1), (254, 1), (255, 2), (300, 2)])
    func aMaskOfManyClassesIsPlannedWithTwoBytesAPixel(classes: Int, bytes: Int) throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, classes: classes, depth: 1))
        let plan = try plan(model)
        #expect(plan.slotLayout.bytesPerPixel == OutputBytes([.mask: bytes]))
        var options = SegmentationOptions()
        options.tile = plan.grid.tile
        let narrow = try Tiler(
            model, backend: OvertileBackend(), options: options, bytesPerPixel: OutputBytes([.mask: 1])
        ).tiling(of: PixelSize(width: 24, height: 20))
        let layout = plan.slotLayout
        let more = Pipeline.slotsPerWorker(layout) * layout.outputPixels * (bytes - 1)
        #expect(plan.tiling.bytesPerWorker == narrow.bytesPerWorker + more)
    }

    @Test func confidenceIsPlannedFor() throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path))
        let (plain, confident) = (try plan(model), try plan(model, confidence: true))
        #expect(confident.slotLayout.bytesPerPixel == OutputBytes([.mask: 1, .confidence: 1]))
        #expect(confident.tiling.bytesPerWorker > plain.tiling.bytesPerWorker)
    }

    // MARK: Shortage of memory

    @Test func tooLittleMemoryForAllWorkersIsAShortage() throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, depth: 2))
        try SyntheticScene.write(folder.path("large.tif"), width: 300, height: 200)
        func plan(megabytes: Int) -> Plan? {
            var options = SegmentationOptions()
            (options.workers, options.tile, options.memory) = (8, 300, megabytes << 20)
            return try? Planner(
                scene: RasterReader(path: folder.path("large.tif")), model: model, options: options
            ).plan()
        }
        let scarce = (170...400).lazy.compactMap { plan(megabytes: $0) }.first
        #expect(scarce?.isShortOfMemory == true)
        #expect(try #require(plan(megabytes: 16 << 10)).isShortOfMemory == false)
    }

    /// The weights of wide layers take a quarter of the memory without Winograd's algorithm.
    @Test func whereMemoryIsTooSmallForTheFastKernelsOthersRun() throws {
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, depth: 3, base: 64))
        func change(_ megabytes: Int) -> (inout SegmentationOptions) -> Void {
            {
                ($0.workers, $0.tile, $0.memory) = (1, 60, megabytes << 20)
                $0.scale = 1 / 255
            }
        }
        /// The least memory with which a plan is as it should be, by halves.
        func least(_ isEnough: (Plan?) -> Bool) -> Int {
            var range = 100..<(4 << 10)
            while range.count > 1 {
                let middle = range.lowerBound + range.count / 2
                if isEnough(try? plan(model, change(middle))) {
                    range = range.lowerBound..<middle
                } else {
                    range = middle..<range.upperBound
                }
            }
            return range.upperBound
        }
        let (slow, fast) = (least { $0 != nil }, least { $0?.isShortOfMemory == false })
        try #require(fast - slow > 2)
        #expect(try plan(model, change(slow)).warnings == [.slowerKernels])
        #expect(throws: SegmentationError.self) { try plan(model, change(slow - 1)) }
        func segment(_ megabytes: Int, to name: String, backend: (any Backend)? = nil) throws -> SegmentationJob {
            var options = SegmentationOptions()
            change(megabytes)(&options)
            let job = try SegmentationJob(
                scene: try RasterReader(path: scene), model: model, options: options, kinds: [.probabilities],
                backend: backend)
            _ = try job.run([.mask: folder.path("\(name).tif"), .probabilities: folder.path("\(name)-p.tif")])
            return job
        }
        // Halfway, so that what the kernels really take fits as well as what was expected.
        let short = try segment((slow + fast) / 2, to: "short")
        #expect(short.plan.isShortOfMemory)
        #expect(
            short.warnings == ["memory is short: wide layers run without Winograd's algorithm, which is slower"])
        let whole = try segment(4 << 10, to: "whole")
        #expect(whole.warnings.isEmpty && whole.plan.grid == short.plan.grid)
        let pairs = zip(
            try RasterReader.wholeBand(ofFile: folder.path("short-p.tif")),
            try RasterReader.wholeBand(ofFile: folder.path("whole-p.tif")))
        #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 })
        // A caller's own backend is never replaced by another.
        let error = #expect(throws: SegmentationError.self) {
            try segment((slow + fast) / 2, to: "own", backend: OvertileBackend())
        }
        #expect(error?.code == .memoryTooSmall)
    }
}
