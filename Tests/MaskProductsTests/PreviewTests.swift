import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry

/// Pixel by pixel: where a preview shows what of a scene and its mask.
@Suite struct PreviewTests {
    private let folder: TemporaryFolder
    private var scene: String { folder.path("scene.tif") }
    private var mask: String { folder.path("mask.tif") }

    init() throws { folder = try TemporaryFolder() }

    /// Land on the left half, water on the right, without data in the last row.
    private func writeMask(_ size: PixelSize, _ reference: SpatialReference) throws {
        try SceneFile.write(mask, size, reference: reference, nodata: 255, legend: SceneFile.legend) { _, x, y in
            y == size.height - 1 ? UInt8(255) : x < size.width / 2 ? 0 : 1
        }
    }

    private func preview(_ change: (inout Preview.Options) -> Void = { _ in }) throws -> Preview {
        var options = Preview.Options()
        options.hasLegend = false
        change(&options)
        return try Preview(scene: scene, mask: mask, options: options)
    }

    @Test("each band is stretched by itself, without the 2 % at either end")
    func stretch() throws {
        // 1000 pixels: 15 of 0, 970 that rise by one, 15 of 6000. Green is ten times as large, blue has only one value.
        let size = PixelSize(width: 100, height: 10)
        try SceneFile.write(scene, size, bands: 3, reference: try SceneFile.reference()) { band, x, y -> UInt16 in
            let place = y * 100 + x
            let value = place < 15 ? 0 : place >= 985 ? 6000 : 1000 + place
            return band == 2 ? 7 : UInt16(band == 1 ? value * 10 : value)
        }
        try writeMask(size, try SceneFile.reference())
        let picture = try preview { $0.opacity = 0 }.picture
        #expect(picture.size == size)
        // Sorted, place 19 is the 2nd percentile, and place 979 the 98th.
        for (x, y, shade) in [(0, 0, 0), (19, 0, 0), (79, 9, 255), (99, 9, 255)] {
            #expect(picture[x, y].red == UInt8(shade), "\(x), \(y)")
        }
        let middle = picture[99, 3]
        #expect(middle.red == UInt8((Double(399 - 19) / Double(979 - 19) * 255).rounded()))
        #expect(middle.green == middle.red)
        #expect(middle.blue == 128, "one value has no shades")
    }

    @Test("the mask lies over the scene as thick as asked for, and pixels without data are transparent")
    func opacity() throws {
        let size = PixelSize(width: 20, height: 10)
        try writeMask(size, try SceneFile.reference())
        // Without data in the first row; otherwise black and white, column by column.
        try SceneFile.write(scene, size, reference: try SceneFile.reference(), nodata: 99) { _, x, y -> Float in
            y == 0 ? 99 : x % 2 == 0 ? -5 : 5
        }
        let half = try preview { $0.opacity = 0.5 }.picture
        #expect(half[2, 5] == LegendEntry.Color(red: 100, green: 0, blue: 0))
        #expect(half[3, 5] == LegendEntry.Color(red: 228, green: 128, blue: 128))
        #expect(half[12, 5] == LegendEntry.Color(red: 0, green: 0, blue: 100))
        #expect(half[3, 9] == LegendEntry.Color(red: 255, green: 255, blue: 255), "no mask: the scene alone")
        #expect(half[3, 0] == LegendEntry.Color(red: 200, green: 0, blue: 0, alpha: 128), "no scene: the mask alone")
        let parts = try preview()
        #expect(parts.scene[3, 0].alpha == 0)
        #expect(parts.mask[3, 9].alpha == 0)
        #expect(parts.mask[3, 8] == SceneFile.red)
        let all = try preview { $0.opacity = 1 }.picture
        #expect(all[3, 5] == SceneFile.red)
    }

