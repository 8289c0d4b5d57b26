import ArgumentParser
import Overtile

struct PreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Make a picture of a scene with its mask over it, and the legend.",
        discussion: """
            Scenes of any size take seconds: overviews are used where there are any, and a few pixels of many are looked at. \
            Of each band, the darkest and the brightest 2 % become black and white. The picture has the mask's grid; a scene \
            of another grid is laid under it. Pixels without data are transparent, in JPEG white.

            Examples:
              overtile preview scene.tif mask.tif --output preview.png
              overtile preview scene.tif mask.tif -o preview.jpg --bands 4,3,2 --size 3000
              overtile preview scene.tif mask.tif -o preview.webp --classes-only water --outlines
            """)

    @Argument(help: "The scene, a raster of any format that GDAL opens.")
    var scene: String

    @Argument(help: "Its mask, a raster of classes.")
    var mask: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The picture: .png, .jpg or .webp.", valueName: "path"))
    var output: String

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace a picture that exists.")
    var overwrite = false

    @OptionGroup(title: "Display") var display: PreviewDisplayOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        messages.showRasterWarnings(about: scene)
        try Preview.check(path: output, overwrite: overwrite)
        try OutputPaths.require(output, isNoneOf: [scene, mask])
        // Each block is looked at once: more than some rows of them need not be kept.
        RasterCache.limit(bytes: 256 << 20)
        try Preview(scene: scene, mask: mask, options: display.options).write(to: output, overwrite: overwrite)
    }
}
