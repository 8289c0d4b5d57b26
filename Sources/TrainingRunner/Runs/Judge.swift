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
    let memory: Int?
    /// Where masks may lie for a moment.
    let folder: String

    /// - Returns: nil where nothing is held out.
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`.
    func judge(_ model: Model) throws -> Judgement? {
        var counts = data.classes.map { _ in data.classes.map { _ in 0 } }
        var (sum, pixels) = (0.0, 0)
        for scene in data.scenes {
            guard let window = scene.heldOut else { continue }
            var options = SegmentationOptions()
            options.bands = scene.bands.map { .number($0) }
            options.area = .pixels(x: window.x, y: window.y, width: window.width, height: window.height)
            (options.workers, options.memory, options.checksFeed) = (workers, memory, false)
            (options.resolution, options.overwrites) = (.native, true)
            let job = try SegmentationJob(
                scene: scene.reader, model: model, options: options, kinds: [.probabilities])
            let paths = [FileName.joined(folder, "judged.tif"), FileName.joined(folder, "judged-p.tif")]
            defer { for path in paths { for suffix in ["", ".aux.xml"] { FileCall.unlink(path + suffix) } } }
            try job.run([.mask: paths[0], .probabilities: paths[1]])
            let (mask, probabilities) = (try RasterReader(path: paths[0]), try RasterReader(path: paths[1]))
            let found = try mask.samples(of: 1)
            let bands = try probabilities.bands.map { try probabilities.samples(of: $0.number) }
            for row in 0..<window.height {
                for column in 0..<window.width {
                    let label = Int(scene.labels[(window.y + row) * scene.size.width + window.x + column])
                    let place = row * window.width + column
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
    /// All samples of a band, row by row; NaN where there is no data.
    fileprivate func samples(of band: Int) throws(RasterError) -> [Float] {
        var samples = [Float](repeating: 0, count: size.area)
        var validity = [UInt8](repeating: 0, count: size.area)
        try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
            try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                try read(PixelWindow(size), bands: [band], into: samples, validity: validity)
            }
        }
        return samples
    }
}
