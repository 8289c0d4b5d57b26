import Foundation
package import RasterIO
package import TileGeometry

/// Scene, truth and mask of one block of a training's report, side by side.
package struct BlockPictures: Sendable {
    private let (scene, truth, mask): (String, String, String)
    private let size: PixelSize

    /// Draws the pictures.
    ///
    /// - Parameters:
    ///   - bands: one band, or red, green and blue, row by row; NaN where there is no data.
    ///   - range: for each of these, the values that are black and white.
    ///   - truth: the class of each pixel; a number that is no class where nobody said one.
    ///   - mask: the class that the network says; a number that is no class where there is no data.
    ///   - classes: the classes with their colours, by their numbers.
    /// - Throws: `RasterError` where GDAL cannot make the pictures.
    package init(
        size: PixelSize, bands: [[Float]], range: [ClosedRange<Double>], truth: [UInt8], mask: [UInt8],
        classes: [LegendEntry]
    ) throws(RasterError) {
        self.size = size
        var picture = Picture(size: size)
        for y in 0..<size.height {
            for x in 0..<size.width {
                let place = y * size.width + x
                guard bands.allSatisfy({ !$0[place].isNaN }) else { continue }
                let shades = zip(bands, range).map { band, range in
                    let share = (Double(band[place]) - range.lowerBound) / (range.upperBound - range.lowerBound)
                    return UInt8((min(max(share.isFinite ? share : 0.5, 0), 1) * 255).rounded())
                }
                picture[x, y] = LegendEntry.Color(
                    red: shades[0], green: shades[shades.count > 2 ? 1 : 0], blue: shades[shades.count > 2 ? 2 : 0])
            }
        }
        scene = try Self.address(picture)
        self.truth = try Self.address(Self.painted(truth, size, classes))
        self.mask = try Self.address(Self.painted(mask, size, classes))
    }

    private static func painted(_ values: [UInt8], _ size: PixelSize, _ classes: [LegendEntry]) -> Picture {
        let colors = classes.map { $0.color ?? .distinct($0.value) }
        var picture = Picture(size: size)
        for y in 0..<size.height {
            for x in 0..<size.width {
                let value = Int(values[y * size.width + x])
                if value < colors.count { picture[x, y] = colors[value] }
            }
        }
        return picture
    }

    private static func address(_ picture: Picture) throws(RasterError) -> String {
        "data:\(PictureFormat.png.mediaType);base64,\(Data(try picture.encoded(as: .png)).base64EncodedString())"
    }

    var html: String {
        let items = [("Scene", scene), ("Truth", truth), ("Mask", mask)].map { name, address in
            "<figure><img src=\"\(address)\" alt=\"\(name)\" width=\"\(size.width)\" height=\"\(size.height)\" "
                + "loading=\"lazy\"><figcaption>\(name)</figcaption></figure>"
        }
        return "<div class=\"triple\">\(items.joined())</div>"
    }
}
