import RasterIO
import TileGeometry

extension Picture {
    /// Fills a rectangle, clipped to the picture.
    mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: LegendEntry.Color) {
        for row in max(0, y)..<max(max(0, y), min(size.height, y + height)) {
            for column in max(0, x)..<max(max(0, x), min(size.width, x + width)) { self[column, row] = color }
        }
    }

    /// Draws a picture over this one, which shows through where the other is transparent.
    ///
    /// - Precondition: the other picture lies inside this one.
    mutating func place(_ other: Picture, x: Int, y: Int) {
        for row in 0..<other.size.height {
            for column in 0..<other.size.width {
                self[x + column, y + row] = other[column, row].over(self[x + column, y + row])
            }
        }
    }
}

extension LegendEntry.Color {
    static let white = LegendEntry.Color(red: 255, green: 255, blue: 255)

    /// Returns this colour, times `opacity`, composited over another one (Porter and Duff's "over", colours not
    /// premultiplied).
    func over(_ ground: LegendEntry.Color, opacity: Double = 1) -> LegendEntry.Color {
        let front = Double(alpha) / 255 * opacity
        if front >= 1 { return self }
        let back = Double(ground.alpha) / 255 * (1 - front)
        let sum = front + back
        guard sum > 0 else { return LegendEntry.Color(red: 0, green: 0, blue: 0, alpha: 0) }
        func mixed(_ mine: UInt8, _ its: UInt8) -> UInt8 {
            UInt8(((Double(mine) * front + Double(its) * back) / sum).rounded())
        }
        return LegendEntry.Color(
            red: mixed(red, ground.red), green: mixed(green, ground.green), blue: mixed(blue, ground.blue),
            alpha: UInt8((sum * 255).rounded()))
    }
}

extension Picture {
    /// Returns the picture reduced to fewer pixels, each made of the pixels that it covers.
    ///
    /// A pixel is opaque if at least half of the pixels that it covers are, as when a raster is reduced. `.mean` takes
    /// the mean of the opaque ones and is for scenes. `.mode` takes the most frequent one, or the first of several, and
    /// is for classes.
    ///
    /// - Precondition: the new size is not larger.
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
