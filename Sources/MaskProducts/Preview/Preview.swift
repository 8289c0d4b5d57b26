import FileIO
public import RasterIO
import TileGeometry

/// How a scene and its mask are shown.
public struct PreviewOptions: Sendable {
    /// Pixels of the picture's longer side, without the legend; smaller masks are shown as they are.
    public var longSide = 1600
    /// The scene's bands that are shown: one, or red, green and blue. By default those that the scene itself calls
    /// so, else its first three, else its first.
    public var bands: [Int]?
    /// Of the mask over the scene: 0 shows the scene alone, 1 the mask.
    public var opacity = 0.5
    /// Whether classes are outlined and not filled.
    public var isOutlined = false
    /// Names or numbers of the classes that are painted; all of them by default.
    public var classes: [String] = []
    /// Whether there is a strip with the classes' names and a scale below the picture.
    public var hasLegend = true
    /// A line above the legend; empty for none.
    public var title = ""

    public init() {}

    /// Sizes that a picture may have: far beyond a screen's, and still in memory as a whole.
    public static let longSides = 16...8192
}

/// A scene with its mask over it, as a picture of a few pixels, however large the two are.
public struct Preview: Sendable {
    /// The scene alone, on the mask's grid; transparent without data.
    package let scene: Picture
    /// The mask alone: its classes' colours, or their outlines; transparent elsewhere.
    package let mask: Picture
    /// The classes that are painted, by ascending value, those in sight that have no name included.
    package let legend: [LegendEntry]
    private let options: PreviewOptions
    private let metresPerPixel: Double?

    /// Reads both, through their overviews where they have any.
    ///
    /// - Parameters:
    ///   - scene: the path of any raster that GDAL opens.
    ///   - mask: the path of a raster of classes. Its grid is the picture's; a scene on another grid is laid under it by
    ///     what both say of the ground.
    /// - Throws: `.badArgument` for options that make no sense, and bands and classes that there are not; `.unsupported`
    ///   for a mask that is none, and a scene of another place; as `RasterReader`.
    public init(scene: String, mask: String, options: PreviewOptions = .init()) throws(RasterError) {
        guard PreviewOptions.longSides.contains(options.longSide) else {
            let sizes = PreviewOptions.longSides
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
        let sceneReader = try RasterReader(path: scene)
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

    /// The mask over the scene, above the legend.
    package var picture: Picture {
        let opacity = options.isOutlined ? 1 : options.opacity
        var merged = scene
        for y in 0..<merged.size.height {
            for x in 0..<merged.size.width where mask[x, y].alpha > 0 {
                merged[x, y] = mask[x, y].over(scene[x, y], opacity: opacity)
            }
        }
        guard options.hasLegend else { return merged }
        // Names need some room, however small the scene is.
        let width = max(merged.size.width, 200)
        let strip = LegendStrip(
            title: options.title,
            entries: legend.map { ($0.name, $0.color ?? .distinct($0.value)) },
            metresPerPixel: metresPerPixel
        ).picture(width: width)
        var page = Picture(size: PixelSize(width: width, height: merged.size.height + strip.size.height))
        page.place(merged, x: (width - merged.size.width) / 2, y: 0)
        page.place(strip, x: 0, y: merged.size.height)
        return page
    }

    /// Whether `mask` has every pixel of every class.
    var showsAllAreas: Bool { !options.isOutlined && options.classes.isEmpty }

    /// Writes the picture as PNG, JPEG or WebP, by the ending of its name; the file appears when it is complete.
    ///
    /// - Throws: `.badArgument` for other endings; `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    public func write(to path: String, overwrite: Bool) throws(RasterError) {
        let format = try Self.check(path: path, overwrite: overwrite)
        let bytes = try picture.encoded(as: format, quality: 90)
        try RasterError.ofFile { () throws(FileError) in
            try StagedDocument.write(bytes, to: path, overwrite: overwrite)
        }
    }

    /// Whether a picture could be made under this name, before any work is spent on it.
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
