import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry
import VectorIO

/// Masks against truths of every kind.
@Suite struct EvaluationTests {
    private let folder: TemporaryFolder
    private let reference: SpatialReference

    init() throws {
        folder = try TemporaryFolder()
        reference = try TestMask.reference("EPSG:3035", [4_321_000, 10, 0, 3_210_000, 0, -10])
    }

    private func write(
        _ name: String, width: Int = 40, height: Int = 30, _ reference: SpatialReference? = nil, names: [String] = [],
        value: (Int, Int) -> UInt8
    ) throws -> RasterReader {
        try TestMask.write(
            folder.path(name), width: width, height: height, reference: reference ?? self.reference,
            legend: names.enumerated().map { LegendEntry(value: $0.offset, name: $0.element) }, value: value)
        return try RasterReader(path: folder.path(name))
    }

    private func stripes(_ x: Int, _ y: Int) -> UInt8 { x % 7 == 3 && y % 5 == 2 ? 255 : UInt8((x / 4 + y / 3) % 3) }

    @Test("a mask agrees with itself, in every measure")
    func itself() throws {
        let mask = try write("mask.tif", value: stripes)
        let evaluation = try Evaluation(mask: mask.path, truth: mask.path)
        let matrix = evaluation.matrix
        #expect(matrix.accuracy == 1 && matrix.kappa == 1 && matrix.microIoU == 1)
        let perfect = Evaluation.ConfusionMatrix.Scores(iou: 1, f1: 1, precision: 1, recall: 1)
        #expect(matrix.mean == perfect && matrix.counts.indices.allSatisfy { matrix.scores(of: $0) == perfect })
        #expect(matrix.total == 40 * 30 - 36 && evaluation.warnings.isEmpty)
        #expect(evaluation.withoutMask == 0 && evaluation.withoutTruth == 0)
    }

    @Test("pixels without data of either are left out, and counted")
    func leftOut() throws {
        let mask = try write("mask.tif") { x, y in y == 0 ? 255 : x < 20 ? 0 : 1 }
        let truth = try write("truth.tif") { x, _ in x == 0 ? 255 : x < 10 ? 0 : 1 }
        let evaluation = try Evaluation(of: mask, truth: .raster(truth))
        #expect(evaluation.withoutMask == 39 && evaluation.withoutTruth == 29)
        #expect(evaluation.matrix.counts == [[9 * 29, 0], [10 * 29, 20 * 29]])
    }

    @Test("classes are the same by name where both have names, and what only one has is said")
    func names() throws {
        let mask = try write("mask.tif", names: ["land", "water", "ice"]) { x, _ in UInt8(x / 20) }
        let truth = try write("truth.tif", names: ["Water", "wood", "land"]) { x, _ in x < 20 ? 2 : x < 30 ? 0 : 1 }
        let evaluation = try Evaluation(of: mask, truth: .raster(truth))
        #expect(evaluation.classes.map(\.name) == ["land", "water", "wood"])
        #expect(evaluation.classes.map(\.value) == [0, 1, nil])
        #expect(evaluation.matrix.counts == [[600, 0, 0], [0, 300, 0], [0, 300, 0]])
        #expect(evaluation.warnings.count == 1 && evaluation.warnings[0].hasSuffix("wood"))
        // The user knows better.
        let mapped = try Evaluation(of: mask, truth: .raster(truth), pairs: ["wood=water", "Water=none"])
        #expect(mapped.matrix.counts == [[600, 0], [0, 300]] && mapped.withoutTruth == 300)
    }

