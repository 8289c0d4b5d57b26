import ArgumentParser
import Foundation
import Overtile

struct PolygonizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "polygonize",
        abstract: "Turn a mask into polygons with areas, for any GIS program.",
        discussion: """
            Each connected region of a class becomes a polygon with its holes; pixels without data become none. A \
            polygon has the number and the name of its class and its area on the ground in square metres and hectares, \
            whatever the coordinate system. With --confidence it also has its mean confidence. Neighbours share their \
            border to the last vertex.

            The output is a GeoPackage (.gpkg), FlatGeobuf (.fgb), Shapefile (.shp) or Parquet file in the mask's coordinate \
            system, or GeoJSON (.geojson) in WGS 84.

            Examples:
              overtile polygonize mask.tif --output water.gpkg --classes-only water
              overtile polygonize mask.tif -o fields.gpkg --min-area 1000 --simplify 1
              overtile polygonize mask.tif -o fields.geojson --confidence confidence.tif
            """)

    @Argument(help: "The mask: one band of classes, as overtile segment writes it.", completion: .masks)
    var mask: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            The new file, whose ending chooses the format.
            """, valueName: "path"), completion: .layers)
    var output: String

    @Option(
        help: ArgumentHelp(
            """
            The confidence of each pixel: a raster of bytes with a scale, as overtile segment --confidence writes it.
            """,
            valueName: "path"), completion: .masks)
    var confidence: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    @Flag(inversion: .prefixedNo, help: "Put a QGIS style into a GeoPackage, in the table layer_styles.")
    var style = true

    @OptionGroup(title: "Polygons") var polygons: PolygonOptionGroup
    @OptionGroup(title: "Messages") var messages: MessageOptions
    @OptionGroup(title: "Messages") var progress: ProgressOptions

    func run() throws {
        let cancellation = Signals.cancellationOnSignal()
        messages.showRasterWarnings(about: mask)
        var options = polygons.options(overwrite: overwrite)
        options.hasStyle = style
        try OutputPaths.require(output, isNoneOf: [mask] + (confidence.map { [$0] } ?? []))
        try PolygonOutput.check(path: output, options: options)
        let reader = try RasterReader(path: mask)
        // Two rows of blocks are as much cache as a pass from top to bottom can use.
        RasterCache.limit(bytes: max(32 << 20, 2 * reader.size.width * reader.bands[0].blockSize.height))
        let polygons = try PolygonOutput(
            mask: reader, confidence: try confidence.map { try RasterReader(path: $0) }, options: options, path: output)
        let bar = progress.display(URL(fileURLWithPath: mask).lastPathComponent, pixels: reader.size.area, messages)
        let count = try withExtendedLifetime(bar) {
            defer { bar?.finish() }
            return try polygons.write { done, total in
                if cancellation.isCancelled { throw CancellationError() }
                bar?.update(done: done, of: total)
            }
        }
        try polygons.commit()
        if messages.verbose || (Console.isTerminal && !messages.quiet) {
            Console.note("\(output): \(Text.counted(count, "polygon"))")
        }
    }
}
