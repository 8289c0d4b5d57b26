package import TileGeometry

/// An image for people to look at: red, green, blue and opacity, 8 bits each.
package struct Picture: Equatable, Sendable {
    /// The size in pixels.
    package let size: PixelSize
    /// The pixels, height x width x (red, green, blue, alpha), each 0 to 255.
    package private(set) var bytes: [UInt8]

    /// Makes a picture of one colour; transparent by default.
    package init(size: PixelSize, color: LegendEntry.Color = LegendEntry.Color(red: 0, green: 0, blue: 0, alpha: 0)) {
        self.size = size
        let pixel = [color.red, color.green, color.blue, color.alpha]
        bytes = [UInt8](unsafeUninitializedCapacity: 4 * size.area) { buffer, count in
            for index in 0..<4 * size.area { buffer[index] = pixel[index & 3] }
            count = 4 * size.area
        }
    }

    /// The pixel in row `y`, column `x`.
    package subscript(x: Int, y: Int) -> LegendEntry.Color {
        get {
            let place = 4 * (y * size.width + x)
            return LegendEntry.Color(
                red: bytes[place], green: bytes[place + 1], blue: bytes[place + 2], alpha: bytes[place + 3])
        }
        set {
            let place = 4 * (y * size.width + x)
            bytes[place] = newValue.red
            bytes[place + 1] = newValue.green
            bytes[place + 2] = newValue.blue
            bytes[place + 3] = newValue.alpha
        }
    }

    /// True if no pixel lets anything through.
    package var isOpaque: Bool { stride(from: 3, to: bytes.count, by: 4).allSatisfy { bytes[$0] == 255 } }

    /// Returns the picture as it looks on a ground of one colour.
    package func flattened(on ground: LegendEntry.Color) -> Picture {
        var result = self
        let ground = [ground.red, ground.green, ground.blue]
        for place in stride(from: 0, to: bytes.count, by: 4) where bytes[place + 3] < 255 {
            let alpha = Int(bytes[place + 3])
            for channel in 0..<3 {
                let mixed = Int(bytes[place + channel]) * alpha + Int(ground[channel]) * (255 - alpha)
                result.bytes[place + channel] = UInt8((mixed + 127) / 255)
            }
            result.bytes[place + 3] = 255
        }
        return result
    }
}
