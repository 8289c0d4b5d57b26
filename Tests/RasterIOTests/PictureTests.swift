import FileIO
import RasterIO
import TestData
import Testing
import TileGeometry

/// Pictures as other programs open them.
@Suite struct PictureTests {
    private func gradient(alpha: UInt8) -> Picture {
        var picture = Picture(size: PixelSize(width: 40, height: 30))
        for y in 0..<30 {
            for x in 0..<40 {
                picture[x, y] = .init(red: UInt8(x * 6), green: UInt8(y * 8), blue: 77, alpha: x < 20 ? 255 : alpha)
            }
        }
        return picture
    }

    @Test("a picture comes back as it was", arguments: PictureFormat.allCases, [UInt8(255), 0])
    func back(_ format: PictureFormat, _ alpha: UInt8) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("picture.\(format.rawValue)")
        try StagedDocument.write(
            try gradient(alpha: alpha).encoded(as: format, quality: 95), to: path, overwrite: false)
        let reader = try RasterReader(path: path)
        #expect(reader.size == PixelSize(width: 40, height: 30))
        #expect(reader.bands.count == (alpha == 0 && format.hasAlpha ? 4 : 3))
        let pixels = try Pixels(reader, bands: [1, 2, 3])
        for (x, y) in [(3, 4), (15, 20), (30, 9)] {
            let isClear = x >= 20 && alpha == 0
            let expected = isClear ? [255, 255, 255] : [Float(x * 6), Float(y * 8), 77]
            for band in 0..<3 {
                let value = Array(pixels.band(band))[y * 40 + x]
                if isClear && format.hasAlpha {
                    #expect(value.isNaN)
                } else {
                    #expect(abs(value - expected[band]) <= (format == .png ? 0 : 12), "\(x), \(y), band \(band)")
                }
            }
        }
        #expect(try folder.names == ["picture.\(format.rawValue)"])
    }

    @Test("formats go by the ending of a name")
    func endings() {
        let cases: [(String, PictureFormat?)] = [
            ("a.png", .png), ("a.b/c.JPG", .jpeg), ("a.jpeg", .jpeg), ("x.WebP", .webp), ("a.tif", nil), ("png", nil),
            ("a.png/b", nil), ("", nil), (".png", .png),
        ]
        for (path, format) in cases { #expect(PictureFormat(path: path) == format, "\(path)") }
    }

    @Test("colours mix with white by their opacity")
    func flattened() {
        var picture = Picture(size: PixelSize(width: 3, height: 1))
        picture[0, 0] = .init(red: 10, green: 20, blue: 30)
        picture[1, 0] = .init(red: 0, green: 0, blue: 0, alpha: 51)
        let white = LegendEntry.Color(red: 255, green: 255, blue: 255)
        let flat = picture.flattened(on: white)
        #expect(flat.isOpaque && !picture.isOpaque)
        #expect(flat[0, 0] == picture[0, 0])
        #expect(flat[1, 0] == .init(red: 204, green: 204, blue: 204))
        #expect(flat[2, 0] == white)
    }
}
