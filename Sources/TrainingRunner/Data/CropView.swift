import Foundation
import TileGeometry
import Training

/// Where the pixels of a turned, mirrored and bent crop lie in its scene.
///
/// The elastic deformation is the paper's: random vectors on a grid of 3 x 3 points over the crop, of a normal distribution,
/// and between these bicubic interpolation (Ronneberger, Fischer and Brox 2015, section 3.1).
struct CropView {
    private let x: Int
    private let y: Int
    private let side: Int
    private let (swaps, flipsRows, flipsColumns): (Bool, Bool, Bool)
    /// The vectors of the grid, row by row; empty without deformation.
    private let vectors: [(x: Double, y: Double)]

    /// Draws a view of a square crop.
    ///
    /// - Parameters:
    ///   - x: the scene's column of the crop's first pixel, as it lies unturned; it may be outside.
    ///   - y: its row.
    init(
        x: Int, y: Int, side: Int, augmentation: CropAugmentation, generator: inout TrainingGenerator
    ) {
        (self.x, self.y, self.side) = (x, y, side)
        // Everything is drawn whatever is used, so that one choice does not change the others.
        let bits = generator.next()
        let turns = augmentation.turns && bits & 1 != 0
        let (rows, columns) = (bits & 2 != 0, bits & 4 != 0)
        if augmentation.flips {
            (swaps, flipsRows, flipsColumns) = (turns, rows, columns)
        } else if augmentation.turns {
            // A quarter turn is a transposition and one flip.
            (swaps, flipsRows, flipsColumns) = (turns, rows, turns ? !rows : rows)
        } else {
            (swaps, flipsRows, flipsColumns) = (false, false, false)
        }
        let drawn = (0..<9).map { _ in (x: generator.normal(), y: generator.normal()) }
        let sigma = augmentation.elastic
        vectors = sigma > 0 ? drawn.map { (sigma * $0.x, sigma * $0.y) } : []
    }

    /// True if pixels fall on pixels.
    var isWhole: Bool { vectors.isEmpty }

    /// The window of the scene that the crop may show, which may reach beyond it.
    var reach: PixelWindow {
        let farthest = vectors.map { max(abs($0.x), abs($0.y)) }.max() ?? 0
        // Cubic interpolation overshoots by an eighth for each axis at most.
        let extra = isWhole ? 0 : Int((1.6 * farthest).rounded(.up)) + 2
        return PixelWindow(x: x - extra, y: y - extra, width: side + 2 * extra, height: side + 2 * extra)
    }

    /// The place in the scene of a crop's pixel.
    func source(_ u: Int, _ v: Int) -> (x: Double, y: Double) {
        var (column, row) = swaps ? (v, u) : (u, v)
        if flipsColumns { column = side - 1 - column }
        if flipsRows { row = side - 1 - row }
        guard !vectors.isEmpty else { return (Double(x + column), Double(y + row)) }
        let vector = vector(Double(column) / Double(max(1, side - 1)) * 2, Double(row) / Double(max(1, side - 1)) * 2)
        return (Double(x + column) + vector.x, Double(y + row) + vector.y)
    }

    /// The displacement at a place of the grid, 0 to 2 on each axis.
    private func vector(_ gx: Double, _ gy: Double) -> (x: Double, y: Double) {
        let (left, top) = (min(1, Int(gx)), min(1, Int(gy)))
        let (wx, wy) = (Self.weights(gx - Double(left)), Self.weights(gy - Double(top)))
        var result = (x: 0.0, y: 0.0)
        for j in 0..<4 {
            for i in 0..<4 {
                let (column, row) = (min(2, max(0, left + i - 1)), min(2, max(0, top + j - 1)))
                let weight = wx[i] * wy[j]
                result.x += weight * vectors[row * 3 + column].x
                result.y += weight * vectors[row * 3 + column].y
            }
        }
        return result
    }

    /// The weights of four neighbours in cubic convolution with a = -0.5 (Keys 1981).
    private static func weights(_ t: Double) -> [Double] {
        let (t2, t3) = (t * t, t * t * t)
        return [
            -0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1, -1.5 * t3 + 2 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2,
        ]
    }
}
