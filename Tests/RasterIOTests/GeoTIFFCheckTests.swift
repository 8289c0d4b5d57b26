import RasterIO
import TestData
import Testing
import TileGeometry

/// A check finds each defect by itself, and nothing in a good file.
struct GeoTIFFCheckTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func check(_ sketch: SketchedTIFF, as format: RasterFormat? = .cloudOptimized) throws -> GeoTIFFCheck {
        try GeoTIFFCheck(path: folder.write(sketch.bytes(), to: "sketch.tif"), format: format)
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var name: String
        /// What the message says; nil where there is none.
        var error: String?
        var warning: String?
        var change: @Sendable (inout SketchedTIFF) -> Void
        var testDescription: String { name }
    }

    static let defects: [Defect] = [
        Defect(name: "none") { _ in },
        Defect(name: "none, with GDAL's metadata") { $0.metadata = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\n" },
        // Structure.
        Defect(name: "strips", error: "strips and no tiles") { $0.images[0].tile = nil },
        Defect(name: "strips in an overview", error: "overview of 550 x 300 pixels has strips") {
            $0.images[1].tile = nil
        },
        Defect(name: "no overviews", error: "no overviews") {
            $0.images.removeLast(2)
            ($0.directoryOrder, $0.dataOrder) = ([0], [0])
        },
        Defect(name: "too few overviews", warning: "550 x 300 pixels is the smallest") {
            $0.images.removeLast()
            ($0.directoryOrder, $0.dataOrder) = ([0, 1], [1, 0])
        },
        Defect(name: "overviews in the wrong order", error: "is no larger") {
            $0.images.swapAt(1, 2)
        },
        Defect(name: "an overview of a third", warning: "smaller by 3.0") {
            $0.images[1].size = PixelSize(width: 366, height: 200)
            $0.images[2].size = PixelSize(width: 183, height: 100)
        },
        // Places in the file.
        Defect(name: "pixels before directories", error: "lies after pixels") { $0.dataComesFirst = true },
        Defect(name: "a gap after the header", error: "first directory is at byte 108") { $0.gap = 100 },
        Defect(name: "an overview's directory first", error: "lies before that of") { $0.directoryOrder = [1, 0, 2] },
        Defect(name: "directories of overviews mixed up", error: "lies before that of") {
            $0.directoryOrder = [0, 2, 1]
        },
        Defect(name: "the raster's pixels first", error: "the image of 1100 x 600 pixels lie before") {
            $0.dataOrder = [0, 2, 1]
        },
        Defect(name: "pixels of overviews mixed up", error: "the overview of 550 x 300 pixels lie before") {
            $0.dataOrder = [1, 2, 0]
        },
        Defect(name: "tiles backwards", warning: "do not follow each other") { $0.reversesTiles = true },
        Defect(name: "changed afterwards", error: "was changed") {
            $0.metadata = "LAYOUT=IFDS_BEFORE_DATA\nKNOWN_INCOMPATIBLE_EDITION=YES\n"
        },
    ]

    @Test("each defect of structure is found, and only that", arguments: defects)
    func structure(_ defect: Defect) throws {
        var sketch = SketchedTIFF()
        defect.change(&sketch)
        let check = try check(sketch)
        #expect(check.isValid == (defect.error == nil), "\(check.errors)")
        if let error = defect.error { #expect(check.errors.contains { $0.contains(error) }, "\(check.errors)") }
        if let warning = defect.warning {
            #expect(check.warnings.contains { $0.contains(warning) }, "\(check.warnings)")
        } else if defect.error == nil {
            #expect(check.warnings.isEmpty, "\(check.warnings)")
        }
    }

    @Test("a plain GeoTIFF may lie in its file as it likes; what a file is, it says itself")
    func plain() throws {
        var sketch = SketchedTIFF()
        sketch.dataComesFirst = true
        #expect(try check(sketch, as: nil).format == .geoTIFF)
        #expect(try check(sketch, as: nil).isValid)
        sketch.metadata = "LAYOUT=IFDS_BEFORE_DATA\n"
        #expect(try check(sketch, as: nil).format == .cloudOptimized)
        #expect(try !check(sketch, as: nil).isValid)
        #expect(try check(sketch, as: nil).overviews.map(\.width) == [550, 275])
        #expect(try check(sketch, as: nil).blockSize == PixelSize(width: 256, height: 256))
    }

    @Test("a file that was cut, and one that is no GeoTIFF, cannot be checked at all")
    func unreadable() throws {
        let bytes = SketchedTIFF().bytes()
        let cut = try folder.write(Array(bytes.dropLast(1000)), to: "cut.tif")
        let error = #expect(throws: RasterError.self) { _ = try GeoTIFFCheck(path: cut) }
        #expect(error?.code == .truncated)
        let text = try folder.write(
            Array("ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2\n".utf8), to: "a.asc")
        let other = #expect(throws: RasterError.self) { _ = try GeoTIFFCheck(path: text) }
        #expect(other?.code == .unsupported)
    }

    @Test("hostile headers end in an error, a finding or nothing, and in no crash")
    func hostile() throws {
        var sketch = SketchedTIFF()
        sketch.metadata = "LAYOUT=IFDS_BEFORE_DATA\n"
        let bytes = sketch.bytes()
        for place in stride(from: 8, to: 700, by: 3) {
            var broken = bytes
            broken[place] ^= 0xff
            _ = try? GeoTIFFCheck(path: folder.write(broken, to: "broken.tif"))
        }
    }

    /// A mask of 700 x 600 pixels with classes 0 and 1 and what a test wants of it.
    private func mask(
        _ name: String = "mask.tif", value: UInt8 = 1, change: (inout RasterWriter.Options) -> Void = { _ in }
    ) throws -> String {
        var options = RasterWriter.Options(size: PixelSize(width: 700, height: 600), bandCount: 1, sampleType: .uint8)
        options.nodata = 255
        options.format = .cloudOptimized
        options.spatialReference = SyntheticScene.spatialReference
        options.spatialReference.crs = try CoordinateReferenceSystem("EPSG:32633")
        options.legend = [
            LegendEntry(value: 0, name: "land", color: .distinct(0)),
            LegendEntry(value: 1, name: "water", color: .distinct(1)),
        ]
        options.overwrite = true
        change(&options)
        let path = folder.path(name)
        let writer = try RasterWriter(path: path, options: options)
        let pixels = [UInt8](repeating: value, count: options.size.area)
        try pixels.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }

    @Test("what a mask says of itself is looked at")
    func content() throws {
        func expect(_ path: String, error: String? = nil, warning: String? = nil) throws {
            let check = try GeoTIFFCheck(path: path)
            #expect(check.errors.count == (error == nil ? 0 : 1), "\(check.errors)")
            #expect(check.warnings.count == (warning == nil ? 0 : 1), "\(check.warnings)")
            if let error { #expect(check.errors.first?.contains(error) == true, "\(check.errors)") }
            if let warning { #expect(check.warnings.first?.contains(warning) == true, "\(check.warnings)") }
        }
        try expect(mask())
        try expect(mask(value: 3), error: "classes that have no name (3)")
        try expect(mask { $0.nodata = nil }, warning: "which pixels have no data")
        try expect(mask { $0.nodata = 0 }, error: "the nodata value 0 is that of a class")
        try expect(mask { $0.spatialReference = .none }, warning: "where it lies")
        try expect(mask { $0.spatialReference.crs = nil }, warning: "coordinate system")
        try expect(mask { $0.legend[1].name = "land" }, warning: "more than one class")
        try expect(
            mask {
                $0.legend[0].color = nil
                $0.legend[1].color = nil
            }, warning: "no colours")
        // Without its sidecar, and with overviews beside it.
        try expect(folder.copy(mask(), as: "alone.tif"), warning: "not beside it")
        let path = try mask()
        _ = try folder.write([0], to: "mask.tif.msk")
        #expect(try GeoTIFFCheck(path: path).errors.contains { $0.contains("mask.tif.msk") })
    }
}
