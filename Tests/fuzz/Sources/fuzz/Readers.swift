import Foundation

@testable import BatchRunner
@testable import FileIO
@testable import InferenceEngine
@testable import MaskProducts
@testable import Models
@testable import NetworkGraph
@testable import ONNXReader
@testable import RasterIO
@testable import SceneRunner
@testable import Segmentation
@testable import StoredTensors
@testable import TileGeometry
@testable import VectorIO
@testable import WeightFiles

/// Each reader, taken as far as the program takes it with a file of that kind.
enum Readers {
    /// Elements that are read of a tensor, at most: files may list large ones that overlap.
    private static let mostElements = 1 << 16

    static func checkpoint(_ path: String) throws {
        let stateDict = try Checkpoint.read(path: path)
        for (_, tensor) in stateDict.tensors where tensor.count <= mostElements { _ = tensor.elements() }
        _ = try Model(path: path)
    }

    static func pickle(_ path: String) throws {
        var machine = PickleMachine(FileSlice(try MappedFile(path: path)))
        _ = try machine.run()
    }

    static func onnx(_ path: String) throws {
        let model = try ONNXModel(path: path)
        _ = model.summary
        _ = try Model(path: path)
    }

    /// Runs a tile through a network that is accepted, unless that takes long or much memory, as it may.
    static func network(_ path: String) throws {
        let model = try Model(path: path)
        var options = SegmentationOptions()
        options.workers = 1
        let backend = try OvertileBackend()
        let sample = OutputEncoding.maskType(channels: model.outputChannels)
        let tiler = Tiler(
            model, backend: backend, options: options, bytesPerPixel: OutputBytes([.mask: sample.sampleByteCount]))
        let tiling = try tiler.tiling(of: PixelSize(width: 24, height: 20))
        let computation = try tiler.computation(tiling.grid, output: tiling.grid.outputSizes[0].output)
        guard computation.operationCount < mostOperations else { return }
        let network = try CompiledNetwork(computation, backend: backend)
        guard network.sessionByteCount < mostSessionBytes else { return }
        let session = try InferenceSession(network)
        for index in session.input.indices { session.input[index] = Float(index % 7) - 3 }
        try session.run()
        precondition(!session.output.isEmpty)
    }

    private static let mostOperations = 1e7
    private static let mostSessionBytes = 16 << 20

    static func metadata(_ bytes: UnsafeRawBufferPointer) throws {
        let value = try MetadataParser.parse(bytes)
        _ = MLMItem.description(of: value, bandCount: 3, file: "model")
        let text = String(decoding: bytes, as: UTF8.self)
        _ = OvertileMetadata.description(of: ["overtile": text, "classes": text, "bands": text], file: "model")
        let keys = ["class_names", "resolution", "tile_size", "standardization_mean", "det_conf", "seg_thresh"]
        _ = DeepnessMetadata.description(
            of: Dictionary(keys.map { ($0, text) }, uniquingKeysWith: { $1 }), bandCount: 3, file: "model")
    }

    static func tiff(_ path: String) throws {
        _ = try TIFFCompleteness.check(path: path)
        _ = try GeoTIFFCheck(path: path)
    }

    /// The network that scenes are segmented with.
    private static let modelPath = ScratchFile.folder + "/scene-model.onnx"
    private static let sceneModel = Result { try Model(path: modelPath) }

    /// Writes the network: a convolution of one band.
    static func prepareScenes() throws {
        let model = ONNXWriter.model(channels: 1) {
            $0.weights("w", [2, 1, 3, 3])
            $0.node("Conv", ["x", "w"], ["y"], ["pads": .ints([1, 1, 1, 1])])
        }
        _ = model.withUnsafeBytes { ScratchFile.write($0, FileName.last(of: modelPath)) }
        _ = try CheckedEngine.backend()
    }

    /// Opens a raster as each command does, and reads the pixels and validity of all its bands.
    static func raster(_ path: String) throws {
        let reader = try RasterReader(path: path, access: .files())
        // A scene may well be larger than a second is long.
        guard reader.size.area * reader.bands.count <= 1 << 16 else { return }
        let bands = Array(1...reader.bands.count)
        var samples = [Float](repeating: 0, count: reader.size.area * bands.count)
        var validity = [UInt8](repeating: 0, count: reader.size.area)
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try reader.read(PixelWindow(reader.size), bands: bands, into: samples, validity: validity)
            }
        }
    }

    /// Each command by itself: what one refuses, another may take.
    static func scene(_ path: String) throws {
        let reader = try RasterReader(path: path, access: .files())
        // A scene may well be larger than a second is long.
        guard reader.size.area * reader.bands.count <= 1 << 16 else { return }
        attempt { _ = try MaskStatistics(of: reader).warnings }
        attempt { _ = try Evaluation(of: reader, truth: .raster(try RasterReader(path: path))).warnings }
        attempt {
            let polygons = try PolygonOutput(
                mask: reader, options: PolygonOutput.Options(), path: ScratchFile.folder + "/polygons.geojson")
            _ = try polygons.write { _, _ in }
        }
        attempt {
            var options = Preview.Options()
            options.longSide = 64
            _ = try Preview(scene: path, mask: path, options: options).picture
        }
        attempt {
            var options = SegmentationOptions()
            (options.bands, options.workers, options.overwrites) = ([.number(1)], 1, true)
            let outputs = OutputSet(mask: ScratchFile.folder + "/mask.tif")
            _ = try SceneRun(scene: path, model: sceneModel.get(), options: options, outputs: outputs).run()
        }
    }

    private static func attempt(_ body: () throws -> Void) { do { try body() } catch { _ = "\(error)".utf8.count } }

    static func mosaic(_ path: String) throws {
        // Nothing beyond the folder, whatever the document says.
        _ = try RasterReader(path: path, access: .files())
    }

    static func ledger(_ path: String) throws {
        let folder = FileName.folder(of: path)
        for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
        let ledger = try Ledger(folder: folder, access: .reading)
        try ledger.forEachEntry { entry in
            _ = entry.outputs.count
            _ = entry.started?.formatted(.iso8601)
        }
        try ledger.forEachKnown { _ in }
        _ = LedgerMetrics(folder: folder, totals: try ledger.totals(), time: Date()).text
    }

    static func journal(_ path: String) throws {
        // The key and the boot of the corpus' journals.
        let journal = try WorkJournal(path: path, key: 1, output: "mask.tif", boot: 7)
        guard let progress = journal.recover(tileRows: 9) else { return }
        precondition((0...9).contains(progress.tileRows))
        for row in 0..<progress.tileRows { _ = journal.row(row, rasters: 3) }
    }

    /// What a record names is a file like any other's: only names that do not exist are settled here.
    static func record(_ path: String) {
        guard let data = FileManager.default.contents(atPath: path), !data.contains(UInt8(ascii: "/")) else { return }
        Publication.settle(record: path)
        guard let key = try? StoredJSON.decode(WorkKey.self, from: data) else { return }
        _ = key.differences(from: key)
    }

    static func zones(_ path: String) throws {
        _ = try RasterPolygons(path: path, size: PixelSize(width: 20, height: 10), reference: zonesPlace.get())
    }

    /// Where the zones' raster lies. PROJ looks into its database for it, which takes longer than most layers do.
    private static let zonesPlace = Result {
        var reference = SpatialReference.none
        reference.geoTransform = GeoTransform([500_000, 10, 0, 5_000_000, 0, -10])
        reference.crs = try CoordinateReferenceSystem("EPSG:32633")
        return reference
    }
}
