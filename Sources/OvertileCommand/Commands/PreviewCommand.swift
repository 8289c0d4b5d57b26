import ArgumentParser
import Overtile

struct PreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Make a picture of a scene with its mask over it, and the legend.",
        discussion: """
            Scenes of any size take seconds, because overviews are used if there are any, and otherwise only some of \
            the pixels are read. In each band, the darkest 2 % become black and the brightest 2 % white. The picture \
            has the mask's grid, to which a scene on another grid is resampled. Pixels without data are transparent, \
            or white in JPEG.

            Examples:
              overtile preview scene.tif mask.tif --output preview.png
              overtile preview scene.tif mask.tif -o preview.jpg --bands 4,3,2 --size 3000
              overtile preview scene.tif mask.tif -o preview.webp --classes-only water --outlines
            """)

    @Argument(help: "The scene, a raster of any format that GDAL opens.", completion: .files)
    var scene: String

    @Argument(help: "Its mask, a raster of classes.", completion: .masks)
    var mask: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The picture: .png, .jpg or .webp.", valueName: "path"),
        completion: .file(extensions: ["png", "jpg", "webp"]))
    var output: String

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace a picture that exists.")
    var overwrite = false

    @OptionGroup(title: "Display") var display: PreviewDisplayOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        messages.showRasterWarnings(about: scene)
        try Preview.check(path: output, overwrite: overwrite)
        try OutputPaths.require(output, isNoneOf: [scene, mask])
        // Each block is read once, so a few rows of blocks in the cache are enough.
        RasterCache.limit(bytes: 256 << 20)
        try Preview(scene: scene, mask: mask, options: display.options).write(to: output, overwrite: overwrite)
    }
}
