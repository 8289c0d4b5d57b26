import Foundation
import RasterIO
import TestData
import Testing
import TileGeometry

/// A file system of 1 MB, in memory, with outputs that do not fit.
@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"), .serialized)
struct FullDiskTests {
    @Test("the disk is full in the middle of writing, or only at the end", arguments: [100_000, 2_000_000, 8_000_000])
    func full(_ bytesWritten: Int) throws {
        let disk = try SmallDisk()
        // 1 MB less what the pixels leave is taken by a neighbour.
        let side = 512
        let blocks = max(1, bytesWritten / (side * side))
        if blocks * side * side < 1 << 20 { try disk.occupy((1 << 20) - 200_000) }
        var options = RasterWriter.Options(
            size: PixelSize(width: side, height: side * blocks), bandCount: 1, sampleType: .uint8)
        options.creationOptions = ["COMPRESS=NONE"]
        let path = disk.folder.path("out.tif")
        let error = #expect(throws: RasterError.self) {
            let writer = try RasterWriter(path: path, options: options)
            let bytes = [UInt8](repeating: 7, count: side * side)
            for block in 0..<blocks {
                try bytes.withUnsafeBufferPointer {
                    try writer.write(
                        PixelWindow(x: 0, y: block * side, width: side, height: side), band: 1, samples: $0)
                }
            }
            try writer.commit()
        }
        #expect(error?.code == .outOfSpace, "\(error?.message ?? "")")
        #expect(error?.message.contains("make room") == true)
        #expect(try disk.folder.names.filter { $0 != "neighbour" }.isEmpty)
    }

    @Test("any amount of free space gives the whole file or an error", arguments: RasterFormat.allCases)
    func everyShortage(_ format: RasterFormat) throws {
        let disk = try SmallDisk()
        var options = RasterWriter.Options(size: PixelSize(width: 256, height: 256), bandCount: 1, sampleType: .uint8)
        options.blockSize = PixelSize(width: 64, height: 64)
        options.creationOptions = ["COMPRESS=NONE"]
        options.format = format
        options.overwrite = true
        options.legend = [LegendEntry(value: 1, name: "water")]
        var outcomes: Set<Bool> = []
        let page = 4096
        // A cloud-optimised file's blocks are never less than 128 pixels wide, and 512 here.
        for freePages in stride(from: 0, through: format == .geoTIFF ? 24 : 80, by: format == .geoTIFF ? 1 : 3) {
            try disk.occupy((1 << 20) - freePages * page)
            let path = disk.folder.path("out.tif")
            do {
                let writer = try RasterWriter(path: path, options: options)
                let bytes = [UInt8](repeating: 1, count: 256 * 256)
                try bytes.withUnsafeBufferPointer {
                    try writer.write(PixelWindow(options.size), band: 1, samples: $0)
                }
                try writer.commit()
                outcomes.insert(true)
                #expect(try Pixels(RasterReader(path: path), bands: [1]).sum(0) == 65536)
                #expect(FileManager.default.contents(atPath: path + ".aux.xml")?.isEmpty == false)
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.removeItem(atPath: path + ".aux.xml")
            } catch let error as RasterError {
                outcomes.insert(false)
                #expect(error.code == .outOfSpace, "\(freePages) pages: \(error.message)")
            }
            let names = try disk.folder.names
            #expect(names == ["neighbour"], "\(freePages) pages")
        }
        #expect(outcomes == [true, false])
    }
}
