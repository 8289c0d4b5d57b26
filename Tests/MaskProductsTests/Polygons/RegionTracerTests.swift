import Testing

@testable import MaskProducts

/// Regions of small masks, against what the pixels say.
struct RegionTracerTests {
    struct Picture: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let mask: String
        /// Polygons and holes of the whole mask, for 4- and 8-connected regions.
        let four: (regions: Int, polygons: Int, holes: Int)
        let eight: (regions: Int, polygons: Int, holes: Int)
    }

    static let pictures = [
        Picture(testDescription: "one pixel", mask: "1", four: (1, 1, 0), eight: (1, 1, 0)),
        Picture(testDescription: "nothing", mask: "..\n..", four: (0, 0, 0), eight: (0, 0, 0)),
        Picture(testDescription: "one class", mask: "11\n11", four: (1, 1, 0), eight: (1, 1, 0)),
        Picture(testDescription: "a hole", mask: "111\n1.1\n111", four: (1, 1, 1), eight: (1, 1, 1)),
        Picture(testDescription: "an island", mask: "111\n121\n111", four: (2, 2, 1), eight: (2, 2, 1)),
        Picture(
            testDescription: "an island in an island", mask: "11111\n12221\n12121\n12221\n11111", four: (3, 3, 2),
            eight: (3, 3, 2)),
        Picture(testDescription: "a diagonal", mask: "1.\n.1", four: (2, 2, 0), eight: (1, 2, 0)),
        Picture(testDescription: "crossing diagonals", mask: "12\n21", four: (4, 4, 0), eight: (2, 4, 0)),
        // Two holes that meet at a corner: two rings, not one that touches itself.
        Picture(
            testDescription: "holes that touch", mask: "1111\n1.11\n11.1\n1111", four: (1, 1, 2), eight: (1, 1, 2)),
        // The hole touches the exterior at a corner.
        Picture(testDescription: "a hole at the edge", mask: ".11\n1.1\n111", four: (1, 1, 1), eight: (1, 1, 1)),
        // Two arms meet at a corner: the exterior comes by it twice, and so the inside of the ring is a hole.
        Picture(testDescription: "a ring closed by a corner", mask: "111\n1.1\n11.", four: (1, 1, 1), eight: (1, 1, 1)),
        // Four pixels around a hole, connected by corners only: the hole lies between polygons and is none of theirs.
        Picture(testDescription: "a diamond", mask: ".1.\n1.1\n.1.", four: (4, 4, 0), eight: (1, 4, 0)),
        // Two arms that join only in the last row are one region all along.
        Picture(testDescription: "a U", mask: "1.1\n1.1\n111", four: (1, 1, 0), eight: (1, 1, 0)),
    ]

    @Test("small masks have the regions, polygons and holes that one sees", arguments: pictures)
    func seen(_ picture: Picture) {
        for (connectedness, expected) in [(PolygonOutput.Connectedness.four, picture.four), (.eight, picture.eight)] {
            let traced = TracedMask(picture.mask, connectedness: connectedness)
            #expect(traced.regions.count == expected.regions)
            #expect(traced.regions.flatMap(\.polygons).count == expected.polygons)
            #expect(traced.regions.flatMap(\.polygons).map { $0.count - 1 }.reduce(0, +) == expected.holes)
        }
    }

    @Test("a square begins at its upper left and runs counterclockwise on the screen, its hole clockwise")
    func direction() {
        let square = TracedMask("...\n.1.\n...").regions[0].rings[0].normalized
        #expect(square.map { [$0.x, $0.y] } == [[1, 1], [1, 2], [2, 2], [2, 1]])
        let hole = TracedMask("111\n1.1\n111").regions[0].rings[1].normalized
        #expect(hole.map { [$0.x, $0.y] } == [[1, 1], [2, 1], [2, 2], [1, 2]])
    }

    struct Noise: Sendable, CustomTestStringConvertible {
        var width: Int
        var height: Int
        var classes: Int32
        var smoothness: Int
        var seed: UInt64
        var testDescription: String { "\(width) x \(height), \(classes) classes, \(smoothness), seed \(seed)" }

        var values: [Int32] {
            TracedMask.random(width: width, height: height, classes: classes, smoothness: smoothness, seed: seed)
        }
    }

    /// Speckle and blobs; longer than the cuts are apart (256 rows); one row, one column.
    static let noises =
        (1...6).map { Noise(width: 23, height: 19, classes: 2, smoothness: 0, seed: $0) }
        + (1...6).map { Noise(width: 31, height: 37, classes: 3, smoothness: 6, seed: $0) }
        + [
            Noise(width: 9, height: 800, classes: 2, smoothness: 4, seed: 7),
            Noise(width: 70, height: 600, classes: 1, smoothness: 9, seed: 8),
            Noise(width: 50, height: 1, classes: 2, smoothness: 0, seed: 9),
            Noise(width: 1, height: 50, classes: 2, smoothness: 0, seed: 10),
        ]

    @Test("drawn again, the polygons make the mask", arguments: noises, PolygonOutput.Connectedness.allCases)
    func drawnAgain(_ noise: Noise, _ connectedness: PolygonOutput.Connectedness) {
        let values = noise.values
        let traced = TracedMask(width: noise.width, values: values, connectedness: connectedness)
        var drawn = [Int32](repeating: -1, count: values.count)
        for region in traced.regions {
            var pixels = 0
            for polygon in region.polygons {
                for place in inside(polygon, noise.width) {
                    #expect(drawn[place] == -1)
                    drawn[place] = Int32(region.value)
                    pixels += 1
                }
                let areas = polygon.map { -$0.doubledArea }
                #expect(areas[0] > 0)
                #expect(areas.dropFirst().allSatisfy { $0 < 0 })
            }
            #expect(pixels == region.pixels)
            #expect(region.rings.map { -$0.doubledArea }.reduce(0, +) == 2 * region.pixels)
        }
        #expect(drawn == values)
    }

    @Test("there are as many regions as a flood finds", arguments: noises, PolygonOutput.Connectedness.allCases)
    func flooded(_ noise: Noise, _ connectedness: PolygonOutput.Connectedness) {
        let values = noise.values
        let traced = TracedMask(width: noise.width, values: values, connectedness: connectedness)
        #expect(traced.regions.count == floodCount(values, noise.width, connectedness))
    }

    @Test("no ring comes by a place twice, and no vertex lies inside another's line", arguments: noises)
    func nodes(_ noise: Noise) {
        let traced = TracedMask(width: noise.width, values: noise.values, connectedness: .eight)
        let rings = traced.regions.flatMap(\.rings)
        let vertices = Set(rings.flatMap { $0 })
        for ring in rings {
            #expect(Set(ring).count == ring.count)
            for (start, end) in ring.lines {
                #expect((start.x == end.x) != (start.y == end.y))
                for x in min(start.x, end.x)...max(start.x, end.x) {
                    for y in min(start.y, end.y)...max(start.y, end.y) {
                        let point = TracedMask.Point(x: x, y: y)
                        #expect(point == start || point == end || !vertices.contains(point))
                    }
                }
            }
        }
    }

    @Test("the transposed mask has the transposed polygons", arguments: noises)
    func transposed(_ noise: Noise) {
        let values = noise.values
        let turned = (0..<noise.width).flatMap { x in (0..<noise.height).map { values[$0 * noise.width + x] } }
        let one = TracedMask(width: noise.width, values: values)
        let other = TracedMask(width: noise.height, values: turned)
        func key(_ rings: [[TracedMask.Point]]) -> Set<[TracedMask.Point]> { Set(rings.map(\.normalized)) }
        let flipped = other.regions.map { region in
            key(region.rings.map { ring in ring.reversed().map { TracedMask.Point(x: $0.y, y: $0.x) } })
        }
        #expect(Set(one.regions.map { key($0.rings) }) == Set(flipped))
    }

    @Test("classes that are not wanted leave the others as they are")
    func wanted() {
        let values = TracedMask.random(width: 40, height: 40, classes: 3, smoothness: 5, seed: 3)
        var wanted = [Bool](repeating: false, count: 65536)
        wanted[1] = true
        let chosen = TracedMask(width: 40, values: values, wanted: wanted)
        let alone = TracedMask(width: 40, values: values.map { $0 == 1 ? 1 : -1 })
        #expect(chosen.regions.map(\.polygons) == alone.regions.map(\.polygons))
        #expect(!chosen.regions.isEmpty)
    }

    /// Pixels whose centres lie inside an odd number of rings.
    private func inside(_ polygon: [[TracedMask.Point]], _ width: Int) -> [Int] {
        var crossings: [Int: [Int]] = [:]
        for ring in polygon {
            for (start, end) in ring.lines where start.x == end.x {
                for y in min(start.y, end.y)..<max(start.y, end.y) { crossings[y, default: []].append(start.x) }
            }
        }
        return crossings.flatMap { y, columns in
            let columns = columns.sorted()
            return stride(from: 0, to: columns.count, by: 2).flatMap { index in
                (columns[index]..<columns[index + 1]).map { y * width + $0 }
            }
        }
    }

    private func floodCount(_ values: [Int32], _ width: Int, _ connectedness: PolygonOutput.Connectedness) -> Int {
        var isSeen = values.map { $0 < 0 }
        var count = 0
        for first in values.indices where !isSeen[first] {
            count += 1
            isSeen[first] = true
            var rest = [first]
            while let place = rest.popLast() {
                for dy in -1...1 {
                    for dx in -1...1 where connectedness == .eight || dx == 0 || dy == 0 {
                        let (x, y) = (place % width + dx, place / width + dy)
                        let next = y * width + x
                        guard (0..<width).contains(x), values.indices.contains(next), !isSeen[next],
                            values[next] == values[first]
                        else { continue }
                        isSeen[next] = true
                        rest.append(next)
                    }
                }
            }
        }
        return count
    }
}
