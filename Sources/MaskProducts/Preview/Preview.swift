import FileIO
public import RasterIO
import TileGeometry

/// A small picture of a scene with its mask over it, however large the two are.
///
///     try Preview(scene: "scene.tif", mask: "mask.tif").write(to: "preview.png", overwrite: false)
public struct Preview: Sendable {
    /// The scene alone, on the mask's grid; transparent where there is no data.
    package let scene: Picture
    /// The mask alone: classes or their outlines in their colours, and transparent elsewhere.
    package let mask: Picture
    /// The classes that are painted, by ascending value: those with a name, and those that occur in the picture.
    package let legend: [LegendEntry]
    private let options: Options
    private let metresPerPixel: Double?

    /// Reads the scene and the mask, from their overviews if they have any.
    ///
    /// - Parameters:
    ///   - scene: the path of any raster that GDAL opens.
    ///   - mask: the path of a raster of classes. The picture has its grid; a scene on another grid is resampled by the
    ///     georeferences of both.
    /// - Throws: `.badArgument` for options that make no sense, and for bands and classes that do not exist;
    ///   `.unsupported` if the mask is not a raster of classes, or shows another place than the scene; and the errors
    ///   of `RasterReader`.
    public init(scene: String, mask: String, options: Options = .init()) throws(RasterError) {
        guard Options.longSides.contains(options.longSide) else {
            let sizes = Options.longSides
            throw RasterError(
                .badArgument, path: mask,
                "a picture of \(options.longSide) pixels is not made: choose \(sizes.lowerBound) to \(sizes.upperBound)"
            )
        }
        guard (0...1).contains(options.opacity) else {
            throw RasterError(
                .badArgument, path: mask, "an opacity of \(options.opacity) makes no sense: choose 0 to 1")
        }
        let maskReader = try RasterReader(path: mask)
        let sceneReader = try RasterReader(path: scene, access: options.access)
        let classes = ClassLegend(of: maskReader)
        let chosen = options.classes.isEmpty ? nil : try classes.values(of: options.classes)
        func isShown(_ value: Int) -> Bool { chosen?.contains(value) ?? true }

        let layer = try MaskLayer(maskReader, longSide: options.longSide)
        self.scene = try SceneLayer(sceneReader, under: maskReader, size: layer.size, bands: options.bands).picture
        self.mask = layer.painted(isShown, isOutlined: options.isOutlined)
        let values = Set(layer.classesInSight).union(classes.entries.map(\.value)).filter(isShown).sorted()
        legend = values.map {
            LegendEntry(value: $0, name: classes.name(of: $0), color: classes.color(of: $0))
        }
        metresPerPixel = GroundPixelSize(of: maskReader.spatialReference, size: maskReader.size).map {
            $0.width * Double(maskReader.size.width) / Double(layer.size.width)
        }
        self.options = options
    }

    /// The finished picture: the mask over the scene, and the legend below, where the system has a font for it.
    package var picture: Picture {
        let opacity = options.isOutlined ? 1 : options.opacity
        var merged = scene
        for y in 0..<merged.size.height {
            for x in 0..<merged.size.width where mask[x, y].alpha > 0 {
                merged[x, y] = mask[x, y].over(scene[x, y], opacity: opacity)
            }
        }
        // Names need some room, however small the scene is.
        let width = max(merged.size.width, 200)
        let legendStrip = LegendStrip(
            title: options.title,
            entries: legend.map { ($0.name, $0.color ?? .distinct($0.value)) },
            metresPerPixel: metresPerPixel
        )
        // Without a font, `write` refuses.
        guard options.hasLegend, let strip = legendStrip.picture(width: width) else { return merged }
        var page = Picture(size: PixelSize(width: width, height: merged.size.height + strip.size.height))
        page.place(merged, x: (width - merged.size.width) / 2, y: 0)
        page.place(strip, x: 0, y: merged.size.height)
        return page
    }

    /// True if `mask` shows every pixel of every class.
    var showsAllAreas: Bool { !options.isOutlined && options.classes.isEmpty }

    /// Writes the picture as PNG, JPEG or WebP, chosen by the ending of its name. The file appears only when it is
    /// complete.
    ///
    /// - Throws: `.badArgument` for other endings; `.unsupported` for a legend where the system has no font;
    ///   `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    public func write(to path: String, overwrite: Bool) throws(RasterError) {
        let format = try Self.check(path: path, overwrite: overwrite)
        guard !options.hasLegend || LegendFont.isThere else {
            throw RasterError(
                .unsupported, path: path,
                "cannot set the legend of \(path): fontconfig finds no font on this machine; install one, such as Debian's "
                    + "fonts-dejavu-core, or give --no-legend")
        }
        let bytes = try picture.encoded(as: format, quality: 90)
        try RasterError.ofFile { () throws(FileError) in
            try StagedDocument.write(bytes, to: path, overwrite: overwrite)
        }
    }

    /// Checks that a picture can be written under this name, before any work is spent on it, and returns its format.
    ///
    /// - Throws: `.badArgument`, `.outputExists`, `.cannotCreate`.
    @discardableResult
    package static func check(path: String, overwrite: Bool) throws(RasterError) -> PictureFormat {
        guard let format = PictureFormat(path: path) else {
            throw RasterError(
                .badArgument, path: path, "cannot write \(path): pictures end in .png, .jpg, .jpeg or .webp")
        }
        try RasterError.ofFile { () throws(FileError) in
            try StagedDocument.check(path: path, overwrite: overwrite)
        }
        return format
    }
}

extension Preview {
    /// The options of a preview of a scene and its mask.
    public struct Options: Sendable {
        /// The length of the picture's longer side in pixels, without the legend. Smaller masks keep their size.
        public var longSide = 1600
        /// The bands of the scene that are shown: one band, or red, green and blue. By default the bands that the scene
        /// marks as such, else its first three, else its first one.
        public var bands: [Int]?
        /// The opacity of the mask over the scene: 0 shows only the scene, 1 only the mask.
        public var opacity = 0.5
        /// True if the borders of classes are drawn and their areas are not filled.
        public var isOutlined = false
        /// The names or numbers of the classes that are painted; empty for all.
        public var classes: [String] = []
        /// True if a strip below the picture shows the names of the classes and a scale.
        public var hasLegend = true
        /// A title above the legend; empty for none.
        public var title = ""
        /// What opening the scene may reach.
        package var access = RasterAccess.anything

        /// Makes the options of a picture of 1600 pixels with a half transparent mask and a legend.
        public init() {}

        /// The range of `longSide`. Its end is far beyond a screen, and such a picture still fits into memory.
        public static let longSides = 16...8192
    }
}
