import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// A folder with a placed scene of named bands, in which models that describe themselves are run.
final class ModelBench {
    let folder: TemporaryFolder
    /// 90 x 60 pixels of 10 m, of three bands of bytes.
    let scene: String
    let size = PixelSize(width: 150, height: 100)
    let bandNames = ["B02", "B03", "B04"]

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        var options = RasterWriter.Options(size: size, bandCount: bandNames.count, sampleType: .uint8)
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        options.bandNames = bandNames
        let writer = try RasterWriter(path: scene, options: options)
        for band in bandNames.indices {
            var samples: [UInt8] = []
            for y in 0..<size.height {
                for x in 0..<size.width { samples.append(UInt8(SyntheticScene.wave(band, x, y))) }
            }
            try samples.withUnsafeBufferPointer { try writer.write(PixelWindow(size), band: band + 1, samples: $0) }
        }
        try writer.commit()
    }

    /// What a run gave: nothing where it failed.
    struct Run {
        let outcome: CommandProcess.Outcome
        /// The pixels, bit by bit; the files themselves name their model.
        let mask: [UInt32]
        let probabilities: [UInt32]
        let path: String
    }

    /// `overtile segment` of the scene to a mask and probabilities under a name of their own.
    func segment(_ model: String, as name: String, _ flags: [String] = []) throws -> Run {
        let (mask, probabilities) = ("\(name).tif", "\(name)-p.tif")
        let outcome = try CommandProcess.run(
            [
                "segment", scene, "--model", model, "--output", folder.path(mask), "--probabilities",
                folder.path(probabilities),
            ] + flags)
        guard outcome.status == 0 else {
            return Run(outcome: outcome, mask: [], probabilities: [], path: folder.path(mask))
        }
        return Run(
            outcome: outcome, mask: try pixels(mask), probabilities: try pixels(probabilities),
            path: folder.path(mask))
    }

    private func pixels(_ name: String) throws -> [UInt32] {
        let raster = try RasterReader(path: folder.path(name))
        return try raster.bands.flatMap { try raster.wholeBand($0.number).map(\.bitPattern) }
    }

    /// Runs a model that describes itself without flags, and one that does not with them: the outputs have the same pixels,
    /// and other ones than without either.
    ///
    /// - Returns: the run without flags.
    @discardableResult
    func expectSame(
        described: String, plain: String, flags: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Run {
        let run = try segment(described, as: "described")
        let spelled = try segment(plain, as: "spelled", flags)
        let without = try segment(plain, as: "without", ["--quiet"])
        for run in [run, spelled, without] {
            #expect(run.outcome.status == 0, "\(run.outcome.errors)", sourceLocation: sourceLocation)
        }
        #expect(run.mask == spelled.mask && !run.mask.isEmpty, sourceLocation: sourceLocation)
        #expect(run.probabilities == spelled.probabilities, sourceLocation: sourceLocation)
        #expect(run.probabilities != without.probabilities, sourceLocation: sourceLocation)
        // A mask of one class alone would prove little.
        let values = Set(try RasterReader.wholeBand(ofFile: run.path))
        #expect(values.count > 1, sourceLocation: sourceLocation)
        return run
    }

    /// What `inspect` says of a model, as text, and as value and source under each key.
    func inspect(
        _ model: String, _ options: [String] = []
    ) throws -> (text: String, sources: [String: String], values: [String: Any]) {
        let table = try CommandProcess.run(["inspect", model] + options)
        let json = try CommandProcess.run(["inspect", model, "--json"] + options)
        #expect(table.status == 0 && json.status == 0, "\(table.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        let description = try #require(report?["description"] as? [String: Any])
        let entries = description.compactMapValues { $0 as? [String: Any] }
        return (
            table.output, entries.compactMapValues { $0["source"] as? String }, entries.compactMapValues { $0["value"] }
        )
    }

    /// An item beside a model.
    func writeItem(_ text: String, for model: String) throws {
        let name = URL(fileURLWithPath: model).deletingPathExtension().lastPathComponent + ".json"
        _ = try folder.write(Array(text.utf8), to: name)
    }
}
