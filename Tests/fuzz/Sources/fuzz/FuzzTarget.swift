import Foundation

@testable import BatchRunner
@testable import FileIO
@testable import Models
@testable import ONNXReader
@testable import RasterIO
@testable import Segmentation
@testable import VectorIO
@testable import WeightFiles

/// A reader of files from outside.
enum FuzzTarget: String, CaseIterable {
    /// A checkpoint of any container: safetensors, PyTorch's zip archive and its older sequence of pickles.
    case checkpoint
    /// A pickle by itself.
    case pickle
    /// An ONNX model, up to the network and its tiling.
    case onnx
    /// The metadata of a model: Overtile's and Deepness' JSON, and a STAC item.
    case metadata
    /// The structure of a TIFF.
    case tiff
    /// A mosaic, and what it names.
    case mosaic
    /// The ledger of a batch.
    case ledger
    /// The journal of work in progress.
    case journal
    /// The record of outputs that were about to get their names.
    case record
    /// A layer of zones.
    case zones

    /// What is done once, before the first input.
    func prepare() { GDALLibrary.prepare() }

    /// Reads one input. What a reader throws is its refusal.
    func read(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .checkpoint:
            attempt { try Readers.checkpoint(ScratchFile.write(bytes, "model")) }
        case .pickle: attempt { try Readers.pickle(ScratchFile.write(bytes, "model")) }
        case .onnx: attempt { try Readers.onnx(ScratchFile.write(bytes, "model.onnx")) }
        case .metadata: attempt { try Readers.metadata(bytes) }
        case .tiff: attempt { try Readers.tiff(ScratchFile.write(bytes, "scene.tif")) }
        case .mosaic: attempt { try Readers.mosaic(ScratchFile.write(bytes, "scene.vrt")) }
        case .ledger: attempt { try Readers.ledger(ScratchFile.write(bytes, Ledger.fileName)) }
        case .journal: attempt { try Readers.journal(ScratchFile.write(bytes, "journal")) }
        case .record: attempt { Readers.record(ScratchFile.write(bytes, "record")) }
        case .zones: attempt { try Readers.zones(ScratchFile.write(bytes, "zones.geojson")) }
        }
    }

    private func attempt(_ body: () throws -> Void) { do { try body() } catch { _ = "\(error)".utf8.count } }
}
