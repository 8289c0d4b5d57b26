import Foundation
import RasterIO

/// Formats text so that it is safe anywhere in a page, and numbers so that people read them easily.
enum HTMLText {
    /// Escapes text of any origin for use between tags or in a quoted attribute, and cuts it at `limit` scalars.
    static func escaped(_ text: String, limit: Int = 2000) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\r", "\t": result += " "
            default:
                // HTML allows no control characters, and those for writing directions would turn the rest of the line
                // around.
                switch scalar.properties.generalCategory {
                case .control, .surrogate, .unassigned: result += "\u{FFFD}"
                case .format where scalar.properties.isBidiControl: result += "\u{FFFD}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
        return text.unicodeScalars.count > limit ? result + "…" : result
    }

    /// Returns a path from the page's folder as a reference in a quoted attribute, whatever its names hold.
    static func reference(_ path: String) -> String {
        // A name may have a colon, which would make a scheme of it.
        escaped("./" + (path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? ""), limit: 20_000)
    }

    /// A whole page, that loads nothing and runs no script but its own.
    ///
    /// - Parameters:
    ///   - title: text of any origin, which is escaped.
    ///   - summary: HTML for the line under the title.
    ///   - style: more rules than those of every report.
    ///   - script: the page's script, and the digest by which browsers know it.
    ///   - main: HTML.
    static func page(
        title: String, summary: String, style: String = "", script: (text: String, digest: String)? = nil, main: String
    ) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
        style-src 'unsafe-inline';\(script.map { " script-src '\($0.digest)';" } ?? "") base-uri 'none'; form-action 'none'">
        <meta name="generator" content="Overtile">
        <title>\(escaped(title, limit: 300))</title>
        <style>\(ReportStyle.text)\(style)</style>
        </head>
        <body>
        <header class="page">
        <h1>\(escaped(title, limit: 300))</h1>
        <p class="summary">\(summary)</p>
        </header>
        <main>
        \(main)
        </main>
        \(script.map { "<script>\($0.text)</script>\n" } ?? "")</body>
        </html>

        """
    }

    /// Returns a name that may stand among other words whatever its writing direction.
    static func name(_ text: String) -> String { "<bdi>\(escaped(text, limit: 300))</bdi>" }

    static func color(_ color: LegendEntry.Color) -> String {
        "#" + [color.red, color.green, color.blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// "12,345.7"
    static func number(_ value: Double, digits: Int = 0) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return value.isFinite ? "\(value)" : "unknown" }
        let power = (0..<digits).reduce(1) { product, _ in product * 10 }
        let scaled = Int((abs(value) * Double(power)).rounded())
        var whole = String(scaled / power)
        var position = whole.count - 3
        while position > 0 {
            whole.insert(",", at: whole.index(whole.startIndex, offsetBy: position))
            position -= 3
        }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + whole }
        let fraction = String(scaled % power)
        return sign + whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// "71.3 %". A share that is not quite none or all is not rounded to it.
    static func percent(_ share: Double) -> String {
        if share > 0, share < 0.000_5 { return "under 0.1 %" }
        if share < 1, share >= 0.999_5 { return "over 99.9 %" }
        return number(share * 100, digits: 1) + " %"
    }

    /// "0.24 s", "12.3 s", "4:05", "1:02:03"
    static func time(_ seconds: Double) -> String {
        if seconds < 9.95 { return number(max(0, seconds), digits: 2) + " s" }
        if seconds < 59.95 { return number(seconds, digits: 1) + " s" }
        guard seconds < 1e9 else { return "unknown" }
        let whole = Int(seconds.rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return whole < 3600
            ? "\(whole / 60):\(two(whole % 60))" : "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
    }

    /// Returns hectares with as many digits as a small field needs.
    static func hectares(_ value: Double) -> String {
        number(value, digits: abs(value) < 9.995 ? 2 : abs(value) < 999.95 ? 1 : 0)
    }

    /// "1 scene", "3 scenes"
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(number(Double(count))) \(noun)\(count == 1 ? "" : "s")"
    }
}
