import FileIO
import Foundation
package import MaskProducts
import Models
import RasterIO
import Segmentation
import TileGeometry
import Training

/// How a network does on what was held out.
package struct Judgement: Sendable {
    /// The pixels of each class by the class that they were taken for.
    package var matrix: Evaluation.ConfusionMatrix
    /// The mean of the negative logarithm of the probability that the true class was given.
    package var loss: Double
}

/// Runs a network over what is held out of each scene, by the ordinary way of a scene, and compares.
struct Judge {
    let data: TrainingData
    let workers: Int
    /// The bytes that a run may take.
    let memory: Int
    /// Where masks may lie for a moment.
    let folder: String

    /// Plans the run over each scene, so that what cannot be judged is known before the training.
    ///
    /// - Throws: as `judge`.
    func check(_ model: Model) throws {
        for scene in data.scenes { _ = try job(scene, model) }
    }

    private func job(_ scene: LabelledScene, _ model: Model) throws -> SegmentationJob? {
        guard let window = scene.heldOut else { return nil }
        var options = SegmentationOptions()
        options.bands = scene.bands.map { .number($0) }
        options.area = .pixels(x: window.x, y: window.y, width: window.width, height: window.height)
        (options.workers, options.memory, options.checksFeed) = (workers, memory, false)
        (options.resolution, options.overwrites) = (.native, true)
        return try SegmentationJob(scene: scene.reader, model: model, options: options, kinds: [.probabilities])
    }

    /// - Returns: nil where nothing is held out.
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`, `CancellationError`.
    func judge(_ model: Model, _ cancellation: Cancellation) throws -> Judgement? {
        var counts = data.classes.map { _ in data.classes.map { _ in 0 } }
        var (sum, pixels) = (0.0, 0)
        for scene in data.scenes {
            guard let window = scene.heldOut, let job = try job(scene, model) else { continue }
            let paths = [FileName.joined(folder, "judged.tif"), FileName.joined(folder, "judged-p.tif")]
            defer { for path in paths { for suffix in ["", ".aux.xml"] { FileCall.unlink(path + suffix) } } }
            try job.run([.mask: paths[0], .probabilities: paths[1]], cancellation: cancellation)
            let (mask, probabilities) = (try RasterReader(path: paths[0]), try RasterReader(path: paths[1]))
            let rows = max(1, (1 << 20) / window.width)
            for y in stride(from: 0, to: window.height, by: rows) {
                let strip = PixelWindow(x: 0, y: y, width: window.width, height: min(rows, window.height - y))
                let found = try mask.samples(of: 1, strip)
                let bands = try probabilities.bands.map { try probabilities.samples(of: $0.number, strip) }
                for place in 0..<strip.size.area {
                    let (row, column) = (window.y + y + place / window.width, window.x + place % window.width)
                    let label = Int(scene.labels[row * scene.size.width + column])
                    guard label < data.classes.count, !found[place].isNaN else { continue }
                    counts[label][Int(found[place])] += 1
                    let probability =
                        bands.count == 1
                        ? (label == 1 ? bands[0][place] : 1 - bands[0][place]) : bands[label][place]
                    sum -= log(max(Double(probability), 1e-12))
                    pixels += 1
                }
            }
        }
        guard pixels > 0 else { return nil }
        return Judgement(matrix: Evaluation.ConfusionMatrix(counts), loss: sum / Double(pixels))
    }
}

extension RasterReader {
    /// A window's samples of a band, row by row; NaN where there is no data.
    fileprivate func samples(of band: Int, _ window: PixelWindow) throws(RasterError) -> [Float] {
        var samples = [Float](repeating: 0, count: window.size.area)
        var validity = [UInt8](repeating: 0, count: window.size.area)
        try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
            try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                try read(window, bands: [band], into: samples, validity: validity)
            }
        }
        return samples
    }
}
