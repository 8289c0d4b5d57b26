import Training

/// The wish to paint over one class: for what has more colours in the world than in the scenes, such as murky water.
package struct Plasma: Sendable, Hashable {
    /// The name of the class that is painted over.
    package var className: String
    /// The share of crops that are painted, 0 to 1.
    package var share: Double
    /// The colours to paint with, each with a value for each band, as the scenes have them; empty for the colours of the
    /// other classes around.
    package var colors: [[Double]]

    /// A wish to paint.
    package init(className: String, share: Double, colors: [[Double]] = []) {
        self.className = className
        self.share = share
        self.colors = colors
    }

    /// The wish in words, for reports.
    var text: String {
        "\(className) painted over in \(share) of the crops with "
            + (colors.isEmpty ? "colours of other classes" : "colours between \(colors.count) given ones")
    }
}

/// Paints clouds of plasma, which is smooth noise of several octaves, over the pixels of one class in a crop.
///
/// Painted pixels keep their class: the network learns that it is told by more than its usual colours. Most of the paint lies
/// near other classes, and it fades towards its edges. A little noise from pixel to pixel goes with it, without which
/// whatever is very smooth would pass for paint.
struct PlasmaPainter {
    /// The share of crops that are painted, 0 to 1.
    let share: Double
    private let label: UInt8
    /// The mean and standard deviation of each band, by which crops are standardised.
    private let (mean, std): ([Float], [Float])
    /// [colour][band], as the scenes have them.
    private let colors: [[Float]]

    /// Prepares to paint over a class of the data.
    ///
    /// - Throws: `TrainingError` for a class that the data do not have, and a colour of too many or too few bands.
    init(_ plasma: Plasma, _ data: TrainingData) throws(TrainingError) {
        guard let label = data.classes.firstIndex(of: plasma.className) else {
            throw TrainingError(
                "--plasma \(plasma.className): there is no such class: the labels have "
                    + data.classes.joined(separator: ", "))
        }
        if let odd = plasma.colors.first(where: { $0.count != data.mean.count }) {
            throw TrainingError(
                "--plasma-colors has a colour of \(odd.count) numbers, and the network takes \(data.mean.count) bands: give "
                    + "each colour a number for each band")
        }
        share = plasma.share
        self.label = UInt8(label)
        (mean, std) = (data.mean.map { Float($0) }, data.std.map { Float($0) })
        colors = plasma.colors.map { $0.map { Float($0) } }
    }

    /// Paints over a crop; where there is none of the class, or no colour to paint with, it stays as it is.
    ///
    /// - Parameters:
    ///   - image: [bands][side][side], standardised.
    ///   - labels: [side][side].
    func paint(_ image: inout [Float], labels: [UInt8], side: Int, _ generator: inout TrainingGenerator) {
        guard labels.contains(label) else { return }
        let palette = palette(image, labels, &generator)
        guard !palette.isEmpty else { return }
        let (one, other) = (mixture(of: palette, &generator), mixture(of: palette, &generator))
        let mask = labels.map { Float($0 == label ? 1 : 0) }
        let neighbours = Self.nearness(to: mask.map { 1 - $0 }, side: side)
        let attraction = Self.between(2, 8, &generator)
        let (threshold, softness) = (Self.between(0, 2.5, &generator), Self.between(0.5, 2, &generator))
        let (fine, coarse) = (Self.between(0, 0.06, &generator), Self.between(0, 0.2, &generator))
        let opacity = Self.between(0.8, 1, &generator)
        let clouds = Self.clouds(side: side, &generator)
        let hues = Self.clouds(side: side, &generator)
        let shades = Self.clouds(side: side, &generator)
        let dots = labels.map { _ in Float(generator.normal()) }
        let spots = Self.softened(labels.map { _ in Float(generator.normal()) }, side: side)
        let edges = Self.softened(mask, side: side)
        let area = side * side
        for place in 0..<area where edges[place] > 0 {
            let field = clouds[place] + attraction * neighbours[place]
            let thickness = opacity * edges[place] * min(1, max(0, (field - threshold) / softness))
            guard thickness > 0 else { continue }
            let hue = min(1, max(0, (hues[place] + 1) / 2))
            let shade = 1 + 0.15 * shades[place] + fine * dots[place] + coarse * spots[place]
            for band in mean.indices {
                let color = (one[band] + hue * (other[band] - one[band])) * shade
                let value = image[band * area + place]
                image[band * area + place] = value + thickness * ((color - mean[band]) / std[band] - value)
            }
        }
    }

