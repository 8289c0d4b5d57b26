import RasterIO
import TileGeometry

extension Picture {
    /// Paints a rectangle; what lies outside the picture is left out.
    mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: LegendEntry.Color) {
        for row in max(0, y)..<max(max(0, y), min(size.height, y + height)) {
            for column in max(0, x)..<max(max(0, x), min(size.width, x + width)) { self[column, row] = color }
        }
    }

    /// Puts a picture onto this one, which shows through where the other does.
    ///
    /// - Precondition: it lies inside.
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

    /// This colour seen before another (Porter and Duff's "over", colours not premultiplied), `opacity` of it.
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
