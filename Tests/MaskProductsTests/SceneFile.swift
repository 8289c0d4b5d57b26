import RasterIO
import TileGeometry

/// Small scenes and masks on any grid, made by a formula.
enum SceneFile {
    /// Pixels of 10 m in UTM zone 33.
    static func reference(_ coefficients: [Double] = [500_000, 10, 0, 5_000_000, 0, -10], crs: String? = "EPSG:32633")
        throws -> SpatialReference
    {
        SpatialReference(
            crs: try crs.map { try CoordinateReferenceSystem($0) }, geoTransform: GeoTransform(coefficients))
    }

    /// - Parameter value: by band (from 0), column and row.
    static func write<Sample: RasterSample>(
        _ path: String, _ size: PixelSize, bands: Int = 1, reference: SpatialReference, nodata: Double? = nil,
        legend: [LegendEntry] = [], value: (Int, Int, Int) -> Sample
    ) throws {
        var options = RasterWriter.Options(size: size, bandCount: bands, sampleType: Sample.sampleType)
        options.spatialReference = reference
        options.nodata = nodata
        options.legend = legend
        options.blockSize = PixelSize(width: 64, height: 64)
        let writer = try RasterWriter(path: path, options: options)
        for band in 0..<bands {
            var samples: [Sample] = []
            for y in 0..<size.height { for x in 0..<size.width { samples.append(value(band, x, y)) } }
            try samples.withUnsafeBufferPointer {
                try writer.write(PixelWindow(size), band: band + 1, samples: $0)
            }
        }
        try writer.commit()
    }

    static let red = LegendEntry.Color(red: 200, green: 0, blue: 0)
    static let blue = LegendEntry.Color(red: 0, green: 0, blue: 200)
    static let legend = [
        LegendEntry(value: 0, name: "land", color: red), LegendEntry(value: 1, name: "water", color: blue),
    ]
}