    @Test("labels that start at 1 are mapped by number")
    func numbers() throws {
        let mask = try write("mask.tif") { x, _ in UInt8(x / 20) }
        let truth = try write("truth.tif") { x, _ in UInt8(1 + x / 20) }
        #expect(try Evaluation(of: mask, truth: .raster(truth)).matrix.accuracy == 0)
        #expect(try Evaluation(of: mask, truth: .raster(truth), pairs: ["1=0", "2=1"]).matrix.accuracy == 1)
        for wrong in ["1", "=1", "x=1", "1=x", "1="] {
            let error = #expect(throws: RasterError.self) {
                _ = try Evaluation(of: mask, truth: .raster(truth), pairs: [wrong])
            }
            #expect(error?.code == .badArgument, "\(wrong)")
        }
    }

    @Test("a truth on another grid counts where its pixels hold the mask's centres")
    func otherGrids() throws {
        let mask = try write("mask.tif") { x, y in x < 20 ? (y < 15 ? 0 : 1) : (y < 15 ? 2 : 3) }
        // The same four quarters, of 100 m pixels that begin 100 m before; and south-up.
        let coarse = try write(
            "coarse.tif", width: 6, height: 5,
            try TestMask.reference("EPSG:3035", [4_320_900, 100, 0, 3_210_050, 0, -100])
        ) { x, y in x < 3 ? (y < 2 ? 0 : 1) : (y < 2 ? 2 : 3) }
        let south = try write(
            "south.tif", width: 80, height: 60, try TestMask.reference("EPSG:3035", [4_321_000, 5, 0, 3_209_700, 0, 5])
        ) { x, y in x < 40 ? (y >= 30 ? 0 : 1) : (y >= 30 ? 2 : 3) }
        for truth in [coarse, south] {
            let evaluation = try Evaluation(of: mask, truth: .raster(truth))
            #expect(evaluation.matrix.accuracy == 1 && evaluation.matrix.total == 1200, "\(truth.path)")
        }
        // A rotated mask over degrees: what lies north of 52 degrees is of class 1.
        let degrees = try write(
            "degrees.tif", width: 40, height: 40,
            try TestMask.reference("EPSG:4326", [9.99, 0.001, 0, 52.02, 0, -0.001])
        ) { _, y in y < 20 ? 1 : 0 }
        let turned = try TestMask.reference("EPSG:3035", [4_321_000, 8, 6, 3_210_000, 6, -8])
        let rotated = try write("rotated.tif", turned) { x, y in 6 * (Double(x) + 0.5) > 8 * (Double(y) + 0.5) ? 1 : 0 }
        let evaluation = try Evaluation(of: rotated, truth: .raster(degrees))
        #expect(evaluation.matrix.total == 1200)
        // The parallel is a curve on the map, and bends away from the straight line by less than a pixel.
        #expect((evaluation.matrix.accuracy ?? 0) > 0.98, "\(evaluation.matrix)")
    }

    @Test("masks are read in strips, and truths and zones with them")
    func strips() throws {
        // 4.5 million pixels are more than a strip holds; what matters lies where the second one begins, and in it.
        let mask = try write("mask.tif", width: 3000, height: 1500) { x, y in y < 1390 ? 0 : y < 1450 ? 1 : 2 }
        let south = try write(
            "south.tif", width: 3, height: 150,
            try TestMask.reference("EPSG:3035", [4_321_000, 10_000, 0, 3_195_000, 0, 100])
        ) { x, y in y >= 11 ? 0 : y >= 5 ? 1 : 2 }
        let evaluation = try Evaluation(of: mask, truth: .raster(south))
        #expect(evaluation.matrix.counts == [[3000 * 1390, 0, 0], [0, 3000 * 60, 0], [0, 0, 3000 * 50]])
        let file = try folder.write(
            TestPolygons.geoJSON(
                epsg: 3035, [("{}", TestPolygons.box(4_321_990, 3_195_400, 4_322_010, 3_196_200))]), to: "zone.geojson")
        let zones = try RasterPolygons(path: file, size: mask.size, reference: mask.spatialReference)
        let zone = try MaskStatistics(of: mask, zones: zones).zones?[0].statistics
        // Columns 99 and 100 of rows 1380 to 1459.
        #expect(zone?.classes.map(\.amount.pixels) == [20, 120, 20])
        #expect(abs((zone?.valid.squareMetres ?? 0) - 16_000) < 1)
    }

    @Test("a truth without a place is taken for the same grid where it has the same size")
    func placeless() throws {
        let mask = try write("mask.tif", value: stripes)
        let same = try Evaluation(
            of: mask, truth: .raster(try write("label.tif", SpatialReference.none, value: stripes)))
        #expect(same.matrix.accuracy == 1 && same.warnings.count == 1)
        let other = try write("small.tif", width: 39, SpatialReference.none, value: stripes)
        let error = #expect(throws: RasterError.self) { _ = try Evaluation(of: mask, truth: .raster(other)) }
        #expect(error?.code == .unsupported && error?.message.contains("does not say where it lies") == true)
    }

    @Test("no overlap is one clear line")
    func apart() throws {
        let mask = try write("mask.tif", value: stripes)
        let far = try write("far.tif", try TestMask.reference("EPSG:4326", [100, 0.1, 0, 10, 0, -0.1]), value: stripes)
        let empty = try write("empty.tif") { _, _ in 255 }
        for truth in [far, empty] {
            let error = #expect(throws: RasterError.self) { _ = try Evaluation(of: mask, truth: .raster(truth)) }
            #expect(error?.code == .unsupported && error?.message.contains("do not overlap") == true)
        }
    }

    @Test("polygons: by number and by name, what lies outside left out or of a class, the last of two counts")
    func polygons() throws {
        let mask = try write("mask.tif", names: ["land", "water"]) { x, _ in x < 20 ? 1 : 0 }
        func truth(_ field: String, outside: Int? = nil) throws -> GroundTruth {
            let file = try folder.write(
                TestPolygons.geoJSON(
                    epsg: 3035,
                    [
                        (
                            "{\"id\": 1, \"kind\": \"water\"}",
                            TestPolygons.box(4_321_000, 3_209_700, 4_321_150, 3_210_000)
                        ),
                        (
                            "{\"id\": 0, \"kind\": \"land\"}",
                            TestPolygons.box(4_321_100, 3_209_900, 4_321_300, 3_210_000)
                        ),
                    ]), to: "truth.geojson")
            return .polygons(
                try RasterPolygons(path: file, field: field, size: mask.size, reference: mask.spatialReference),
                outside: outside)
        }
        for field in ["id", "kind"] {
            // Water: 15 columns of 30 rows, but for 5 columns of 10 rows; land: 20 columns of 10 rows, half of them
            // wrong.
            let evaluation = try Evaluation(of: mask, truth: try truth(field))
            #expect(evaluation.matrix.counts == [[100, 100], [0, 400]] && evaluation.withoutTruth == 600)
            #expect(evaluation.classes.map(\.name) == ["land", "water"])
            let filled = try Evaluation(of: mask, truth: try truth(field, outside: 0))
            #expect(filled.matrix.counts == [[600, 200], [0, 400]] && filled.withoutTruth == 0)
        }
        // Names say nothing about a mask without any.
        let nameless = try write("nameless.tif") { x, _ in x < 20 ? 1 : 0 }
        let error = #expect(throws: RasterError.self) { _ = try Evaluation(of: nameless, truth: try truth("kind")) }
        #expect(error?.code == .badArgument && error?.message.contains("--map") == true)
        let mapped = try Evaluation(of: nameless, truth: try truth("kind"), pairs: ["water=1", "land=0"])
        #expect(mapped.matrix.counts == [[100, 100], [0, 400]])
    }

    @Test("files: a line for each class, and JSON with the matrix")
    func files() throws {
        let mask = try write("mask.tif", names: ["land", "wa,ter"]) { x, _ in x < 10 ? 0 : 1 }
        let truth = try write("truth.tif") { x, _ in x < 20 ? 0 : 1 }
        let evaluation = try Evaluation(of: mask, truth: .raster(truth))
        #expect(
            evaluation.csv == """
                value,class,truth_pixels,mask_pixels,iou,f1,precision,recall,taken for land,"taken for wa,ter"
                0,land,600,300,0.5,0.6666666666666666,1.0,0.5,300,300
                1,"wa,ter",600,900,0.6666666666666666,0.8,0.6666666666666666,1.0,0,600

                """)
        for part in ["\"accuracy\" : 0.75", "\"kappa\" : 0.5", "\"pixels\" : 1200", "\"confusion\""] {
            #expect(evaluation.json.contains(part), "\(part)")
        }
    }

    @Test(
        "real labels of a satellite tile", .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)))
    func realLabels() throws {
        let path = SharedData.root.appendingPathComponent("data/s2forest/cnn_25_label.png").path
        let label = try RasterReader(path: path)
        let evaluation = try Evaluation(of: label, truth: .raster(label), pairs: ["1=2"])
        // All forest is taken for what the map says is background.
        #expect(evaluation.matrix.total == 201 * 201 && evaluation.classes.map(\.value) == [1, 2])
        #expect(evaluation.matrix.counts[0] == [0, 0] && evaluation.matrix.counts[1][0] == 8663)
    }
}
