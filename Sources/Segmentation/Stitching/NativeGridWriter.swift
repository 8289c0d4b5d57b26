import RasterIO
import TileGeometry

/// Puts tiles that were computed on a resampled grid onto the scene's own: each of the scene's pixels takes what was
/// computed for the pixel under its centre, and has data exactly where the scene has.
///
/// Classes are not interpolated, as there is nothing between water and land; probabilities are not either, so that they
/// are those that the mask follows from. Memory holds one small piece of the outputs, whatever the ratio.
final class NativeGridWriter {
    private static let pieceSide = 256

    private let grid: ResampledGrid
    /// The scene, where one of the grid's pixels may hold some with data and some without; nil where none does.
    private let scene: RasterReader?
    private let bands: [Int]
    private var samples: [Float] = []
    private var validity: [UInt8] = []

    /// - Throws: `RasterError` where the scene has to be opened again, and cannot be.
    init(
        _ scene: RasterReader, grid: ResampledGrid, bands: [Int]
    ) throws(RasterError) {
        self.grid = grid
        self.bands = bands
        let mayHaveHoles =
            scene.marksInvalidPixels || bands.contains { scene.bands[$0 - 1].sampleType.isFloatingPoint }
        self.scene = grid.shrinks && mayHaveHoles ? try scene.reopened() : nil
    }

    /// Writes what a tile says of one of the outputs.
    ///
    /// - Throws: `RasterError`.
    func write(_ slot: TileSlot, to raster: RawRaster) throws {
        let window = grid.rasterWindow(under: slot.tile!.kept)
        guard !window.isEmpty else { return }
        let side = Self.pieceSide
        for row in window.y / side...(window.maxY - 1) / side {
            for column in window.x / side...(window.maxX - 1) / side {
                let piece = PixelWindow(x: column * side, y: row * side, width: side, height: side).intersection(window)
                switch raster.sampleType {
                case .uint8: try write(piece, slot, to: raster, nodata: UInt8.max)
                case .uint16: try write(piece, slot, to: raster, nodata: UInt16.max)
                default: try write(piece, slot, to: raster, nodata: Float.nan)
                }
            }
        }
    }

    /// - Parameter nodata: of all outputs of this type.
    private func write<Sample: RasterSample>(
        _ piece: PixelWindow, _ slot: TileSlot, to raster: RawRaster, nodata: Sample
    ) throws {
        let kept = slot.tile!.kept
        let rows = grid.rows(of: piece.y..<piece.maxY, in: kept.y..<kept.maxY)
        let columns = grid.columns(of: piece.x..<piece.maxX, in: kept.x..<kept.maxX)
        // Places in the tile, row by row.
        let places = rows.flatMap { row in columns.map { (row - kept.y) * kept.width + $0 - kept.x } }
        try readValidity(piece)
        let source = slot.samples(for: raster.kind).bindMemory(to: Sample.self)
        let plane = kept.size.area
        for band in 0..<raster.bandCount {
            var pixels = places.map { source[band * plane + $0] }
            if scene != nil { for index in pixels.indices where validity[index] == 0 { pixels[index] = nodata } }
            try pixels.withUnsafeBufferPointer { try raster.write(piece, band: band + 1, samples: $0) }
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
