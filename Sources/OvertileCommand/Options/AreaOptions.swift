import ArgumentParser
import Overtile

/// The part of each scene that is wanted.
struct AreaOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Segment only a box of the scene: west, south, east and north, in the scene's coordinates or those of \
            --bbox-crs. The outputs cover the box on the scene's pixels.
            """, valueName: "W,S,E,N"))
    var bbox: NumberList<Double>?

    @Option(
        help: ArgumentHelp(
            "The coordinate system of --bbox, such as EPSG:4326. By default, the scene's.", valueName: "system"))
    var bboxCrs: String?

    @Option(
        help: ArgumentHelp(
            """
            Segment only what lies in the polygons of a vector file, in any coordinate system. The outputs cover their \
            bounding box, and pixels outside of the polygons are without data.
            """, valueName: "file"), completion: .layers)
    var aoi: String?

    @Option(help: ArgumentHelp("The layer of --aoi, where the file has several.", valueName: "name"))
    var aoiLayer: String?

    mutating func validate() throws {
        if bbox != nil && aoi != nil { throw ValidationError("--bbox and --aoi are two areas: give one of them") }
        if let bbox, bbox.values.count != 4 {
            throw ValidationError("--bbox takes west,south,east,north: four numbers with commas between them")
        }
        if bboxCrs != nil && bbox == nil { throw ValidationError("--bbox-crs says nothing without --bbox") }
        if aoiLayer != nil && aoi == nil { throw ValidationError("--aoi-layer says nothing without --aoi") }
    }

    func apply(to options: inout SegmentationOptions) {
        if let aoi { options.area = .polygons(path: aoi, layer: aoiLayer) }
        guard let corners = bbox?.values else { return }
        options.area = .box(west: corners[0], south: corners[1], east: corners[2], north: corners[3], system: bboxCrs)
    }
}
