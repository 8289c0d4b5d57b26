import RasterIO
import TileGeometry
import Training

extension RasterReader {
    /// Labels of this scene without those of pixels that have no data in any of the bands: of these, nothing can be learned,
    /// and by these, nothing is judged.
    ///
    /// - Parameters:
    ///   - labels: the class of each pixel, row by row.
    ///   - bands: those that the network takes, counted from 1.
    /// - Returns: the same with `Loss.unlabelled` where there is no data.
    /// - Throws: `RasterError`.
    func withoutLabelsBesideData(_ labels: [UInt8], bands: [Int]) throws(RasterError) -> [UInt8] {
        var labels = labels
        let rows = max(1, min(size.height, (1 << 20) / size.width))
        var samples = [Float](repeating: 0, count: bands.count * rows * size.width)
        var validity = [UInt8](repeating: 0, count: rows * size.width)
        for y in stride(from: 0, to: size.height, by: rows) {
            let window = PixelWindow(x: 0, y: y, width: size.width, height: min(rows, size.height - y))
            try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
                try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                    try read(window, bands: bands, into: samples, validity: validity)
                }
            }
            for place in 0..<window.size.area where validity[place] == 0 {
                labels[y * size.width + place] = Loss.unlabelled
            }
        }
        return labels
    }
}
