import RasterIO
import TileGeometry

/// A mask reduced to the size of a picture. Each pixel has the class that most of the mask's pixels under it have.
struct MaskLayer {
    let size: PixelSize
    let legend: ClassLegend
    /// The classes, height x width; -1 without data.
    let values: [Int32]

    /// Reads a mask.
    ///
    /// - Parameter longSide: the length of the picture's longer side, in pixels.
    /// - Throws: `.unsupported` if the raster does not hold classes; `.readFailed`.
    init(_ mask: RasterReader, longSide: Int) throws(RasterError) {
        let bands = mask.bands.filter { !$0.isAlpha }
        guard bands.count == 1, let band = bands.first, !band.sampleType.isFloatingPoint else {
            throw RasterError(
                .unsupported, path: mask.path,
                "\(mask.path) is no mask of classes: it has "
                    + (bands.count == 1 ? "\(bands[0].sampleType) samples" : "\(bands.count) bands")
                    + "; name the scene first, and then the mask")
        }
        size = Self.reduced(mask.size, to: longSide)
        legend = ClassLegend(of: mask)
        var samples = [Float](repeating: .nan, count: size.area)
        var validity = [UInt8](repeating: 0, count: size.area)
        try mask.read(
            PixelWindow(mask.size), to: size, bands: [band.number], by: .mode, into: &samples, validity: &validity)
        values = samples.map { value in value >= 0 && value <= 65535 ? Int32(value) : -1 }
    }

    /// Returns a size of the same proportions whose longer side is at most `longSide`.
    static func reduced(_ size: PixelSize, to longSide: Int) -> PixelSize {
        let factor = min(1, Double(longSide) / Double(max(size.width, size.height)))
        return PixelSize(
            width: max(1, Int((Double(size.width) * factor).rounded())),
            height: max(1, Int((Double(size.height) * factor).rounded())))
    }

    /// The classes that occur in the picture, by ascending value.
    var classesInSight: [Int] { Set(values).filter { $0 >= 0 }.map(Int.init).sorted() }

    /// Returns a picture of the classes that are shown. Other classes and pixels without data are transparent.
    func painted(_ isShown: (Int) -> Bool, isOutlined: Bool) -> Picture {
        var colors: [Int32: LegendEntry.Color] = [:]
        for value in classesInSight where isShown(value) {
            var color = legend.color(of: value)
            color.alpha = 255
            colors[Int32(value)] = color
        }
        var picture = Picture(size: size)
        for y in 0..<size.height {
            for x in 0..<size.width {
                let value = values[y * size.width + x]
                guard value >= 0, let color = colors[value], !isOutlined || isBorder(x, y, value) else { continue }
                picture[x, y] = color
            }
        }
        return picture
    }

    /// Returns true if a neighbour in the picture has another class or no data.
    private func isBorder(_ x: Int, _ y: Int, _ value: Int32) -> Bool {
        let place = y * size.width + x
        return (x > 0 && values[place - 1] != value) || (x + 1 < size.width && values[place + 1] != value)
            || (y > 0 && values[place - size.width] != value)
            || (y + 1 < size.height && values[place + size.width] != value)
    }
}

extension RasterReader {
    /// Reads a reduced window into arrays.
    func read(
        _ window: PixelWindow, to size: PixelSize, bands: [Int], by reduction: Reduction, into samples: inout [Float],
        validity: inout [UInt8]
    ) throws(RasterError) {
        try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
            try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                try readReduced(window, to: size, bands: bands, by: reduction, into: samples, validity: validity)
            }
        }
    }
}
