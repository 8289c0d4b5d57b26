import Testing
import TileGeometry

@Suite struct MirroringTests {
    /// As numpy.pad(mode="reflect") gives them.
    @Test(arguments: [
        // one fold on each side
        (count: 4, start: -3, expected: [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]),
        // a margin larger than the axis folds again and again
        (count: 3, start: -7, expected: [1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0]),
        // two pixels alternate
        (count: 2, start: -3, expected: [1, 0, 1, 0, 1, 0, 1]),
        // one pixel has nothing to mirror and repeats
        (count: 1, start: -2, expected: [0, 0, 0, 0, 0]),
    ])
    func reflects(count: Int, start: Int, expected: [Int]) {
        #expect(Mirroring.axis(start: start, length: expected.count, count: count).sources == expected)
    }

    @Test func neighboursStayNeighbours() {
        // What makes a mirrored border look natural: no jump of more than one pixel anywhere, whatever the size.
        for count in 1...9 {
            for index in -40...40 {
                let step = abs(
                    Mirroring.source(of: index + 1, count: count) - Mirroring.source(of: index, count: count))
                #expect(step == (count == 1 ? 0 : 1), "count \(count), index \(index)")
            }
        }
    }

    @Test func rangeIsTheSmallestThatHoldsAllSources() {
        let inside = Mirroring.axis(start: 5, length: 10, count: 100)
        #expect(inside.range == 5..<15 && inside.isPlain)
        let atEdge = Mirroring.axis(start: -4, length: 10, count: 100)
        #expect(atEdge.range == 0..<6 && !atEdge.isPlain)
        let beyond = Mirroring.axis(start: 97, length: 10, count: 100)
        #expect(beyond.range == 92..<100 && !beyond.isPlain)
    }
}
