import FileIO
import Foundation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@testable import RasterIO

/// Pipes and devices are not opened, under whatever name they come: opening a pipe waits for its writer, without an end.
@Suite(.timeLimit(.minutes(1)))
struct SpecialFilesTests {
    private let folder: TemporaryFolder
    private let pipe: String

    init() throws {
        folder = try TemporaryFolder()
        pipe = folder.path("pipe.tif")
        #expect(mkfifo(pipe, 0o600) == 0)
        try SyntheticScene.write(folder.path("scene.tif"), width: 20, height: 10)
    }

    static func mosaic(_ source: String, isRelative: Bool = false, element: String = "SourceFilename") -> String {
        """
        <VRTDataset rasterXSize="20" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
        <\(element) relativeToVRT="\(isRelative ? 1 : 0)">\(source)</\(element)><SourceBand>1</SourceBand>
        </SimpleSource></VRTRasterBand></VRTDataset>
        """
    }

    private func write(_ text: String, _ name: String) throws -> String {
        try folder.write(Array(text.utf8), to: name)
    }

    private func expectRefusal(_ path: String, kind: RasterSource.Kind = .raster, names place: String) {
        let error = #expect(throws: RasterError.self) {
            switch kind {
            case .raster: _ = try RasterReader(path: path)
            case .vector: _ = try RasterSource(path: path, kind: .vector).open()
            }
        }
        #expect(error?.code == .notAFile, "\(error?.message ?? "")")
        #expect(error?.message.contains(place) == true && error?.message.contains(path) == true)
    }

    @Test("a pipe, a device, and a link to one")
    func scene() throws {
        expectRefusal(pipe, names: pipe)
        expectRefusal(pipe, kind: .vector, names: pipe)
        expectRefusal("/dev/zero", names: "/dev/zero")
        symlink(pipe, folder.path("link.tif"))
        expectRefusal(folder.path("link.tif"), names: "link.tif")
        expectRefusal("GTIFF_DIR:1:\(pipe)", names: pipe)
        expectRefusal("NETCDF:\"\(pipe)\":red", names: pipe)
        expectRefusal("/vsigzip/\(pipe)", names: pipe)
    }

    @Test("one that a mosaic names, in its own folder or not, or through another mosaic")
    func mosaic() throws {
        expectRefusal(try write(Self.mosaic(pipe), "absolute.vrt"), names: pipe)
        let relative = try write(Self.mosaic("pipe.tif", isRelative: true), "relative.vrt")
        expectRefusal(relative, names: pipe)
        expectRefusal(try write(Self.mosaic(relative), "outer.vrt"), names: pipe)
        // The name of the file and case of the element are free, and a text may be written in other ways.
        expectRefusal(try write(Self.mosaic(pipe, element: "sourcefilename"), "mosaic.tif"), names: pipe)
        expectRefusal(try write(Self.mosaic("<![CDATA[\(pipe)]]>"), "data.vrt"), names: pipe)
        expectRefusal(try write(Self.mosaic(pipe.replacing("pipe", with: "&#112;ipe")), "entity.vrt"), names: pipe)
        let layer =
            "<OGRVRTDataSource><OGRVRTLayer name=\"pipe\"><SrcDataSource>\(pipe)</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        expectRefusal(try write(layer, "zones.vrt"), kind: .vector, names: pipe)
        // Mosaics that name each other come to an end.
        _ = try write(Self.mosaic(folder.path("b.vrt")), "a.vrt")
        _ = try write(Self.mosaic(folder.path("a.vrt")), "b.vrt")
        #expect(throws: RasterError.self) {
            let reader = try RasterReader(path: folder.path("a.vrt"))
            _ = try reader.wholeBand()
        }
        #expect(try RasterReader(path: write(Self.mosaic(folder.path("scene.tif")), "good.vrt")).bands.count == 1)
    }

    @Test(
        "one that lies beside a scene", arguments: ["scene.tif.aux.xml", "scene.tif.ovr", "scene.tif.msk", "scene.tfw"])
    func sidecar(_ name: String) throws {
        unlink(folder.path(name))
        #expect(mkfifo(folder.path(name), 0o600) == 0)
        expectRefusal(folder.path("scene.tif"), names: name)
    }
}

/// What a scene that is found in a folder may reach: local files in the formats that their names promise.
struct RasterAccessTests {
    private let folder: TemporaryFolder
    private let scene: String

