import RasterIO
import TileGeometry

/// Puts tiles that were computed on a resampled grid onto the scene's own: each of the scene's pixels takes what was
/// computed for the pixel under its centre, and has data exactly where the scene has.
///
/// Classes are not interpolated, as there is nothing between water and land; probabilities are not either, so that they
/// are those that the mask follows from. Memory holds one small piece of the outputs, whatever the ratio.
final class SceneGridOutput {
    private static let pieceSide = 256

    private let grid: ResampledGrid
    private let output: OutputEncoding
    /// The scene, where one of the grid's pixels may hold some with data and some without; nil where none does.
    private let scene: RasterReader?
    private let bands: [Int]
    private var samples: [Float] = []
    private var validity: [UInt8] = []

    /// - Throws: `RasterError` where the scene has to be opened again, and cannot be.
    init(
        _ scene: RasterReader, grid: ResampledGrid, bands: [Int], output: OutputEncoding
    ) throws(RasterError) {
        self.grid = grid
        self.bands = bands
        self.output = output
        let mayHaveHoles =
            scene.marksInvalidPixels || bands.contains { scene.bands[$0 - 1].sampleType.isFloatingPoint }
        self.scene = grid.shrinks && mayHaveHoles ? try scene.reopened() : nil
    }

    /// - Throws: `RasterError`.
    func write(_ slot: TileSlot, mask: RawRaster, probabilities: RawRaster?) throws {
        let kept = slot.tile!.kept
        let window = grid.rasterWindow(under: kept)
        guard !window.isEmpty else { return }
        let side = Self.pieceSide
        for row in window.y / side...(window.maxY - 1) / side {
            for column in window.x / side...(window.maxX - 1) / side {
                let piece = PixelWindow(x: column * side, y: row * side, width: side, height: side).intersection(window)
                try write(piece, slot, mask: mask, probabilities: probabilities)
            }
        }
    }

    private func write(
        _ piece: PixelWindow, _ slot: TileSlot, mask: RawRaster, probabilities: RawRaster?
    ) throws {
        let kept = slot.tile!.kept
        let rows = grid.rows(of: piece.y..<piece.maxY, in: kept.y..<kept.maxY)
        let columns = grid.columns(of: piece.x..<piece.maxX, in: kept.x..<kept.maxX)
        // Places in the tile, row by row.
        let places = rows.flatMap { row in columns.map { (row - kept.y) * kept.width + $0 - kept.x } }
        try readValidity(piece)
        func write<Sample: RasterSample>(
            _ source: UnsafeMutableBufferPointer<Sample>, _ nodata: Sample, to raster: RawRaster, band: Int
        ) throws {
            var pixels = places.map { source[$0] }
            if scene != nil { for index in pixels.indices where validity[index] == 0 { pixels[index] = nodata } }
            try pixels.withUnsafeBufferPointer { try raster.write(piece, band: band, samples: $0) }
        }
        if output.usesWideMask {
            try write(slot.mask.bindMemory(to: UInt16.self), UInt16(output.nodata), to: mask, band: 1)
        } else {
            try write(slot.mask.bindMemory(to: UInt8.self), UInt8(output.nodata), to: mask, band: 1)
        }
        guard let probabilities else { return }
        let plane = kept.size.area
        for band in 0..<output.probabilityBands {
            let source = UnsafeMutableBufferPointer(rebasing: slot.probabilities[band * plane..<(band + 1) * plane])
            try write(source, .nan, to: probabilities, band: band + 1)
        }
    }

    private func readValidity(_ piece: PixelWindow) throws {
        guard let scene else { return }
        let area = piece.size.area
        if validity.count < area {
            validity = Array(repeating: 0, count: area)
            samples = Array(repeating: 0, count: area * bands.count)
        }
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try scene.read(piece, bands: bands, into: samples, validity: validity)
            }
        }
    }
}
