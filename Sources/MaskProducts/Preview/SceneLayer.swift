import RasterIO
import TileGeometry

/// Renders a scene as a picture on the grid of a mask, at the size of the mask's picture.
struct SceneLayer {
    let picture: Picture

    /// The samples of the bands that are shown, bands x height x width, NaN without data; and the validity of each
    /// pixel, height x width, 1 where there is data.
    private struct Samples {
        var values: [Float]
        var validity: [UInt8]
        var size: PixelSize

        init(bands: Int, size: PixelSize) {
            values = Array(repeating: .nan, count: bands * size.area)
            validity = Array(repeating: 0, count: size.area)
            self.size = size
        }
    }

    /// Reads and renders a scene.
    ///
    /// - Parameters:
    ///   - mask: the raster whose grid the picture has. A scene on another grid is resampled to it.
    ///   - size: the size of the picture of the whole mask.
    ///   - bands: the bands that are shown, as in `Preview.Options`.
    /// - Throws: `.badArgument` for bands that the scene does not have; `.unsupported` if the scene cannot be laid
    ///   under the mask, or shows another place; `.readFailed`.
    init(_ scene: RasterReader, under mask: RasterReader, size: PixelSize, bands: [Int]?) throws(RasterError) {
        let chosen = try Self.bands(bands, of: scene)
        let palette = chosen.count == 1 ? scene.palette(ofBand: chosen[0]) : nil
        // Palette indices have no meaningful mean.
        let reduction = palette == nil ? Reduction.mean : .mode
        let samples: Samples
        if Self.haveOneGrid(scene, mask) {
            var whole = Samples(bands: chosen.count, size: size)
            try scene.read(
                PixelWindow(scene.size), to: size, bands: chosen, by: reduction, into: &whole.values,
                validity: &whole.validity)
            samples = whole
        } else {
            samples = try Self.laid(scene, under: mask, size, chosen, reduction)
        }
        picture = Self.picture(of: samples, bandCount: chosen.count, palette)
    }

    private static func bands(_ wanted: [Int]?, of scene: RasterReader) throws(RasterError) -> [Int] {
        if let wanted {
            guard wanted.count == 1 || wanted.count == 3 else {
                throw RasterError(
                    .badArgument, path: scene.path,
                    "a picture shows one band or three, not \(wanted.count): choose these")
            }
            for number in wanted where !(1...scene.bands.count).contains(number) {
                throw RasterError(
                    .badArgument, path: scene.path,
                    "\(scene.path) has no band \(number): it has bands 1 to \(scene.bands.count)")
            }
            return wanted
        }
        let named = ["Red", "Green", "Blue"].compactMap { color in
            scene.bands.first { $0.colorInterpretation == color }?.number
        }
        if named.count == 3 { return named }
        let measured = scene.bands.filter { !$0.isAlpha }.map(\.number)
        return measured.count >= 3 ? Array(measured[..<3]) : [measured.first ?? 1]
    }

    /// Returns true if the pixels of both rasters lie on one grid, as far as the files say.
    private static func haveOneGrid(_ scene: RasterReader, _ mask: RasterReader) -> Bool {
        guard scene.size == mask.size else { return false }
        return !mask.spatialReference.hasPlace || !scene.spatialReference.hasPlace
            || scene.spatialReference.isEquivalent(to: mask.spatialReference)
    }

    /// Returns the scene's sample under the centre of each pixel of the picture, from a reduced scene with pixels of
    /// about the same size.
    private static func laid(
        _ scene: RasterReader, under mask: RasterReader, _ size: PixelSize, _ bands: [Int], _ reduction: Reduction
    ) throws(RasterError) -> Samples {
        let grid = try PreviewGrid(of: scene, under: mask, size: size)
        var near = Samples(bands: bands.count, size: grid.reducedSize)
        try scene.read(
            grid.window, to: grid.reducedSize, bands: bands, by: reduction, into: &near.values,
            validity: &near.validity)
        var result = Samples(bands: bands.count, size: size)
        for place in 0..<size.area {
            guard let source = grid.index(at: place), near.validity[source] != 0 else { continue }
            result.validity[place] = 1
            for band in bands.indices {
                result.values[band * size.area + place] = near.values[band * near.size.area + source]
            }
        }
        return result
    }

    private static func picture(of samples: Samples, bandCount: Int, _ palette: [LegendEntry.Color]?) -> Picture {
        let area = samples.size.area
        var picture = Picture(size: samples.size)
        let stretches = (0..<bandCount).map { PercentileStretch(of: samples.values[$0 * area..<($0 + 1) * area]) }
        for y in 0..<samples.size.height {
            for x in 0..<samples.size.width {
                let place = y * samples.size.width + x
                guard samples.validity[place] != 0 else { continue }
                if let palette {
                    let value = samples.values[place]
                    if value >= 0, Int(value) < palette.count { picture[x, y] = palette[Int(value)] }
                    continue
                }
                func shade(_ band: Int) -> UInt8 { stretches[band](samples.values[band * area + place]) }
                let red = shade(0)
                picture[x, y] = LegendEntry.Color(
                    red: red, green: bandCount == 3 ? shade(1) : red, blue: bandCount == 3 ? shade(2) : red)
            }
        }
        return picture
    }
}

extension SpatialReference {
    /// True if this says in any way where a raster lies.
    var hasPlace: Bool {
        geoTransform != nil || !groundControlPoints.isEmpty || !rationalPolynomials.isEmpty
    }
}

/// A contrast stretch from the 2nd to the 98th percentile of a band's samples, so that haze and a few glints do not
/// decide how the rest looks. Each band has its own, as with the "cumulative count cut" of QGIS.
struct PercentileStretch: Equatable {
    /// The samples that become black and white.
    let low: Float
    let high: Float

    /// The most samples from which the percentiles are estimated, evenly spread.
    private static let sampleLimit = 1 << 21

    /// Finds the percentiles of a band.
    ///
    /// - Parameter samples: the samples of the whole picture, NaN without data.
    init(of samples: some RandomAccessCollection<Float>, percent: Double = 2) {
        let step = max(1, (samples.count - 1) / Self.sampleLimit + 1)
        var values: [Float] = []
        values.reserveCapacity(samples.count / step + 1)
        var index = samples.startIndex
        while index < samples.endIndex {
            if samples[index].isFinite { values.append(samples[index]) }
            index = samples.index(index, offsetBy: step, limitedBy: samples.endIndex) ?? samples.endIndex
        }
        values.sort()
        guard let first = values.first, let last = values.last else {
            (low, high) = (0, 1)
            return
        }
        let cut = Int(Double(values.count - 1) * percent / 100)
        let (below, above) = (values[cut], values[values.count - 1 - cut])
        // If nearly all pixels are equal, the few others are what there is to see.
        (low, high) = below < above ? (below, above) : (first, last)
    }

    /// Returns the brightness of a sample, 0 to 255: 128 if all samples are equal, and 0 for NaN.
    func callAsFunction(_ sample: Float) -> UInt8 {
        guard !sample.isNaN else { return 0 }
        // Halved first, so that the difference of the largest numbers is finite.
        let range = high / 2 - low / 2
        guard range > 0 else { return 128 }
        return UInt8((min(max((sample / 2 - low / 2) / range, 0), 1) * 255).rounded())
    }
}
