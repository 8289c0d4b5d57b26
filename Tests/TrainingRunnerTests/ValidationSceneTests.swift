import FileIO
import Foundation
import MaskProducts
import RasterIO
import Segmentation
import TestData
import Testing
import TileGeometry
import Training

@testable import TrainingRunner

/// What is learned from, and what is judged by.
@Suite struct ValidationSceneTests {
    private let bench: TrainingBench

    init() throws { bench = try TrainingBench() }

    private func pair(_ scene: String, _ truth: String) -> TrainingData.Pair {
        TrainingData.Pair(scene: scene, truth: TruthSource(path: truth))
    }

    private func data(
        _ pairs: [TrainingData.Pair], judgedBy judges: [TrainingData.Pair] = [], bands: [Int]? = nil
    ) throws -> TrainingData {
        try TrainingData(
            pairs, judgedBy: judges, bands: bands, nodata: nil, renamed: [:], validation: 0.25, memory: 1 << 30)
    }

    @Test("of scenes to judge by nothing is learned, and nothing is held out of the others")
    func scenesOfTheirOwn() throws {
        // Smaller than a crop, brighter, and with its classes the other way round.
        let (scene, truth) = (bench.folder.path("judge.tif"), bench.folder.path("judge-truth.tif"))
        try SyntheticScene.write(scene, width: 50, height: 40, bands: 2, type: .float32) { band, x, y in
            TrainingBench.value(band, x, y) + 5000
        }
        try SyntheticScene.write(truth, width: 50, height: 40, nodata: 255) { _, x, y in
            TrainingBench.label(x, y).map { Float(2 - $0) } ?? 255
        }
        let alone = try data([pair(bench.scene, bench.truth)])
        let judged = try data([pair(bench.scene, bench.truth)], judgedBy: [pair(scene, truth)])
        #expect(judged.scenes.map(\.isForJudging) == [false, true] && judged.learnedScenes.count == 1)
        #expect(judged.scenes[0].heldOut == nil && judged.scenes[1].heldOut == PixelWindow(judged.scenes[1].size))
        #expect(judged.mean == alone.mean && judged.std == alone.std)
        let session = try TrainingSession(judged, to: bench.folder.path("m.safetensors"), options: bench.options)
        #expect(session.classPixels == judged.counts[0])
        let outcome = try session.run(cancellation: Cancellation()) { _ in }
        // Every labelled pixel of the second scene is judged, and none of the first; by its truth, all is wrong.
        let matrix = try #require(outcome.judgement?.matrix)
        #expect(matrix.truth == judged.counts[1])
    }

    @Test("labels of pixels without data count for nothing", arguments: [false, true])
    func labelsBesideData(hasAlpha: Bool) throws {
        // Without data in a corner, where the truth goes on: by a nodata value in all bands, or by alpha.
        func isMissing(_ x: Int, _ y: Int) -> Bool { x > 120 && y < 30 }
        var scene = bench.folder.path("holes.tif")
        try SyntheticScene.write(
            scene, width: bench.width, height: bench.height, bands: 3, type: .float32, nodata: hasAlpha ? nil : -1
        ) { band, x, y in
            if band == 2 { return isMissing(x, y) ? (hasAlpha ? 0 : -1) : 255 }
            return isMissing(x, y) && !hasAlpha ? -1 : TrainingBench.value(band, x, y)
        }
        if hasAlpha {
            scene = try VirtualScene.write(
                to: "holes.vrt", in: bench.folder, width: bench.width, height: bench.height,
                (1...3).map {
                    VirtualScene.Band(
                        scene, $0, type: "Float32", properties: $0 == 3 ? "<ColorInterp>Alpha</ColorInterp>" : "")
                })
        }
        // The same with a truth that says nothing there.
        let truth = bench.folder.path("careful.tif")
        try SyntheticScene.write(truth, width: bench.width, height: bench.height, nodata: 255) { _, x, y in
            isMissing(x, y) ? 255 : TrainingBench.label(x, y).map { Float($0) } ?? 255
        }
        let (loose, careful) = (
            try data([pair(scene, bench.truth)], bands: [1, 2]), try data([pair(scene, truth)], bands: [1, 2])
        )
        #expect(loose.scenes[0].labels == careful.scenes[0].labels && loose.counts == careful.counts)
        #expect(loose.scenes[0].labels.contains { $0 != Loss.unlabelled })
        #expect(try data([pair(bench.scene, bench.truth)]).counts != loose.counts)
    }

    @Test("what cannot be learned is said before anything is done")
    func refusals() throws {
        func refusal(_ words: [String], _ body: () throws -> Void) {
            let error = #expect(throws: TrainingError.self, performing: body)
            for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
        }
        // A class that occurs only in what is judged by.
        let truth = bench.folder.path("more.tif")
        try SyntheticScene.write(truth, width: bench.width, height: bench.height, nodata: 255) { _, x, y in
            x < 4 ? 7 : TrainingBench.label(x, y).map { Float($0) } ?? 255
        }
        refusal(["7", "held out", "--map"]) {
            _ = try TrainingSession(
                data([pair(bench.scene, bench.truth)], judgedBy: [pair(bench.scene, truth)]),
                to: bench.folder.path("m.safetensors"), options: bench.options)
        }
        // A scene all of whose labels lie where there is no data.
        let empty = bench.folder.path("empty.tif")
        try SyntheticScene.write(
            empty, width: bench.width, height: bench.height, bands: 2, type: .float32, nodata: -1
        ) { band, x, y in
            x < 4 ? TrainingBench.value(band, x, y) : -1
        }
        refusal(["no data", "empty.tif"]) { _ = try data([pair(empty, bench.truth)]) }
        // A class of which that is true.
        let partly = bench.folder.path("partly.tif")
        try SyntheticScene.write(
            partly, width: bench.width, height: bench.height, bands: 2, type: .float32, nodata: -1
        ) { band, x, y in
            TrainingBench.label(x, y) == 1 ? -1 : TrainingBench.value(band, x, y)
        }
        refusal(["class 1", "no pixel", "1=none"]) { _ = try data([pair(partly, bench.truth)]) }
    }

    @Test("a name that stands for nothing, and a class of which nothing lies on a scene, are told")
    func warnings() throws {
        func polygon(_ x: Int, _ name: String) -> String {
            let (left, right) = (500_000 + 10 * x, 500_000 + 10 * (x + 40))
            return """
                {"type": "Feature", "properties": {"crop": "\(name)"}, "geometry": {"type": "Polygon", "coordinates": \
                [[[\(left), 5000000], [\(right), 5000000], [\(right), 4999200], [\(left), 4999200], [\(left), 5000000]]]}}
                """
        }
        let features = [polygon(0, "maize"), polygon(60, "wheat"), polygon(90_000, "rye")].joined(separator: ", ")
        let path = try bench.folder.write(
            Array("{\"type\": \"FeatureCollection\", \"features\": [\(features)]}".utf8), to: "fields.geojson")
        let data = try TrainingData(
            [TrainingData.Pair(scene: bench.scene, truth: TruthSource(path: path, field: "crop"))], bands: nil,
            nodata: nil,
            renamed: ["wheat": "corn", "barley": "corn"], validation: 0.25, memory: 1 << 30)
        #expect(data.classes == ["corn", "maize"])
        #expect(data.warnings.contains { $0.contains("class rye") }, "\(data.warnings)")
        #expect(data.warnings.contains { $0.contains("--map barley=corn") })
        #expect(!data.warnings.contains { $0.contains("wheat") })
    }
}
