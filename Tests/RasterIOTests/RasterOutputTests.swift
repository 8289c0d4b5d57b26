import Foundation
import TestData
import Testing
import TileGeometry

@testable import RasterIO

/// An output appears under its name when it is complete, and else leaves nothing.
struct RasterOutputTests {
    private static let size = PixelSize(width: 64, height: 64)

    private func options(overwrite: Bool = false, legend: [LegendEntry] = []) -> RasterWriter.Options {
        var options = RasterWriter.Options(size: Self.size, bandCount: 1, sampleType: .uint8)
        options.overwrite = overwrite
        options.legend = legend
        return options
    }

    private func fill(_ writer: RasterWriter, with value: UInt8, rows: Int = 64) throws(RasterError) {
        let window = PixelWindow(x: 0, y: 0, width: 64, height: rows)
        let bytes = [UInt8](repeating: value, count: window.size.area)
        try bytes.withUnsafeBufferPointer { (buffer) throws(RasterError) in
            try writer.write(window, band: 1, samples: buffer)
        }
    }

    private let classes = [LegendEntry(value: 1, name: "water")]

    @Test("hidden until commit, nothing after discard, deinit or an incomplete commit")
    func lifetime() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out.tif")
        var writer: RasterWriter? = try RasterWriter(path: path, options: options(legend: classes))
        let hidden = try folder.names
        #expect(hidden.count == 1)
        #expect(hidden[0].hasPrefix(".out.tif.overtile-\(getpid())-"))
        try writer.map { try fill($0, with: 3) }
        writer?.discard()
        #expect(try folder.names.isEmpty)
        writer?.discard()
        #expect(throws: RasterError.self) { try writer?.commit() }

        writer = try RasterWriter(path: path, options: options(legend: classes))
        writer = nil
        #expect(try folder.names.isEmpty)

        let partial = try RasterWriter(path: path, options: options())
        try fill(partial, with: 3, rows: 63)
        let error = #expect(throws: RasterError.self) { try partial.commit() }
        #expect(error?.code == .badArgument)
        #expect(try folder.names.isEmpty)