    @Test("outlines are the classes' own colours on both sides of a border, and nothing inside")
    func outlines() throws {
        let size = PixelSize(width: 20, height: 10)
        try writeMask(size, try SceneFile.reference())
        try SceneFile.write(scene, size, reference: try SceneFile.reference()) { _, _, _ in UInt8(9) }
        let mask = try preview { $0.isOutlined = true }.mask
        #expect(mask[9, 4] == SceneFile.red)
        #expect(mask[10, 4] == SceneFile.blue)
        #expect(mask[5, 8] == SceneFile.red, "where data end is a border")
        for (x, y) in [(0, 0), (8, 4), (11, 4), (0, 4), (19, 4), (5, 9)] {
            #expect(mask[x, y].alpha == 0, "\(x), \(y)")
        }
    }

    @Test("only the classes that are named are painted, and stand in the legend")
    func classes() throws {
        let size = PixelSize(width: 20, height: 10)
        try writeMask(size, try SceneFile.reference())
        try SceneFile.write(scene, size, reference: try SceneFile.reference()) { _, _, _ in UInt8(9) }
        let water = try preview { $0.classes = ["water"] }
        #expect(water.legend.map(\.name) == ["water"])
        #expect(water.mask[3, 4].alpha == 0)
        #expect(water.mask[13, 4] == SceneFile.blue)
        #expect(throws: RasterError.self) { try preview { $0.classes = ["wood"] } }
    }

