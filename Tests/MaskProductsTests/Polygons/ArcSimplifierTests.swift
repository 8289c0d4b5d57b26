import Testing

@testable import MaskProducts

/// Simplified polygons still fit together, and lie where they lay.
struct ArcSimplifierTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]
    static let tolerances = [0.8, 1.5, 5, 100]

    private func noise(_ seed: UInt64, smoothness: Int = 12) -> [Int32] {
        TracedMask.random(width: 48, height: 60, classes: 3, smoothness: smoothness, seed: seed)
    }

    @Test("stairs become a line")
    func stairs() {
        let values = (0..<64).flatMap { y in (0..<64).map { x in Int32(x > y ? 1 : 0) } }
        let rough = TracedMask(width: 64, values: values).regions
        let fine = TracedMask(width: 64, values: values, tolerance: 1).regions
        for region in rough { #expect(region.rings[0].count > 100) }
        for region in fine { #expect(region.rings[0].count <= 6) }
    }

    @Test("no lines cross or touch but at their ends, and no ring is flat", arguments: seeds, tolerances)
    func planar(_ seed: UInt64, _ tolerance: Double) {
        let traced = TracedMask(width: 48, values: noise(seed), connectedness: .eight, tolerance: tolerance)
        var lines: Set<[TracedMask.Point]> = []
        for ring in traced.regions.flatMap(\.rings) {
            #expect(ring.count >= 3)
            #expect(ring.doubledArea != 0)
            #expect(Set(ring).count == ring.count)
            for (start, end) in ring.lines {
                // Both neighbours have a line of their common border.
                lines.insert((start.y, start.x) < (end.y, end.x) ? [start, end] : [end, start])
            }
        }
        let all = lines.sorted { ($0[0].y, $0[0].x, $0[1].y, $0[1].x) < ($1[0].y, $1[0].x, $1[1].y, $1[1].x) }
        for (index, one) in all.enumerated() {
            for other in all[(index + 1)...] where other[0].y <= one[1].y {
                #expect(!conflict(one, other), "\(one) \(other)")
            }
        }
    }

    @Test("a border is the same for both neighbours, and regions keep their holes", arguments: seeds, tolerances)
    func shared(_ seed: UInt64, _ tolerance: Double) {
        let values = noise(seed)
        let rough = TracedMask(width: 48, values: values)
        let fine = TracedMask(width: 48, values: values, tolerance: tolerance)
        #expect(fine.regions.map { $0.polygons.map(\.count) } == rough.regions.map { $0.polygons.map(\.count) })
        #expect(fine.regions.map(\.pixels) == rough.regions.map(\.pixels))
        for (one, other) in zip(rough.regions, fine.regions) {
            for (ring, simple) in zip(one.rings, other.rings) {
                #expect(Set(simple).isSubset(of: ring))
                #expect((ring.doubledArea < 0) == (simple.doubledArea < 0))
            }
        }
        // Without gaps, every line is there twice, once in each direction, but for those along the raster's edge.
        let whole = TracedMask(
            width: 48,
            values: TracedMask.random(width: 48, height: 60, classes: 3, smoothness: 12, seed: seed, withGaps: false),
            tolerance: tolerance)
        var counts: [[TracedMask.Point]: Int] = [:]
        for ring in whole.regions.flatMap(\.rings) {
            for (start, end) in ring.lines { counts[[start, end], default: 0] += 1 }
        }
        for line in counts.keys where counts[[line[1], line[0]]] == nil {
            let edges = line.map { $0.x == 0 || $0.x == 48 || $0.y == 0 || $0.y == 60 }
            #expect(edges == [true, true], "\(line)")
        }
        #expect(counts.values.allSatisfy { $0 == 1 })
    }

    @Test("no vertex that was left out is further away than the tolerance", arguments: seeds)
    func near(_ seed: UInt64) {
        let values = noise(seed, smoothness: 20)
        let rough = TracedMask(width: 48, values: values).regions.flatMap(\.rings)
        let fine = TracedMask(width: 48, values: values, tolerance: 1.5).regions.flatMap(\.rings)
        let (many, few) = (rough.joined().count, fine.joined().count)
        #expect(4 * few < 3 * many)
        for (ring, simple) in zip(rough, fine) {
            for point in ring {
                let distances = simple.lines.map { distance(point, $0.0, $0.1) }
                #expect(distances.contains { $0 <= 1.5 + 1e-9 })
            }
        }
    }

    private func distance(_ p: TracedMask.Point, _ a: TracedMask.Point, _ b: TracedMask.Point) -> Double {
        let (dx, dy) = (Double(b.x - a.x), Double(b.y - a.y))
        let part = max(0, min(1, (Double(p.x - a.x) * dx + Double(p.y - a.y) * dy) / (dx * dx + dy * dy)))
        let (x, y) = (Double(a.x) + part * dx - Double(p.x), Double(a.y) + part * dy - Double(p.y))
        return (x * x + y * y).squareRoot()
    }

    /// Whether two lines share a place that is not an end of both.
    private func conflict(_ one: [TracedMask.Point], _ other: [TracedMask.Point]) -> Bool {
        func side(_ line: [TracedMask.Point], _ p: TracedMask.Point) -> Int {
            ((line[1].x - line[0].x) * (p.y - line[0].y) - (line[1].y - line[0].y) * (p.x - line[0].x)).signum()
        }
        func isOn(_ line: [TracedMask.Point], _ p: TracedMask.Point) -> Bool {
            !line.contains(p) && side(line, p) == 0
                && (min(line[0].x, line[1].x)...max(line[0].x, line[1].x)).contains(p.x)
                && (min(line[0].y, line[1].y)...max(line[0].y, line[1].y)).contains(p.y)
        }
        if other.contains(where: { isOn(one, $0) }) || one.contains(where: { isOn(other, $0) }) { return true }
        if !Set(one).isDisjoint(with: other) { return false }
        return side(one, other[0]) * side(one, other[1]) < 0 && side(other, one[0]) * side(other, one[1]) < 0
    }
}