        let whole = try RasterWriter(path: path, options: options(legend: classes))
        try fill(whole, with: 3)
        #expect(try !folder.names.contains("out.tif"))
        try whole.commit()
        whole.discard()
        #expect(try folder.names == ["out.tif", "out.tif.aux.xml"])
        #expect(throws: RasterError.self) { try whole.commit() }
    }

    @Test("an existing output is refused, or replaced together with what lay beside it")
    func overwriting() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out.tif")
        let first = try RasterWriter(path: path, options: options(legend: classes))
        try fill(first, with: 1)
        try first.commit()
        let error = #expect(throws: RasterError.self) { _ = try RasterWriter(path: path, options: options()) }
        #expect(error?.code == .outputExists)
        #expect(error?.message.contains("overwrite") == true)

        // Overviews, mask and class names of the old raster would be taken for the new one's.
        for suffix in [".ovr", ".msk"] { _ = try folder.write([1, 2, 3], to: "out.tif" + suffix) }
        let second = try RasterWriter(path: path, options: options(overwrite: true))
        #expect(try Pixels(RasterReader(path: path), bands: [1]).sum(0) == 4096)  // the old one, until the commit
        try fill(second, with: 2)
        try second.commit()
        #expect(try folder.names == ["out.tif"])
        #expect(try Pixels(RasterReader(path: path), bands: [1]).sum(0) == 8192)

        // Discarding leaves the old one alone.
        let third = try RasterWriter(path: path, options: options(overwrite: true))
        try fill(third, with: 3)
        third.discard()
        #expect(try Pixels(RasterReader(path: path), bands: [1]).sum(0) == 8192)
    }

    @Test("another program's file of the same name, made in the meantime, is not replaced")
    func race() throws {
        let folder = try TemporaryFolder()
        let writer = try RasterWriter(path: folder.path("out.tif"), options: options(legend: classes))
        try fill(writer, with: 1)
        _ = try folder.write([42], to: "out.tif")
        let error = #expect(throws: RasterError.self) { try writer.commit() }
        #expect(error?.code == .outputExists)
        #expect(try folder.names == ["out.tif"])
        #expect(try folder.bytes("out.tif") == [42])
    }

    @Test("an orphaned sidecar is not adopted")
    func orphan() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(Array("<PAMDataset/>".utf8), to: "out.tif.aux.xml")
        let error = #expect(throws: RasterError.self) {
            _ = try RasterWriter(path: folder.path("out.tif"), options: options())
        }
        #expect(error?.code == .outputExists)
        #expect(error?.message.contains("out.tif.aux.xml") == true)
    }

    @Test("places where no output can be")
    func places() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write([1], to: "file")
        let cases: [(String, RasterError.Code)] = [
            (folder.path("none/out.tif"), .cannotCreate), (folder.path("file/out.tif"), .cannotCreate),
            (folder.path(""), .cannotCreate), ("", .cannotCreate), ("/vsimem/out.tif", .cannotCreate),
            ("/dev/full", .cannotCreate),
        ]
        for (path, code) in cases {
            let error = #expect(throws: RasterError.self) {
                _ = try RasterWriter(path: path, options: options(overwrite: true))
            }
            #expect(error?.code == code, "\(path): \(error?.message ?? "")")
        }
        #expect(try folder.names == ["file"])
    }

    @Test("a folder that may not be written", .enabled(if: getuid() != 0, "root may write everywhere"))
    func unwritable() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.url.path)
        let error = #expect(throws: RasterError.self) {
            _ = try RasterWriter(path: folder.path("out.tif"), options: options())
        }
        #expect(error?.code == .cannotCreate)
    }

    @Test("options that no file could be made of")
    func contradictions() throws {
        let folder = try TemporaryFolder()
        let changes: [(inout RasterWriter.Options) -> Void] = [
            { $0.size.width = 0 }, { $0.bandCount = 0 }, { $0.sampleType = .int16 }, { $0.blockSize.width = 100 },
            { $0.nodata = 256 }, { $0.nodata = .nan }, { $0.creationOptions = ["ZSTD"] },
            { $0.bandNames = ["a", "b"] },
            { $0.legend = [LegendEntry(value: -1, name: "")] },
            // What GDAL would pass over with a warning, and what would change the numbers of classes.
            { $0.creationOptions = ["NONSENSE=1"] }, { $0.creationOptions = ["COMPRESS=NONSENSE"] },
            {
                $0.legend = [LegendEntry(value: 1, name: "water")]
                $0.creationOptions = ["nbits=1"]
            },
        ]
        for change in changes {
            var options = options()
            change(&options)
            let error = #expect(throws: RasterError.self) {
                _ = try RasterWriter(path: folder.path("out.tif"), options: options)
            }
            #expect(error?.code == .badArgument)
        }
        // What only GDAL knows to be wrong.
        var options = options()
        options.creationOptions = ["BLOCKXSIZE=17"]
        #expect(throws: RasterError.self) { _ = try RasterWriter(path: folder.path("out.tif"), options: options) }
        #expect(try folder.names.isEmpty)
    }

    /// `GDAL_PAM_ENABLED=NO` in the environment: a mask with names of classes failed after all the work.
    @Test(
        "names of classes are written whatever the environment says of sidecars",
        arguments: [RasterFormat.geoTIFF, .cloudOptimized])
    func sidecarsOff(format: RasterFormat) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("mask.tif")
        var options = options(legend: [LegendEntry(value: 1, name: "water")])
        options.format = format
        try GDALLibrary.with("GDAL_PAM_ENABLED", "NO") {
            let writer = try RasterWriter(path: path, options: options)
            let size = writer.options.size
            try [UInt8](repeating: 1, count: size.area).withUnsafeBufferPointer {
                try writer.write(PixelWindow(size), band: 1, samples: $0)
            }
            try writer.commit()
        }
        #expect(try folder.names == ["mask.tif", "mask.tif.aux.xml"])
        #expect(try RasterReader(path: path).legend(ofBand: 1).map(\.name) == ["water"])
    }
}