    init() throws {
        folder = try TemporaryFolder()
        scene = folder.path("scene.tif")
        try SyntheticScene.write(scene, width: 20, height: 10)
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: true)
        _ = try folder.write([UInt8](repeating: 65, count: 200), to: "secret.txt")
    }

    private func write(_ text: String, _ name: String) throws -> String {
        try folder.write(Array(text.utf8), to: "in/" + name)
    }

    private func raw(_ source: String) -> String {
        """
        <VRTDataset rasterXSize="20" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">
        <SourceFilename relativeToVRT="0">\(source)</SourceFilename><ImageOffset>0</ImageOffset>
        <PixelOffset>1</PixelOffset><LineOffset>20</LineOffset></VRTRasterBand></VRTDataset>
        """
    }

    private static let server = """
        <GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl></Service>
        <DataWindow><UpperLeftX>0</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1</LowerRightX>
        <LowerRightY>0</LowerRightY><TileLevel>1</TileLevel></DataWindow><BandsCount>1</BandsCount></GDAL_WMS>
        """

    private func code(_ path: String, _ access: RasterAccess = .files()) -> RasterError.Code? {
        do throws(RasterError) {
            _ = try RasterReader(path: path, access: access)
            return nil
        } catch {
            #expect(error.code != .notAllowed || error.message.contains("--allow-drivers"), "\(error.message)")
            return error.code
        }
    }

    @Test("files in the format of their name, and mosaics of such files")
    func allowed() throws {
        #expect(code(scene) == nil)
        #expect(code(try write(SpecialFilesTests.mosaic(scene), "mosaic.vrt")) == nil)
        #expect(code(try write(SpecialFilesTests.mosaic("../scene.tif", isRelative: true), "relative.vrt")) == nil)
        // A raster of another format is no danger where the ending is nobody's.
        #expect(code(try folder.copy(scene, as: "scene.data")) == nil)
        #expect(code(try folder.copy(scene, as: "scene.TIFF")) == nil)
        // Samples beside the mosaic are its own.
        _ = try folder.write([UInt8](repeating: 7, count: 200), to: "in/own.raw")
        #expect(code(try write(raw(folder.path("in/own.raw")), "raw.vrt")) == nil)
    }

    @Test("a document under a raster's name, and a mosaic that reaches further")
    func refused() throws {
        let mosaic = SpecialFilesTests.mosaic
        let named = try write(mosaic(scene, false, "SourceFilename"), "named.tif")
        #expect(code(named) == .notAllowed)
        #expect(code(try write(Self.server, "server.tif")) == .notAllowed)
        #expect(code(try write(Self.server, "server.vrt")) == .notAllowed)
        #expect(code(try write(raw(folder.path("secret.txt")), "raw.tif")) == .notAllowed)
        #expect(code(try write(raw(folder.path("secret.txt")), "raw.vrt")) == .notAllowed)
        // Through a mosaic of an honest name.
        let server = folder.path("in/server.tif")
        for source in [
            named, server, "/vsicurl/http://127.0.0.1:9/a.tif", "/vsis3/bucket/a.tif", "http://127.0.0.1:9/a.tif",
            "WMS:http://127.0.0.1:9/?LAYERS=a", "/vsizip//vsicurl/http://127.0.0.1:9/a.zip/a.tif", "PG:dbname=a",
            "vrt://\(scene)", Self.server.replacing("<", with: "&lt;"),
        ] {
            #expect(code(try write(mosaic(source, false, "SourceFilename"), "far.vrt")) == .notAllowed, "\(source)")
        }
        // Overviews that lie on a server.
        let sidecar =
            "<PAMDataset><Metadata domain=\"OVERVIEWS\"><MDI key=\"OVERVIEW_FILE\">/vsicurl/http://127.0.0.1:9/a</MDI></Metadata></PAMDataset>"
        _ = try folder.write(Array(sidecar.utf8), to: "scene.tif.aux.xml")
        #expect(code(scene) == .notAllowed)
        #expect(code(scene, .anything) == nil)
    }

    @Test("what is asked for is opened")
    func asked() throws {
        let named = try write(SpecialFilesTests.mosaic(scene), "named.tif")
        #expect(code(named, .files(allowing: ["vrt"])) == nil)
        #expect(code(named, .files(allowing: ["all"])) == nil)
        #expect(code(named, .anything) == nil)
        #expect(code(named, .files(allowing: ["WMS"])) == .notAllowed)
        #expect(RasterAccess.files(allowing: ["wms", "VRT"]).unknownDrivers.isEmpty)
        #expect(RasterAccess.files(allowing: ["vrrt"]).unknownDrivers == ["vrrt"])
        // Another thread's reader reaches no further.
        let reader = try RasterReader(path: scene, access: .files())
        unlink(scene)
        rename(named, scene)
        #expect(throws: RasterError.self) { try reader.reopened() }
    }

    @Test("a shared file that was taken for a scene", .enabled(if: SharedData.isPresent, "needs shared data"))
    func shared() throws {
        let path = SharedData.root.appendingPathComponent("field/hostile/vrt_named_tif.tif").path
        #expect(code(path) == .notAllowed)
    }
}
