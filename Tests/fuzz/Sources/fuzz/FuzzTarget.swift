import Foundation

@testable import BatchRunner
@testable import RasterIO

/// A reader of files from outside.
enum FuzzTarget: String, CaseIterable {
    /// A checkpoint of any container: safetensors, PyTorch's zip archive and its older sequence of pickles.
    case checkpoint
    /// A pickle by itself.
    case pickle
    /// An ONNX file, up to the network and its tiling.
    case onnx
    /// A graph of ONNX nodes that the bytes choose, up to a tile that runs through it.
    case graph
    /// The metadata of a model: Overtile's and Deepness' JSON, and a STAC item.
    case metadata
    /// The structure of a TIFF.
    case tiff
    /// A GeoTIFF, up to its pixels.
    case raster
    /// A GeoTIFF through the commands that take one: segment, stats, polygonize, evaluate and preview.
    case scene
    /// A mosaic, and what it names.
    case mosaic
    /// The ledger of a batch.
    case ledger
    /// The journal of work in progress.
    case journal
    /// What else lies in the folder of work in progress: its key, and the record of outputs about to get their names.
    case record
    /// A layer of zones.
    case zones

    /// What is done once, before the first input.
    func prepare() throws {
        GDALLibrary.prepare()
        if self == .scene { try Readers.prepareScenes() }
    }

    /// Reads one input. What a reader throws is its refusal.
    ///
    /// - Returns: the bytes of the file that was read.
    func read(_ bytes: UnsafeRawBufferPointer) -> Int {
        let file = self == .graph ? GraphWriter.model(of: bytes) : Array(bytes)
        do {
            try file.withUnsafeBytes(read(file:))
        } catch {
            // A message, too, is made of what the file says.
            _ = "\(error)".utf8.count
        }
        return file.count
    }

    private func read(file bytes: UnsafeRawBufferPointer) throws {
        switch self {
        case .checkpoint: try Readers.checkpoint(ScratchFile.write(bytes, "model"))
        case .pickle: try Readers.pickle(ScratchFile.write(bytes, "model"))
        case .onnx: try Readers.onnx(ScratchFile.write(bytes, "model.onnx"))
        case .graph: try Readers.network(ScratchFile.write(bytes, "model.onnx"))
        case .metadata: try Readers.metadata(bytes)
        case .tiff: try Readers.tiff(ScratchFile.write(bytes, "scene.tif"))
        case .raster: try Readers.raster(ScratchFile.write(bytes, "scene.tif"))
        case .scene: try Readers.scene(ScratchFile.write(bytes, "scene.tif"))
        case .mosaic: try Readers.mosaic(ScratchFile.write(bytes, "scene.vrt"))
        case .ledger: try Readers.ledger(ScratchFile.write(bytes, Ledger.fileName))
        case .journal: try Readers.journal(ScratchFile.write(bytes, "journal"))
        case .record: Readers.record(ScratchFile.write(bytes, "record"))
        case .zones: try Readers.zones(ScratchFile.write(bytes, "zones.geojson"))
        }
    }
}
