import Dispatch
import Foundation
import InferenceEngine
import Models
import RasterIO
import TestData
import Testing
import TestNetworks
import TileGeometry

@testable import Segmentation

@Suite struct TileReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Reads all tiles, each into a slot of its own, before it waits for any.
    private func slots(_ scene: RasterReader, _ tiling: Tiling, threads: Int) throws -> [TileSlot] {
        let native = ResampledReader(scene, grid: ResampledGrid(of: scene.size))
        let reader = TileReader(native, bands: [2, 1], shapes: tiling.shapes, threads: threads, times: StageTimes())
        #expect(reader.threads == min(threads, 4))
        let layout = tiling.shapes.slotLayout(bands: 2, bytesPerPixel: OutputBytes())
        let slots = (0..<tiling.grid.count).map { _ in TileSlot(layout: layout) }
        let group = DispatchGroup()
        let failures = Counter()
        for (index, slot) in slots.enumerated() {
            group.enter()
            reader.read(tiling.grid[index], into: slot) { error in
                if error != nil { failures.increment() }
                group.leave()
            }
        }
        group.wait()
        #expect(failures.value == 0)
        return slots
    }

    /// Squares of 512 pixels, ragged tiles across them, holes, and margins beyond the scene on all sides.
    @Test(arguments: [2, 9])
    func severalThreadsReadWhatOneReads(threads: Int) throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 1100, height: 800, bands: 2, nodata: 7) { band, x, y in
            (x / 50 + y / 70) % 5 == 0 ? 7 : Float((x &* 31 ^ y &* 17 ^ band) & 255)
        }
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path, bands: 2))
        var options = SegmentationOptions()
        options.tile = 440
        let tiler = Tiler(model, backend: OneDNNBackend(), options: options, bytesPerPixel: OutputBytes())
        let tiling = try tiler.tiling(of: PixelSize(width: 1100, height: 800))
        let expected = try slots(RasterReader(path: path), tiling, threads: 1)
        let found = try slots(RasterReader(path: path), tiling, threads: threads)
        for (one, other) in zip(expected, found) {
            let area = one.window.size.area
            #expect(one.window == other.window && one.rows == other.rows && one.columns == other.columns)
            #expect(one.validity[..<area].elementsEqual(other.validity[..<area]))
            let isEqual = zip(one.samples[..<(2 * area)], other.samples[..<(2 * area)])
                .allSatisfy { $0.bitPattern == $1.bitPattern }
            #expect(isEqual, "tile \(one.tile!.index)")
        }
    }

    @Test func whatCannotBeReadIsToldOnce() throws {
        let path = folder.path("scene.tif")
        try SyntheticScene.write(path, width: 700, height: 600)
        let model = try Model(path: ModelFile.paperUNet(in: folder.url.path))
        let tiler = Tiler(
            model, backend: OneDNNBackend(), options: SegmentationOptions(), bytesPerPixel: OutputBytes())
        let scene = try RasterReader(path: path)
        let tiling = try tiler.tiling(of: scene.size)
        // The scene has no band 2.
        let native = ResampledReader(scene, grid: ResampledGrid(of: scene.size))
        let reader = TileReader(native, bands: [2], shapes: tiling.shapes, threads: 3, times: StageTimes())
        let slot = TileSlot(layout: tiling.shapes.slotLayout(bands: 1, bytesPerPixel: OutputBytes()))
        let told = Counter()
        let group = DispatchGroup()
        group.enter()
        reader.read(tiling.grid[0], into: slot) { error in
            if error is RasterError { told.increment() }
            group.leave()
        }
        group.wait()
        #expect(told.value == 1)
    }
}
