import RasterIO
import TileGeometry

/// Reads a mask from the top in strips of whole rows, of a few million pixels each. A strip is a multiple of the file's
/// blocks in height, unless that is too much.
struct MaskStrips {
    let mask: RasterReader
    /// The number of the one band that is not alpha.
    let band: Int
    /// The number of rows in a strip; the last strip may have fewer.
    let rows: Int

    private static let pixels = 1 << 22

    /// Prepares to read a mask.
    ///
    /// - Throws: `.unsupported` if the raster has more than one band besides alpha.
    init(_ mask: RasterReader) throws(RasterError) {
        let bands = mask.bands.filter { !$0.isAlpha }
        guard bands.count == 1, let band = bands.first else {
            throw RasterError(
                .unsupported, path: mask.path,
                "cannot use \(mask.path): it has \(bands.count) bands, and a mask has one band of classes")
        }
        self.mask = mask
        self.band = band.number
        let most = max(1, Self.pixels / mask.size.width)
        let block = min(max(1, band.blockSize.height), mask.size.height)
        rows = min(most >= block ? most / block * block : most, mask.size.height)
    }

    /// The number of pixels in the largest strip.
    var largest: Int { rows * mask.size.width }

    /// Reads the mask strip by strip.
    ///
    /// - Parameter body: receives each strip and its samples, height x width, NaN where the mask has no data. The
    ///   pointer is valid only during the call.
    /// - Throws: `.readFailed`, and the errors of `body`.
    func forEach(
        _ body: (_ strip: PixelWindow, _ samples: UnsafePointer<Float>) throws(RasterError) -> Void
    ) throws(RasterError) {
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: largest)
        defer { samples.deallocate() }
        let validity = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: largest)
        defer { validity.deallocate() }
        guard let start = samples.baseAddress else { return }
        for y in stride(from: 0, to: mask.size.height, by: rows) {
            let strip = PixelWindow(
                x: 0, y: y, width: mask.size.width, height: min(rows, mask.size.height - y))
            try mask.read(strip, bands: [band], into: samples, validity: validity)
            try body(strip, UnsafePointer(start))
        }
    }
}
