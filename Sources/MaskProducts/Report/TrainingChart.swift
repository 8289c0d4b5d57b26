/// A chart of numbers over the epochs, drawn as SVG. Text stands beside the drawing, so that it is as large on a phone as on
/// a desktop.
struct TrainingChart {
    /// The numbers of one kind.
    struct Line {
        var name: String
        /// One for each epoch, nil where there is none.
        var values: [Double?]
    }

    var title: String
    var lines: [Line]
    /// The epoch that is marked, from 0 on.
    var best: Int

    /// The drawing's own extent, which is stretched to that of the page.
    private static let (width, height) = (1000.0, 400.0)

    private var range: (low: Double, high: Double) {
        let values = lines.flatMap { $0.values.compactMap { $0 } }
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        // A flat line lies in the middle.
        return low < high ? (low, high) : (low - 0.5, high + 0.5)
    }

    private var count: Int { lines.map(\.values.count).max() ?? 0 }

    private func x(_ epoch: Int) -> Double {
        count < 2 ? Self.width / 2 : Double(epoch) / Double(count - 1) * Self.width
    }

    private func y(_ value: Double) -> Double {
        let range = range
        return (1 - (value - range.low) / (range.high - range.low)) * Self.height
    }

    /// A number of SVG, of a tenth of a unit.
    private static func text(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

    private func path(_ line: Line) -> String {
        var (path, isOpen) = ("", false)
        for (epoch, value) in line.values.enumerated() {
            guard let value else {
                isOpen = false
                continue
            }
            path += "\(isOpen ? "L" : "M")\(Self.text(x(epoch))) \(Self.text(y(value)))"
            isOpen = true
        }
        // A line of no length is drawn as a point.
        return line.values.compactMap { $0 }.count == 1 ? path + "h0" : path
    }

    var html: String {
        let range = range
        let digits = range.high - range.low < 0.1 ? 4 : 2
        let paths = lines.enumerated().map { "<path class=\"line\($0)\" d=\"\(path($1))\"/>" }.joined()
        let mark = Self.text(x(best))
        let ends = lines.map { line in
            let values = line.values.compactMap { $0 }
            return "\(line.name) from \(HTMLText.number(values.first ?? 0, digits: 4)) to "
                + HTMLText.number(values.last ?? 0, digits: 4)
        }
        let keys = lines.enumerated().map {
            "<li><i class=\"key line\($0)\" aria-hidden=\"true\"></i>\(HTMLText.escaped($1.name))</li>"
        }
        return """
            <figure class="chart"><figcaption>\(HTMLText.escaped(title))</figcaption>
            <ul class="legend">\(keys.joined())<li><i class="key best" aria-hidden="true"></i>kept</li></ul>
            <div class="plot">
            <span class="high">\(HTMLText.number(range.high, digits: digits))</span>
            <span class="low">\(HTMLText.number(range.low, digits: digits))</span>
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" preserveAspectRatio="none" role="img" \
            aria-label="\(HTMLText.escaped(title)) over \(count) epochs: \(ends.joined(separator: ", "))">\
            <path class="grid" d="M0 0H1000M0 100H1000M0 200H1000M0 300H1000M0 400H1000"/>\
            <path class="best" d="M\(mark) 0V400"/>\(paths)</svg>
            <span class="first">1</span><span class="last">epoch \(count)</span>
            </div></figure>
            """
    }
}