    /// The colours to paint with: those that were asked for, or else those of pixels of other classes.
    private func palette(
        _ image: [Float], _ labels: [UInt8], _ generator: inout TrainingGenerator
    ) -> [[Float]] {
        if !colors.isEmpty { return colors }
        let others = labels.indices.filter { labels[$0] != label && labels[$0] != Loss.unlabelled }
        guard !others.isEmpty else { return [] }
        return (0..<4).map { _ in
            let place = others[Int(generator.uniform() * Double(others.count))]
            return mean.indices.map { image[$0 * labels.count + place] * std[$0] + mean[$0] }
        }
    }

    /// A random mixture of two colours.
    private func mixture(of palette: [[Float]], _ generator: inout TrainingGenerator) -> [Float] {
        let one = palette[Int(generator.uniform() * Double(palette.count))]
        let other = palette[Int(generator.uniform() * Double(palette.count))]
        let share = Float(generator.uniform())
        return zip(one, other).map { $0 + share * ($1 - $0) }
    }

    private static func between(_ low: Float, _ high: Float, _ generator: inout TrainingGenerator) -> Float {
        low + (high - low) * Float(generator.uniform())
    }

    // MARK: Maps of [side][side]

    /// Smooth noise, about -2 to 2: octaves whose grains have 64 pixels down to 4.
    private static func clouds(side: Int, _ generator: inout TrainingGenerator) -> [Float] {
        var total = [Float](repeating: 0, count: side * side)
        for (grain, weight) in [(64, 1.0), (32, 0.6), (16, 0.4), (8, 0.25), (4, 0.15)] as [(Int, Float)] {
            let count = side / grain + 2
            let knots = (0..<count * count).map { _ in weight * Float(generator.normal()) }
            add(knots, count: count, grain: grain, side: side, to: &total)
        }
        return total
    }

    /// How much of the surroundings a map covers: means of 16 x 16 pixels and their neighbours, with smooth steps between.
    private static func nearness(to map: [Float], side: Int) -> [Float] {
        let grain = 16
        let count = (side + grain - 1) / grain
        var means = [Float](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count {
                let (rows, columns) = (
                    row * grain..<min(side, (row + 1) * grain), column * grain..<min(side, (column + 1) * grain)
                )
                var sum: Float = 0
                for y in rows { for x in columns { sum += map[y * side + x] } }
                means[row * count + column] = sum / Float(rows.count * columns.count)
            }
        }
        var result = [Float](repeating: 0, count: side * side)
        add(softened(means, side: count), count: count, grain: grain, side: side, to: &result)
        return result
    }

    /// Adds a coarse map, enlarged with bilinear steps; a knot lies in the middle of its grain.
    private static func add(_ knots: [Float], count: Int, grain: Int, side: Int, to map: inout [Float]) {
        let places = (0..<side).map { pixel -> (low: Int, high: Int, share: Float) in
            let place = max(0, (Float(pixel) + 0.5) / Float(grain) - 0.5)
            let low = min(Int(place), count - 1)
            return (low, min(low + 1, count - 1), place - Float(low))
        }
        for y in 0..<side {
            let (top, bottom, down) = places[y]
            for x in 0..<side {
                let (left, right, along) = places[x]
                let upper = knots[top * count + left] * (1 - along) + knots[top * count + right] * along
                let lower = knots[bottom * count + left] * (1 - along) + knots[bottom * count + right] * along
                map[y * side + x] += upper + down * (lower - upper)
            }
        }
    }

    /// The mean of the 3 x 3 pixels around each, as far as they are there.
    private static func softened(_ map: [Float], side: Int) -> [Float] {
        var result = map
        for y in 0..<side {
            let rows = max(0, y - 1)...min(side - 1, y + 1)
            for x in 0..<side {
                let columns = max(0, x - 1)...min(side - 1, x + 1)
                var sum: Float = 0
                for row in rows { for column in columns { sum += map[row * side + column] } }
                result[y * side + x] = sum / Float(rows.count * columns.count)
            }
        }
        return result
    }
}
