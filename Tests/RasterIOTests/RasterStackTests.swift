import CGDAL
import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// Scenes of several files: on each other, on other pixels, and as satellite products.
@Suite struct RasterStackTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A file of one band, at a place and of a pixel size of its own.
    private func file(
        _ name: String, width: Int, height: Int, step: Double = 10, origin: (Double, Double) = (500_000, 5_000_000),
        nodata: Double? = nil, system: String? = "EPSG:32633", _ value: (Int, Int) -> Float
    ) throws -> String {
        var options = RasterWriter.Options(
            size: PixelSize(width: width, height: height), bandCount: 1, sampleType: .float32)
        options.spatialReference.geoTransform = GeoTransform([origin.0, step, 0, origin.1, 0, -step])
        options.spatialReference.crs = try system.map { try CoordinateReferenceSystem($0) }
        options.nodata = nodata
        options.overwrite = true
        let path = folder.path(name)
        let writer = try RasterWriter(path: path, options: options)
        let samples = (0..<width * height).map { value($0 % width, $0 / width) }
        try samples.withUnsafeBufferPointer { try writer.write(PixelWindow(options.size), band: 1, samples: $0) }
        try writer.commit()
        return path
    }

    private func stack(_ paths: String..., resolution: StackResolution = .first) throws -> RasterReader {
        var options = StackOptions()
        options.resolution = resolution
        return try RasterReader(path: paths.joined(separator: ","), stack: options)
    }

    private func isSame(_ first: [Float], _ second: [Float], within tolerance: Float = 0) -> Bool {
        first.count == second.count
            && zip(first, second).allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) <= tolerance }
    }

    @Test("files on one grid are the bands of one raster, in their order, with their names, places and nodata values")
    func oneGrid() throws {
        let red = try file("B04.tif", width: 30, height: 20, nodata: 0) { Float($0 * $1) }
        let green = try file("B03.tif", width: 30, height: 20) { Float($0 + $1) }
        let reader = try stack(red, green)
        #expect(reader.bands.map(\.name) == ["B04", "B03"])
        #expect(reader.bands.map(\.nodata) == [0, nil])
        #expect(try isSame(reader.wholeBand(1), RasterReader.wholeBand(ofFile: red)))
        #expect(try isSame(reader.wholeBand(2), RasterReader.wholeBand(ofFile: green)))
        #expect(try reader.spatialReference == RasterReader(path: red).spatialReference)
        #expect(Set(reader.files).isSuperset(of: [red, green]))
        #expect(try isSame(reader.reopened().wholeBand(2), reader.wholeBand(2)))
        // One file alone is itself, also where its name has a comma.
        let comma = try file("a,b.tif", width: 30, height: 20) { Float($0 - $1) }
        #expect(try isSame(RasterReader.wholeBand(ofFile: comma), RasterReader(path: comma).wholeBand()))
        #expect(try RasterReader(path: comma).bands.count == 1)
    }

    /// The judge is GDAL's own command, which knows nothing of the stack.
    private func translated(_ path: String, width: Int, height: Int, _ method: String) throws -> [Float] {
        let target = folder.path("judge.tif")
        let source = GDALOpen(path, GA_ReadOnly)
        defer { GDALClose(source) }
        let texts: [String] = ["-outsize", "\(width)", "\(height)", "-r", method, "-q"]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        let options = GDALTranslateOptionsNew(&words, nil)
        defer { GDALTranslateOptionsFree(options) }
        GDALClose(GDALTranslate(target, source, options, nil))
        return try RasterReader.wholeBand(ofFile: target)
    }

    @Test("bands of 10, 20 and 60 m on the pixels of the first, the finest, the coarsest, or any other")
    func otherPixels() throws {
        let ten = try file("ten.tif", width: 60, height: 36) { Float(($0 * 7 + $1 * 3) % 50) }
        let twenty = try file("twenty.tif", width: 30, height: 18, step: 20) { Float(($0 * 5 + $1) % 40) }
        let sixty = try file("sixty.tif", width: 10, height: 6, step: 60, nodata: 7) { $0 < 2 ? 7 : Float($0 * $1) }
        let fine = try stack(ten, twenty, sixty)
        #expect(fine.size == PixelSize(width: 60, height: 36))
        #expect(try isSame(fine.wholeBand(1), RasterReader.wholeBand(ofFile: ten)))
        #expect(try isSame(fine.wholeBand(2), translated(twenty, width: 60, height: 36, "bilinear"), within: 1e-4))
        #expect(try isSame(fine.wholeBand(3), translated(sixty, width: 60, height: 36, "bilinear"), within: 1e-4))
        #expect(try fine.wholeBand(3)[0].isNaN)

        let coarse = try stack(ten, twenty, sixty, resolution: .coarsest)
        #expect(coarse.size == PixelSize(width: 10, height: 6))
        #expect(try isSame(coarse.wholeBand(1), translated(ten, width: 10, height: 6, "average"), within: 1e-4))
        #expect(coarse.spatialReference.geoTransform == GeoTransform([500_000, 60, 0, 5_000_000, 0, -60]))
        #expect(try stack(sixty, ten, resolution: .finest).size == PixelSize(width: 60, height: 36))
        #expect(try stack(sixty, ten).size == PixelSize(width: 10, height: 6))
        #expect(try stack(ten, sixty, resolution: .size(20)).size == PixelSize(width: 30, height: 18))

        // What a pixel is does not depend on the window that it is read in.
        let whole = try fine.wholeBand(2)
        for window in [PixelWindow(x: 13, y: 5, width: 9, height: 11), PixelWindow(x: 47, y: 30, width: 13, height: 6)]
        {
            let part = try Pixels(fine, bands: [2], window: window).samples
            for row in 0..<window.height {
                let start = (window.y + row) * 60 + window.x
                let line = Array(part[row * window.width..<(row + 1) * window.width])
                #expect(isSame(line, Array(whole[start..<start + window.width]), within: 1e-4))
            }
        }
    }

    @Test("files that do not lie on each other are refused by name")
    func elsewhere() throws {
        let first = try file("first.tif", width: 30, height: 20) { _, _ in 1 }
        let cases: [(String, String)] = [
            (try file("far.tif", width: 30, height: 20, origin: (600_000, 5_000_000)) { _, _ in 1 }, "different areas"),
            (try file("large.tif", width: 60, height: 20) { _, _ in 1 }, "different areas"),
            (try file("zone.tif", width: 30, height: 20, system: "EPSG:32634") { _, _ in 1 }, "coordinate systems"),
        ]
        for (other, why) in cases {
            let error = #expect(throws: RasterError.self) { try stack(first, other) }
            #expect(error?.code == .unsupported && error?.message.contains(why) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(other) == true)
        }
        let error = #expect(throws: RasterError.self) { try stack(first, folder.path("gone.tif")) }
        #expect(error?.code == .noSuchFile)
        // A truncated band is found before anything is read.
        let half = try folder.copy(first, as: "half.tif", first: 1200)
        #expect(throws: RasterError.self) { try stack(first, half) }
    }

    // MARK: Products

    private func metadata(_ text: String, _ path: String) throws {
        let url = folder.url.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// A level 2A product with bands of three sizes, as JPEG 2000, and an offset of -1000.
    private func safe(_ name: String = "S2A_MSIL2A_20220710T101611_N0400_R065_T33UUP_20220710T162011.SAFE") throws
        -> String
    {
        let driver = try #require(GDALGetDriverByName("JP2OpenJPEG"))
        for (band, metres, side) in [
            ("B04", 10, 60), ("B03", 10, 60), ("B05", 20, 30), ("B04", 20, 30), ("B09", 60, 10),
        ] {
            let inner = "\(name)/GRANULE/L2A_T33UUP/IMG_DATA/R\(metres)m"
            try FileManager.default.createDirectory(atPath: folder.path(inner), withIntermediateDirectories: true)
            let size = Int32(side)
            let memory = GDALCreate(GDALGetDriverByName("MEM"), "", size, size, 1, GDT_UInt16, nil)
            defer { GDALClose(memory) }
            var transform: [Double] = [300_000, Double(metres), 0, 5_600_000, 0, -Double(metres)]
            GDALSetGeoTransform(memory, &transform)
            var samples = (0..<side * side).map { UInt16($0 % side == 0 ? 0 : 1000 + $0 * metres % 900) }
            let code = GDALRasterIO(
                GDALGetRasterBand(memory, 1), GF_Write, 0, 0, size, size, &samples, size, size, GDT_UInt16, 0, 0)
            #expect(code == CE_None)
            let texts: [String] = ["QUALITY=100", "REVERSIBLE=YES"]
            var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
            words.append(nil)
            defer { for word in words { free(word) } }
            let path = folder.path("\(inner)/T33UUP_20220710T101611_\(band)_\(metres)m.jp2")
            GDALClose(GDALCreateCopy(driver, path, memory, 0, &words, nil, nil))
        }
        let offsets = (0..<13).map { "<BOA_ADD_OFFSET band_id=\"\($0)\">-1000</BOA_ADD_OFFSET>" }.joined()
        try metadata(
            "<a><BOA_QUANTIFICATION_VALUE unit=\"none\">10000</BOA_QUANTIFICATION_VALUE>\(offsets)</a>",
            "\(name)/MTD_MSIL2A.xml")
        return folder.path(name)
    }

    @Test(
        "a Sentinel-2 product: bands by name, the finest file of each, 0 for no data, reflectance in the bands' scale",
        .enabled(if: GDALGetDriverByName("JP2OpenJPEG") != nil, "needs GDAL's JPEG 2000 driver"))
    func sentinel() throws {
        let product = try safe()
        var options = StackOptions()
        options.bands = [["B04"], ["b5", "rededge"], ["green"]]
        let reader = try RasterReader(path: product, stack: options)
        #expect(reader.bands.map(\.name) == ["B04", "B05", "B03"])
        #expect(reader.size == PixelSize(width: 60, height: 60))
        #expect(reader.bands.map(\.nodata) == [0, 0, 0])
        #expect(reader.bands.allSatisfy { $0.scale == 0.0001 && $0.offset == -0.1 })
        let samples = try reader.wholeBand(1)
        #expect(samples[0].isNaN && samples[1] == 1010)
        // Pixels without data are not mixed into their neighbours.
        #expect(try reader.wholeBand(2).allSatisfy { $0.isNaN || $0 >= 1000 })
        #expect(reader.files.contains { $0.hasSuffix("MTD_MSIL2A.xml") })

        // Without names: all bands, the finest first; a slash at the end is nothing.
        #expect(try RasterReader(path: product + "/").bands.map(\.name) == ["B03", "B04", "B05", "B09"])
        options.bands = [["B05"], ["B04"]]
        #expect(try RasterReader(path: product, stack: options).size == PixelSize(width: 30, height: 30))
        options.bands = [["B12"]]
        let error = #expect(throws: RasterError.self) { try RasterReader(path: product, stack: options) }
        #expect(error?.message.contains("B03, B04, B05, B09") == true)
    }

    @Test("a Landsat product: scale and offset from its metadata, the level's own")
    func landsat() throws {
        let name = "LC08_L2SP_193024_20220710_20220721_02_T1"
        try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        for band in [4, 3, 10] {
            _ = try file("\(name)/\(name)_SR_B\(band).TIF", width: 20, height: 20, step: 30) { x, y in
                Float(x * band + y)
            }
        }
        _ = try file("\(name)/\(name)_QA_PIXEL.TIF", width: 20, height: 20, step: 30) { _, _ in 1 }
        try metadata(
            """
            REFLECTANCE_MULT_BAND_4 = 2.75e-05
            REFLECTANCE_ADD_BAND_4 = -0.2
            REFLECTANCE_MULT_BAND_4 = 2.0000E-05
            """, "\(name)/\(name)_MTL.txt")
        let reader = try RasterReader(path: folder.path(name))
        #expect(reader.bands.map(\.name) == ["B10", "B3", "B4"])
        #expect(reader.bands[2].scale == 2.75e-05 && reader.bands[2].offset == -0.2 && reader.bands[2].nodata == 0)
        #expect(try reader.wholeBand(3)[21] == 5)
        var options = StackOptions()
        options.bands = [["red"]]
        #expect(try RasterReader(path: folder.path(name), stack: options).bands.map(\.name) == ["B4"])
    }

    @Test("a folder that is no product is refused as before")
    func folders() throws {
        _ = try file("x.tif", width: 20, height: 20) { _, _ in 1 }
        let error = #expect(throws: RasterError.self) { try RasterReader(path: folder.path("")) }
        #expect(error?.code == .notARaster && error?.message.contains("is a folder") == true)
    }
}
