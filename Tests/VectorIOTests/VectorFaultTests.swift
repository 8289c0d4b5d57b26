import FileIO
import Foundation
import RasterIO
import TestData
import Testing
import VectorIO

/// A fault in the place of each call about files while GDAL writes polygons: whatever GDAL makes of it, the layer is as it
/// should be or not there, and the writer says which. Each test has a process of its own.
@Suite(.serialized)
struct VectorFaultTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    /// Half of a Shapefile's table was lost on a full disk, and the run ended well.
    @Test("an error of the system in the place of a call", arguments: ["shp", "fgb", "geojson", "gpkg"])
    func fails(_ ending: String) async throws {
        let process = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [folder = temporary.url.path as String, ending = ending as String] in
            let bench = LayerBench(folder: folder, ending: ending)
            TrackedFiles.takeOver(below: folder)
            SQLiteFiles.useFileCalls()
            let wrong = try bench.sweep.errors(step: FaultSweep.step(3))
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        }
        FaultSweep.show(process?.standardOutputContent)
    }
}

/// A layer of so many features that GDAL writes it in several pieces.
private struct LayerBench {
    let folder: String
    let ending: String

    var output: OutputFolder { OutputFolder(in: folder) }

    var sweep: FaultSweep {
        FaultSweep("a layer as .\(ending)", begin: output.clear, files: output.files, command: write)
    }

    private func write() throws {
        let fields: [VectorWriter.Field] = [.init("class", .integer), .init("area", .real), .init("name", .text)]
        let options = VectorWriter.Options(crs: try CoordinateReferenceSystem("EPSG:4326"), fields: fields)
        let writer = try VectorWriter(path: "\(folder)/out/layer.\(ending)", options: options)
        for number in 0..<1500 {
            let (x, y) = (Double(number % 40), Double(number / 40))
            writer.beginPolygon()
            writer.beginRing()
            writer.addPoints(x: [x, x + 0.5, x + 0.5, x], y: [y, y, y + 0.5, y + 0.5])
            writer.endRing()
            writer.set(0, number)
            writer.set(1, Double(number) / 3)
            writer.set(2, "polygon \(number)")
            try writer.endFeature()
        }
        try writer.commit()
    }
}
