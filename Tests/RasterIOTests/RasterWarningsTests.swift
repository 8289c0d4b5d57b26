import RasterIO
import Synchronization
import TestData
import Testing
import TileGeometry

/// GDAL's warnings reach the receiver, and nothing but the receiver.
struct RasterWarningsTests {
    private final class Box: Sendable {
        let messages = Mutex<[String]>([])
    }

    @Test("a creation option that GDAL ignores, and georeferencing that is lost by the user's wish")
    func warnings() throws {
        let folder = try TemporaryFolder()
        let box = Box()
        RasterWarnings.send(to: { message in box.messages.withLock { $0.append(message) } })
        defer { RasterWarnings.send(to: nil) }
        var options = RasterWriter.Options(size: PixelSize(width: 1, height: 1), bandCount: 1, sampleType: .uint8)
        options.creationOptions = ["PHOTOMETRIC=RGB", "PROFILE=BASELINE"]
        options.spatialReference.groundControlPoints = [GroundControlPoint(column: 0, row: 0, x: 5, y: 6)]
        options.spatialReference.geoTransform = GeoTransform([0, 2, 0, 0, 0, -2])
        let writer = try RasterWriter(path: folder.path("out.tif"), options: options)
        try [UInt8(1)].withUnsafeBufferPointer {
            try writer.write(PixelWindow(options.size), band: 1, samples: $0)
        }
        try writer.commit()
        let messages = box.messages.withLock { $0 }  // those of other tests among them
        #expect(messages.contains { $0.contains("PHOTOMETRIC") })
        #expect(messages.contains { $0.contains(folder.path("out.tif")) && $0.contains("georeferencing") })
        #expect(messages.allSatisfy { !$0.contains("\n") })
    }
}
