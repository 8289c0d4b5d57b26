import RasterIO
import TestData
import Testing

/// Files cut short in every way that an interrupted upload cuts them.
struct TIFFCompletenessTests {
    @Suite(.needsSharedData)
    struct RealFiles {
        static let intact = [
            // Overviews and masks count: 4 tiles and theirs, of 6 overviews each.
            "cogeo.tif", "cog_world.tif", "mosaic_cog1.tif", "cog_gcps.tif", "GA4886_VanderfordGlacier_64m.tif",
            // Strips, planes, JPEG, BigTIFF, big-endian, holes, several images, masks in later directories.
            "RGB.byte.tif", "rgb_mask.tif", "rotated.tif",
            "small/bigtiff_one_block_be_long8.tif", "small/byte_bigtiff_strip5lines.tif",
            "small/rgbsmall_JPEG_ycbcr.tif", "small/rgbsmall_DEFLATE_tiled_separate.tif",
            "small/rgbsmall_NONE_separate.tif", "small/sparse_tiled_contig.tif", "small/twoimages.tif",
            "small/test3_with_mask_8bit.tif", "small/oddsize1bit.tif", "small/int16_big_endian.tif",
            // A drone's photo map, with a thumbnail in old JPEG.
            "dummy_fotomap_small.tif",
        ]

        @Test("intact files", arguments: intact)
        func complete(_ name: String) throws {
            let found = try #require(try TIFFCompleteness.check(path: SharedData.geotiff(name)))
            #expect(found.isComplete)
            #expect(found.totalBlocks > 0)
        }

        @Test("a cut takes the blocks behind it, wherever the overviews and masks are")
        func cuts() throws {
            let folder = try TemporaryFolder()
            let cog = SharedData.geotiff("cog_gcps.tif")  // 1576173 bytes; behind each tile, a trailer of 4
            let short = try folder.copy(cog, as: "trailer.tif", first: 1_576_169)
            #expect(try TIFFCompleteness.check(path: short)?.isComplete == true)
            let shorter = try folder.copy(cog, as: "tile.tif", first: 1_576_168)
            #expect(try TIFFCompleteness.check(path: shorter)?.missingBlocks == 1)

            let scene = SharedData.geotiff("cogeo.tif")  // 298232 bytes, the mask's last tile at the end
            let whole = try #require(try TIFFCompleteness.check(path: scene))
            #expect(whole.totalBlocks == 20)
            // One byte of the last tile, then more and more.
            var missing = 0
            for (length, name) in [(298_231, "byte"), (200_000, "third"), (100_000, "most"), (8000, "pixels")] {
                let path = try folder.copy(scene, as: "\(name).tif", first: length)
                let found = try #require(try TIFFCompleteness.check(path: path))
                #expect(found.totalBlocks == whole.totalBlocks)
                #expect(found.missingBlocks > missing)
                missing = found.missingBlocks
            }
            #expect(missing > whole.totalBlocks / 2)
        }

        @Test("cut between the directories: the first image is whole, what follows it is not")
        func laterDirectory() throws {
            let folder = try TemporaryFolder()
            // The second image's directory and pixels lie behind the first's.
            let path = try folder.copy(SharedData.geotiff("small/twoimages.tif"), as: "two.tif", first: 700)
            let found = try #require(try TIFFCompleteness.check(path: path))
            #expect(!found.isComplete)
            let error = try #require(throws: RasterError.self) { _ = try RasterReader(path: path) }
            #expect(error.code == .truncated)
        }
    }

    @Test("no TIFF, no file: nothing to say")
    func otherFiles() throws {
        let folder = try TemporaryFolder()
        #expect(try TIFFCompleteness.check(path: folder.path("none.tif")) == nil)
        #expect(try TIFFCompleteness.check(path: folder.path("")) == nil)
        #expect(try TIFFCompleteness.check(path: folder.write(Array("II, said the king".utf8), to: "a.tif")) == nil)
        #expect(try TIFFCompleteness.check(path: "/vsimem/a.tif") == nil)
    }

    @Test("blocks of sub-directories count; ones that hang in a circle end")
    func subdirectories() throws {
        let folder = try TemporaryFolder()
        var file = TinyTIFF()
        let inner = file.addDirectory(stripOffset: 8, byteCount: 16)
        file.addFirstDirectory(stripOffset: 8, byteCount: 16, subdirectory: inner)
        let intact = try folder.write(file.bytes, to: "intact.tif")
        #expect(try TIFFCompleteness.check(path: intact)?.totalBlocks == 2)
        #expect(try TIFFCompleteness.check(path: intact)?.isComplete == true)

        file = TinyTIFF()
        let cut = file.addDirectory(stripOffset: 60000, byteCount: 16)
        file.addFirstDirectory(stripOffset: 8, byteCount: 16, subdirectory: cut)
        let found = try TIFFCompleteness.check(path: folder.write(file.bytes, to: "cut.tif"))
        #expect(found?.missingBlocks == 1)

        file = TinyTIFF()
        file.addFirstDirectory(stripOffset: 8, byteCount: 16, subdirectory: 90000)
        let lost = try TIFFCompleteness.check(path: folder.write(file.bytes, to: "lost.tif"))
        #expect(lost?.unreadableDirectories == 1)

        file = TinyTIFF()
        file.addFirstDirectory(stripOffset: 8, byteCount: 16, subdirectory: UInt32(file.bytes.count))
        let circle = try TIFFCompleteness.check(path: folder.write(file.bytes, to: "circle.tif"))
        #expect(circle?.totalBlocks == 1)
        #expect(circle?.isComplete == true)
    }

    @Test("a last strip as long as a full one, uncompressed, is not missing; compressed, it is")
    func longLastStrip() throws {
        let folder = try TemporaryFolder()
        var file = TinyTIFF()
        // 4 x 4 pixels, 16 bytes, at the very end of what there will be; the directory says 64.
        file.addFirstDirectory(stripOffset: 8, byteCount: 400, compression: 1)
        #expect(try TIFFCompleteness.check(path: folder.write(file.bytes, to: "plain.tif"))?.isComplete == true)
        file = TinyTIFF()
        file.addFirstDirectory(stripOffset: 8, byteCount: 400, compression: 8)
        #expect(try TIFFCompleteness.check(path: folder.write(file.bytes, to: "packed.tif"))?.missingBlocks == 1)
    }
}
