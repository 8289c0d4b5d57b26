import RasterIO
import TileGeometry

/// The strip below a picture, with a title, the colours and names of the classes, and a scale bar.
struct LegendStrip {
    let title: String
    let entries: [(name: String, color: LegendEntry.Color)]
    /// The width of a pixel of the picture on the ground, in metres; nil if it is not known.
    let metresPerPixel: Double?

    private static let ink = LegendEntry.Color(red: 34, green: 34, blue: 34)
    private static let frame = LegendEntry.Color(red: 120, green: 120, blue: 120)
    /// The most classes that the legend lists. Nobody reads a longer one.
    private static let mostEntries = 60

    /// Draws the strip.
    ///
    /// - Parameter width: the width of the strip in pixels.
    /// - Returns: nil where the system has no font.
    func picture(width: Int) -> Picture? {
        guard let font = LegendFont(scale: max(1, min(8, width / 600 + 1))) else { return nil }
        let unit = font.scale
        let margin = 6 * unit
        let room = max(1, width - 2 * margin)
        let rowHeight = font.lineHeight + 3 * unit
        let swatch = 9 * unit
        let bar = scaleBar(longest: min(room, 120 * unit))
        let barWidth = bar.map { max($0.length, font.width(of: $0.label)) + 2 * unit } ?? 0

        // Names flow from left to right. The scale bar stands at the right end of the last row, or in a row of its own.
        var items: [(x: Int, row: Int, text: String, color: LegendEntry.Color?)] = []
        var (x, row) = (0, 0)
        func put(_ text: String, _ color: LegendEntry.Color?) {
            let lead = color == nil ? 0 : swatch + 3 * unit
            let text = font.shortened(text, to: room - lead)
            let width = lead + font.width(of: text)
            if x > 0, x + width > room { (x, row) = (0, row + 1) }
            items.append((x, row, text, color))
            x += width + 9 * unit
        }
        if !title.isEmpty {
            put(title, nil)
            (x, row) = (0, row + 1)
        }
        for entry in entries.prefix(Self.mostEntries) { put(entry.name, entry.color) }
        if entries.count > Self.mostEntries { put("and \(entries.count - Self.mostEntries) more", nil) }
        if bar != nil, x > 0, x + barWidth > room { row += 1 }
        let rows = row + (x > 0 || bar != nil ? 1 : 0)

        var strip = Picture(
            size: PixelSize(width: width, height: 2 * margin + rows * rowHeight - 3 * unit), color: .white)
        strip.fill(x: 0, y: 0, width: width, height: unit, Self.frame)
        for item in items {
            var left = margin + item.x
            let top = margin + item.row * rowHeight
            if let color = item.color {
                let y = top + 2 * unit
                strip.fill(x: left, y: y, width: swatch, height: swatch, Self.frame)
                strip.fill(x: left + unit, y: y + unit, width: swatch - 2 * unit, height: swatch - 2 * unit, color)
                left += swatch + 3 * unit
            }
            font.draw(item.text, x: left, y: top, color: Self.ink, in: &strip)
        }
        if let bar { draw(bar, font, right: width - margin, top: margin + row * rowHeight, in: &strip) }
        return strip
    }

    private typealias ScaleBar = (length: Int, label: String)

    /// Returns the longest bar of 1, 2, 5, 10, … metres that fits, or nil if the size of pixels is not known or the bar
    /// would be too long to be right on the globe.
    private func scaleBar(longest: Int) -> ScaleBar? {
        guard let metresPerPixel, metresPerPixel.isFinite, metresPerPixel > 0 else { return nil }
        let most = Double(longest) * metresPerPixel
        guard most < 1_000_000 else { return nil }
        var best: Double?
        for exponent in -3...5 {
            let power = (0..<abs(exponent)).reduce(1.0) { value, _ in exponent < 0 ? value / 10 : value * 10 }
            for digit in [1.0, 2, 5] where digit * power <= most { best = digit * power }
        }
        guard let metres = best else { return nil }
        func text(_ value: Double) -> String { value >= 1 ? String(Int(value.rounded())) : "\(value)" }
        let label = metres >= 1000 ? "\(text(metres / 1000)) km" : "\(text(metres)) m"
        return (max(1, Int((metres / metresPerPixel).rounded())), label)
    }

    private func draw(_ bar: ScaleBar, _ font: LegendFont, right: Int, top: Int, in strip: inout Picture) {
        let unit = font.scale
        let left = right - bar.length
        let line = top + 11 * unit
        strip.fill(x: left, y: line, width: bar.length, height: unit, Self.ink)
        for x in [left, right - unit] { strip.fill(x: x, y: line - 2 * unit, width: unit, height: 3 * unit, Self.ink) }
        let center = left + (bar.length - font.width(of: bar.label)) / 2
        let x = min(center, right - font.width(of: bar.label))
        font.draw(bar.label, x: x, y: top - 2 * unit, color: Self.ink, in: &strip)
    }
}