    @Test("the legend shows each class's colour beside its name, whatever the name and however many there are")
    func legend() throws {
        let size = PixelSize(width: 20, height: 10)
        try SceneFile.write(scene, size, reference: try SceneFile.reference()) { _, _, _ in UInt8(9) }
        let colors = (0..<70).map { LegendEntry.Color(red: UInt8(3 * $0), green: 250, blue: UInt8(255 - 3 * $0)) }
        func legendOnly(_ names: [String]) throws -> Picture {
            let entries = names.enumerated().map { LegendEntry(value: $0, name: $1, color: colors[$0]) }
            let mask = try TemporaryFolder()
            try SceneFile.write(
                mask.path("mask.tif"), size, reference: try SceneFile.reference(), legend: entries
            ) { _, _, _ in UInt8(0) }
            var options = Preview.Options()
            options.opacity = 0
            let page = try Preview(scene: scene, mask: mask.path("mask.tif"), options: options).picture
            #expect(page.size.width == 200)
            var strip = Picture(size: PixelSize(width: 200, height: page.size.height - 10))
            for y in 0..<strip.size.height { for x in 0..<200 { strip[x, y] = page[x, y + 10] } }
            return strip
        }
        func count(_ picture: Picture, _ isCounted: (LegendEntry.Color) -> Bool) -> Int {
            (0..<picture.size.height).reduce(0) { sum, y in
                sum + (0..<picture.size.width).count { isCounted(picture[$0, y]) }
            }
        }
        func isInk(_ color: LegendEntry.Color) -> Bool { color.red < 110 && color.green < 110 }

        let blank = count(try legendOnly([" ", " "]), isInk)
        let two = try legendOnly(["Wald", "Wälder"])
        for value in 0..<2 { #expect(count(two) { $0 == colors[value] } == 49, "class \(value)") }
        let plain = try legendOnly(["Wald", "Walder"])
        #expect(two != plain, "two dots on the a")
        #expect(count(plain, isInk) > blank + 20)
        // Each script in letters of its own, or in Latin ones: never the sign for a missing letter, which is all alike.
        #expect(try legendOnly(["Ж", "د"]) != legendOnly(["Ω", "ب"]))
        #expect(try legendOnly(["ab", "c"]) == legendOnly(["a\u{202E}b", "c"]), "marks of direction are left out")
        // Hostile names: long, in other scripts, of marks alone, without any letter.
        let odd = try legendOnly([String(repeating: "W", count: 5000), "水", "\u{301}\u{301}", "👩‍👩‍👧", "\u{202E}abc"])
        for value in 0..<5 { #expect(count(odd) { $0 == colors[value] } == 49, "class \(value)") }
        let many = try legendOnly((0..<70).map { "class \($0)" })
        #expect(many.size.height > 4 * two.size.height)
        #expect(count(many) { $0 == colors[59] } == 49)
        #expect(count(many) { $0 == colors[60] } == 0, "only counted")
    }

    /// Grids of a scene that shows a quarter brighter than the rest, in coordinates: east of 500400 and north of 4999900.
    private static let grids: [(name: String, size: PixelSize, coefficients: [Double])] = [
        ("the mask's own", PixelSize(width: 80, height: 40), [500_000, 10, 0, 5_000_000, 0, -10]),
        ("half as large pixels", PixelSize(width: 160, height: 80), [500_000, 5, 0, 5_000_000, 0, -5]),
        ("3.3 times as large pixels", PixelSize(width: 25, height: 13), [500_000, 33, 0, 5_000_000, 0, -33]),
        ("another corner", PixelSize(width: 100, height: 60), [499_850, 10, 0, 5_000_070, 0, -10]),
        ("south up", PixelSize(width: 80, height: 40), [500_000, 10, 0, 4_999_600, 0, 10]),
        ("turned by 30 degrees", PixelSize(width: 200, height: 200), [499_500, 8.66, 5, 5_000_300, 5, -8.66]),
    ]

    @Test("the mask's georeference decides what lies under it", arguments: grids.indices)
    func grid(_ index: Int) throws {
        let grid = Self.grids[index]
        let maskSize = PixelSize(width: 80, height: 40)
        try writeMask(maskSize, try SceneFile.reference())
        let transform = GeoTransform(grid.coefficients)
        try SceneFile.write(scene, grid.size, reference: try SceneFile.reference(grid.coefficients)) {
            _, x, y -> UInt16 in
            let place = transform.coordinates(column: Double(x) + 0.5, row: Double(y) + 0.5)
            return place.x > 500_400 && place.y > 4_999_900 ? 3000 : 100
        }
        let picture = try preview().scene
        #expect(picture.size == maskSize)
        // Away from the quarter's borders, and from the scene's, by the largest pixel.
        for y in stride(from: 1, to: 38, by: 3) {
            for x in stride(from: 1, to: 78, by: 3) where abs(x - 40) > 4 && abs(y - 10) > 4 {
                #expect(picture[x, y].red == (x > 40 && y < 10 ? 255 : 0), "\(x), \(y) of \(grid.name)")
            }
        }
    }

    @Test("a turned scene is shown on its own grid of pixels")
    func rotated() throws {
        let size = PixelSize(width: 30, height: 20)
        let reference = try SceneFile.reference([500_000, 8, 6, 5_000_000, 6, -8])
        try writeMask(size, reference)
        try SceneFile.write(scene, size, reference: reference) { _, x, y in UInt8(x < 10 && y < 5 ? 200 : 10) }
        let picture = try preview().scene
        for y in 0..<20 { for x in 0..<30 { #expect(picture[x, y].red == (x < 10 && y < 5 ? 255 : 0)) } }
    }

    @Test("scene and mask in different systems meet on the ground")
    func systems() throws {
        // A degree of 0.001 is 110 m here: the scene is bright east of 15.01 degrees.
        let size = PixelSize(width: 40, height: 40)
        try writeMask(size, try SceneFile.reference([500_000, 40, 0, 5_000_000, 0, -40]))
        try SceneFile.write(
            scene, PixelSize(width: 400, height: 400),
            reference: try SceneFile.reference([14.99, 0.0001, 0, 45.16, 0, -0.0001], crs: "EPSG:4326")
        ) { _, x, _ in UInt8(x < 200 ? 10 : 200) }
        let picture = try preview().scene
        // 0.01 degrees of longitude are 787 m: 19.7 pixels of the mask.
        #expect(picture[18, 20].red == 0)
        #expect(picture[21, 20].red == 255)
    }

    @Test("large masks are reduced to what most of their pixels are, scenes to the mean of theirs")
    func reduced() throws {
        let size = PixelSize(width: 900, height: 300)
        try SceneFile.write(mask, size, reference: try SceneFile.reference(), nodata: 255, legend: SceneFile.legend) {
            _, x, y -> UInt8 in
            // In the left third of each 3 x 3 pixels the other class; right of column 600 no data in two thirds.
            x >= 600 && x % 3 > 0 ? 255 : (x % 3 == 0) == (x < 300) ? 1 : 0
        }
        try SceneFile.write(scene, size, reference: try SceneFile.reference()) { _, x, _ in
            UInt8(x < 450 ? x % 3 == 0 ? 0 : 60 : 200)
        }
        let small = try preview { $0.longSide = 300 }
        #expect(small.mask.size == PixelSize(width: 300, height: 100))
        #expect(small.mask[50, 50] == SceneFile.red)
        #expect(small.mask[150, 50] == SceneFile.blue)
        #expect(small.mask[250, 50].alpha == 0)
        #expect(small.scene[10, 10].red == 0, "40, the 2nd percentile")
        #expect(small.scene[280, 10].red == 255)
    }

    @Test("the same files make the same picture, byte for byte", arguments: ["png", "jpg", "webp"])
    func sameBytes(_ ending: String) throws {
        let size = PixelSize(width: 120, height: 70)
        try writeMask(size, try SceneFile.reference())
        try SceneFile.write(scene, size, bands: 3, reference: try SceneFile.reference()) { band, x, y in
            UInt8(SyntheticScene.wave(band, x, y))
        }
        var bytes: [[UInt8]] = []
        for name in ["a.\(ending)", "b.\(ending)"] {
            var options = Preview.Options()
            options.title = "Wälder & <Gewässer>, вода"
            try Preview(scene: scene, mask: mask, options: options).write(to: folder.path(name), overwrite: false)
            bytes.append(try folder.bytes(name))
        }
        #expect(bytes[0] == bytes[1])
        let picture = try RasterReader(path: folder.path("a.\(ending)"))
        #expect(picture.driverName == (ending == "jpg" ? "JPEG" : ending.uppercased()))
        #expect(picture.size.width == 200, "room for the legend")
        #expect(picture.size.height > 80)
        #expect(try folder.names.allSatisfy { !$0.contains("overtile") }, "nothing hidden is left")
    }

    @Test("what cannot be shown is refused in a line that says why")
    func refused() throws {
        let size = PixelSize(width: 20, height: 10)
        try writeMask(size, try SceneFile.reference())
        try SceneFile.write(scene, size, bands: 3, reference: try SceneFile.reference()) { _, _, _ in UInt8(9) }
        let far = folder.path("far.tif")
        try SceneFile.write(far, size, reference: try SceneFile.reference([600_000, 10, 0, 5_000_000, 0, -10])) {
            _, _, _ in UInt8(0)
        }
        let cases: [(String, RasterError.Code, String, () throws -> Void)] = [
            ("scene for mask", .unsupported, "name the scene first", { try Self.make(mask, scene) }),
            ("elsewhere", .unsupported, "do not overlap", { try Self.make(scene, far) }),
            ("band", .badArgument, "bands 1 to 3", { try Self.make(scene, mask) { $0.bands = [4] } }),
            ("two bands", .badArgument, "one band or three", { try Self.make(scene, mask) { $0.bands = [1, 2] } }),
            ("size", .badArgument, "16 to 8192", { try Self.make(scene, mask) { $0.longSide = 9000 } }),
            ("opacity", .badArgument, "0 to 1", { try Self.make(scene, mask) { $0.opacity = -1 } }),
            ("missing", .noSuchFile, "check the path", { try Self.make(folder.path("none.tif"), mask) }),
            (
                "ending", .badArgument, ".png, .jpg",
                { try Preview(scene: scene, mask: mask).write(to: folder.path("out.gif"), overwrite: false) }
            ),
        ]
        for (name, code, words, make) in cases {
            let error = #expect(throws: RasterError.self, "\(name)") { try make() }
            #expect(error?.code == code, "\(name)")
            #expect(error?.message.contains(words) == true, "\(name): \(error?.message ?? "")")
        }
    }

    private static func make(_ scene: String, _ mask: String, _ change: (inout Preview.Options) -> Void = { _ in })
        throws
    {
        var options = Preview.Options()
        change(&options)
        _ = try Preview(scene: scene, mask: mask, options: options)
    }
}
