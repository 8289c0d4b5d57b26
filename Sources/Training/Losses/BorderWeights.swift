import Foundation

/// The weights of pixels that the paper gives its loss, so that the network learns the gaps between touching objects:
///
///     w = w_c + w0 · exp(-(d1 + d2)² / 2σ²)
///
/// w_c is the weight of the pixel's class, d1 the distance to the nearest object and d2 that to the second nearest, from
/// pixel centre to pixel centre (Ronneberger, Fischer and Brox 2015, equation 2).
package struct BorderWeights: Hashable, Sendable {
    /// What a gap weighs in addition, where it is narrowest.
    package var strength: Double
    /// How wide gaps may be, in pixels.
    package var sigma: Double

    /// Weights with the paper's numbers where nothing else is said.
    package init(strength: Double = 10, sigma: Double = 5) {
        self.strength = strength
        self.sigma = sigma
    }

    /// What lies beyond adds less to a weight than a millionth of a millionth.
    private var reach: Double { sigma * (2 * max(0, log(max(strength, 1e-12) * 1e12))).squareRoot() }

    /// The weights of a mask's pixels.
    ///
    /// - Parameters:
    ///   - objects: for each pixel, row by row, the number of its object; 0 for background, the only pixels between
    ///     objects.
    ///   - classes: for each pixel the weight of its class.
    ///   - width: pixels in a row.
    package func weights(objects: [Int], classes: [Double], width: Int) -> [Float] {
        let height = width > 0 ? objects.count / width : 0
        precondition(objects.count == height * width && classes.count == objects.count, "a mask of whole rows")
        let columns = nearestInColumns(objects, height, width)
        let reach = reach
        return (0..<objects.count).map { pixel in
            guard objects[pixel] == 0 else { return Float(classes[pixel]) }
            let (x, row) = (pixel % width, pixel / width * width)
            var two = TwoNearest()
            for distance in 0...max(0, min(width - 1, Int(reach))) {
                guard Double(distance * distance) <= two.second else { break }
                for column in distance == 0 ? [x] : [x - distance, x + distance] where (0..<width).contains(column) {
                    for (object, rows) in columns[row + column] {
                        two.add(object, Double(distance * distance + rows * rows))
                    }
                }
            }
            guard two.second.isFinite else { return Float(classes[pixel]) }
            let sum = two.first.squareRoot() + two.second.squareRoot()
            return Float(classes[pixel] + strength * exp(-sum * sum / (2 * sigma * sigma)))
        }
    }

    /// The squares of the distances to the two nearest objects.
    private struct TwoNearest {
        var first = Double.infinity
        var second = Double.infinity
        private var nearest = 0

        mutating func add(_ object: Int, _ square: Double) {
            if object == nearest {
                first = min(first, square)
            } else if square < first {
                (second, first, nearest) = (first, square, object)
            } else {
                second = min(second, square)
            }
        }
    }

    /// For each pixel, the nearest two objects in its column and how many rows they are away.
    ///
    /// No third one in a column can be among the two nearest of any pixel: the other two of that column are nearer, and one
    /// of them at least is another object than the nearest.
    private func nearestInColumns(_ objects: [Int], _ height: Int, _ width: Int) -> [[(object: Int, rows: Int)]] {
        var result = [[(object: Int, rows: Int)]](repeating: [], count: objects.count)
        func sweep(_ rows: some Sequence<Int>, _ x: Int) {
            var seen: [(object: Int, row: Int)] = []  // the last two different ones, the nearer first
            for y in rows {
                let object = objects[y * width + x]
                if object != 0 {
                    seen.removeAll { $0.object == object }
                    seen.insert((object, y), at: 0)
                    if seen.count > 2 { seen.removeLast() }
                }
                for (object, row) in seen { result[y * width + x].append((object, abs(y - row))) }
            }
        }
        for x in 0..<width {
            sweep(0..<height, x)
            sweep((0..<height).reversed(), x)
        }
        return result
    }

    /// The objects of a mask of classes: its connected pixels of one class, numbered from 1 in the order of their first
    /// pixels; 0 where the mask is 0 or not labelled. Pixels are neighbours across edges, not corners.
    package static func objects(ofMask mask: [UInt8], width: Int) -> [Int] {
        var objects = [Int](repeating: 0, count: mask.count)
        var count = 0
        var open: [Int] = []
        for start in mask.indices where objects[start] == 0 && mask[start] != 0 && mask[start] != Loss.unlabelled {
            count += 1
            objects[start] = count
            open.append(start)
            while let pixel = open.popLast() {
                let x = pixel % width
                for (neighbour, isInside) in [
                    (pixel - 1, x > 0), (pixel + 1, x < width - 1), (pixel - width, pixel >= width),
                    (pixel + width, pixel + width < mask.count),
                ] where isInside && objects[neighbour] == 0 && mask[neighbour] == mask[start] {
                    objects[neighbour] = count
                    open.append(neighbour)
                }
            }
        }
        return objects
    }
}
