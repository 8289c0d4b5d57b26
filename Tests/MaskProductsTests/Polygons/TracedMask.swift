@testable import MaskProducts

/// A small mask and the regions that are traced in it.
struct TracedMask {
    struct Point: Hashable {
        var x: Int
        var y: Int
    }

    struct Region {
        var value: Int
        var pixels: Int
        /// By polygon: the exterior, then holes; first points are not repeated.
        var polygons: [[[Point]]] = []
        var rings: [[Point]] { polygons.flatMap { $0 } }
    }

    let width: Int
    let height: Int
    /// Row by row, -1 for none.
    let values: [Int32]
    var regions: [Region] = []

    init(
        width: Int, values: [Int32], connectedness: PolygonOutput.Connectedness = .four, tolerance: Double? = nil,
        wanted: [Bool]? = nil
    ) {
        self.width = width
        height = values.count / width
        self.values = values
        let tracer = RegionTracer(width: width, connectedness: connectedness, tolerance: tolerance, wanted: wanted)
        for row in 0..<height {
            let complete = values[(row * width)...].withUnsafeBufferPointer {
                tracer.add($0.baseAddress!, areas: nil, confidences: nil)
            }
            take(complete, from: tracer)
        }
        take(tracer.finish(), from: tracer)
    }

    /// A picture: a character for each pixel, `.` for none, digits for classes.
    init(_ picture: String, connectedness: PolygonOutput.Connectedness = .four, tolerance: Double? = nil) {
        let lines = picture.split(separator: "\n")
        self.init(
            width: lines[0].count, values: lines.joined().map { $0.wholeNumberValue.map(Int32.init) ?? -1 },
            connectedness: connectedness, tolerance: tolerance)
    }

    private mutating func take(_ complete: [UInt32], from tracer: RegionTracer) {
        let assembler = RingAssembler(arcs: tracer.arcs)
        for number in complete {
            let region = tracer.table.regions[number]
            var traced = Region(value: Int(region.value), pixels: region.pixels)
            var piece = region.firstFinished
            while piece != 0 {
                traced.polygons.append([])
                assembler.assemble(tracer.table.pieces[piece].first) { ring in
                    traced.polygons[traced.polygons.count - 1].append(ring.map { Point(x: Int($0.x), y: Int($0.y)) })
                }
                piece = tracer.table.pieces[piece].next
            }
            tracer.table.release(number)
            regions.append(traced)
        }
    }

    /// Random classes; the larger `smoothness`, the larger the regions.
    static func random(
        width: Int, height: Int, classes: Int32, smoothness: Int, seed: UInt64, withGaps: Bool = true
    ) -> [Int32] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state >> 33)
        }
        var values = (0..<width * height).map { _ in Int32(next() % Int(classes + (withGaps ? 1 : 0))) }
        for _ in 0..<smoothness * width * height {
            let place = next() % (width * height)
            let neighbours = [place - 1, place + 1, place - width, place + width].filter(values.indices.contains)
            values[place] = values[neighbours[next() % neighbours.count]]
        }
        return withGaps ? values.map { $0 - 1 } : values
    }
}

extension [TracedMask.Point] {
    /// Twice the area inside, rows counted downwards: negative where counterclockwise on the screen.
    var doubledArea: Int {
        var sum = 0
        for (index, point) in enumerated() {
            let next = self[(index + 1) % count]
            sum += point.x * next.y - next.x * point.y
        }
        return sum
    }

    /// Begins with the smallest point, so that equal rings are equal.
    var normalized: [TracedMask.Point] {
        let first = indices.min { (self[$0].y, self[$0].x) < (self[$1].y, self[$1].x) } ?? 0
        return [TracedMask.Point](self[first...] + self[..<first])
    }

    var lines: [(TracedMask.Point, TracedMask.Point)] { indices.map { (self[$0], self[($0 + 1) % count]) } }
}
