@testable import RasterIO
import TestData
import Testing
import TileGeometry

/// The ground under a raster's data, in longitude and latitude, wherever on the globe.
struct FootprintTests {
    private typealias Position = Footprint.Position

    private func around(_ places: [(Double, Double)]) -> Footprint? {
        Footprint(outline: places.map { Position(longitude: $0.0, latitude: $0.1) })
    }

    /// A ring's area in square degrees; positive where it runs counterclockwise.
    private func area(_ ring: [Footprint.Position]) -> Double {
        zip(ring, ring.dropFirst()).reduce(0) {
            $0 + ($1.0.longitude * $1.1.latitude - $1.1.longitude * $1.0.latitude) / 2
        }
    }

    @Test("rings are closed and counterclockwise, whichever way the outline runs")
    func rings() throws {
        let square = [(10.0, 50.0), (10, 51), (12, 51), (12, 50)]
        for outline in [square, square.reversed()] {
            let footprint = try #require(around(outline))
            #expect(footprint.rings.count == 1)
            #expect(footprint.rings[0].count == 5)
            #expect(footprint.rings[0].first == footprint.rings[0].last)
            #expect(area(footprint.rings[0]) == 2)
            #expect(footprint.boundingBox == [10, 50, 12, 51])
        }
        #expect(around([(1, 1), (2, 2)]) == nil)
        #expect(around([(1, 1), (.nan, 2), (3, 1)]) == nil)
    }

    @Test("the antimeridian cuts a ring in two, and the box has its west in the east")
    func antimeridian() throws {
        // Fiji: from 177 E to 178 W; as longitudes jump, and as they go on beyond 180 or -180.
        for west in [177.0, -183] {
            for east in [-178.0, 182] {
                let footprint = try #require(around([(west, -20), (east, -20), (east, -15), (west, -15)]))
                #expect(footprint.rings.count == 2, "\(west) to \(east)")
                #expect(footprint.rings.map(area).sorted() == [10, 15])
                #expect(footprint.boundingBox == [177, -20, -178, -15])
                #expect(footprint.rings.joined().allSatisfy { abs($0.longitude) <= 180 })
            }
        }
    }

    @Test("the whole world is one ring, and so is ground around a pole")
    func world() throws {
        let parallel = stride(from: -180.0, through: 180, by: 20)
        let world = parallel.map { ($0, -90.0) } + parallel.reversed().map { ($0, 90.0) }
        let whole = try #require(around(world))
        #expect(whole.rings.count == 1)
        #expect(whole.boundingBox == [-180, -90, 180, 90])
        for pole in [1.0, -1] {
            for direction in [1.0, -1] {
                let circle = (0..<36).map { index -> (Double, Double) in
                    let longitude = direction * (Double(index) * 10 - 175)
                    return (longitude, pole * 70)
                }
                let cap = try #require(around(circle))
                #expect(cap.rings.count == 1)
                #expect(abs(area(cap.rings[0]) - 360 * 20) < 1)
                #expect(cap.boundingBox == (pole > 0 ? [-180, 70, 180, 90] : [-180, -90, 180, -70]))
            }
        }
    }

    @Test("the hull holds all data and no more than it has to")
    func hull() {
        // A diamond in a grid of 5 x 5 over 50 x 100 pixels.
        let rows: [[UInt8]] = [
            [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [1, 1, 0, 1, 1], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0],
        ]
        let outline = ValidOutline(
            validity: rows.flatMap { $0 }, grid: PixelSize(width: 5, height: 5),
            of: PixelSize(width: 50, height: 100))
        #expect(outline.corners.count == 8)
        #expect(outline.corners.map(\.column).max() == 50)
        #expect(outline.corners.map(\.row).min() == 0)
        #expect(outline.corners.contains { $0.column == 20 && $0.row == 0 })
        #expect(!outline.corners.contains { $0.column == 0 && $0.row == 0 })
        let nothing = ValidOutline(
            validity: [0, 0], grid: PixelSize(width: 2, height: 1), of: PixelSize(width: 9, height: 9))
        #expect(nothing.corners.isEmpty && nothing.points.isEmpty)
    }

    @Test("a scene's footprint lies where the scene does", .needsSharedData)
    func real() throws {
        // UTM, with nodata around the data: smaller than the raster.
        let footprint = try #require(try RasterReader(path: SharedData.geotiff("RGB.byte.tif")).footprint())
        let box = footprint.boundingBox
        #expect(box[0] > -79 && box[2] < -76 && box[1] > 23.5 && box[3] < 26, "\(box)")
        #expect(try RasterReader(path: SharedData.geotiff("cog_gcps.tif")).footprint() != nil)
    }
}
