import RasterIO
import TileGeometry

extension Picture {
    /// The picture at fewer pixels, each made of those under it.
    ///
    /// Of opaque and transparent pixels the more frequent kind decides, as where a raster is reduced. The mean of the
    /// opaque ones is for scenes; the most frequent, of equally frequent ones that which comes first, for classes.
    ///
    /// - Precondition: the size is not larger.
    func reduced(to target: PixelSize, by reduction: Reduction) -> Picture {
        guard target != size else { return self }
        precondition(target.width <= size.width && target.height <= size.height)
        var result = Picture(size: target)
        var pixels: [LegendEntry.Color] = []
        for y in 0..<target.height {
            let rows = y * size.height / target.height..<(y + 1) * size.height / target.height
            for x in 0..<target.width {
                pixels.removeAll(keepingCapacity: true)
                for column in x * size.width / target.width..<(x + 1) * size.width / target.width {
                    for row in rows where self[column, row].alpha > 0 { pixels.append(self[column, row]) }
                }
                let columns = (x + 1) * size.width / target.width - x * size.width / target.width
                guard !pixels.isEmpty, 2 * pixels.count >= rows.count * columns else { continue }
                result[x, y] = reduction == .mean ? Self.mean(pixels) : Self.mode(pixels)
            }
        }
        return result
    }

    private static func mean(_ pixels: [LegendEntry.Color]) -> LegendEntry.Color {
        func mean(_ channel: KeyPath<LegendEntry.Color, UInt8>) -> UInt8 {
            UInt8((pixels.reduce(0) { $0 + Int($1[keyPath: channel]) } + pixels.count / 2) / pixels.count)
        }
        return LegendEntry.Color(red: mean(\.red), green: mean(\.green), blue: mean(\.blue))
    }

    private static func mode(_ pixels: [LegendEntry.Color]) -> LegendEntry.Color {
        var (best, votes) = (pixels[0], 0)
        for candidate in pixels {
            let count = pixels.count { $0 == candidate }
            if count > votes { (best, votes) = (candidate, count) }
        }
        return best
    }
}
