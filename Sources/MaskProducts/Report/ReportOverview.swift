/// The table of all scenes of a report, failures first, each with a link to its section.
struct ReportOverview {
    let page: ReportPage

    /// From more than this many scenes on, the table has a search box.
    private static let worthSearching = 12

    var html: String {
        let ordered = page.ordered
        let rows = ordered.prefix(ReportPage.mostRows).enumerated()
        let left = ordered.count - rows.underestimatedCount
        return """
            <section class="card" aria-labelledby="overview">
            <h2 id="overview">Scenes</h2>
            \(ordered.count >= Self.worthSearching ? Self.search : "")
            <table class="overview">
            <thead><tr><th scope="col">Scene</th><th scope="col">State</th>\
            <th scope="col" class="wide">Classes</th><th scope="col" class="number wide">Hectares</th>\
            <th scope="col" class="number">Time</th></tr></thead>
            <tbody>
            \(rows.map { row($0.element.scene, $0.element.number, isLinked: $0.offset < ReportPage.mostSections) }
                .joined(separator: "\n"))
            </tbody>
            </table>
            \(left > 0 ? "<p class=\"muted\">And \(HTMLText.counted(left, "scene")) more.</p>" : "")
            </section>
            """
    }

    private static let search = """
        <p class="search" hidden><label>Find <input type="search" autocomplete="off" spellcheck="false"></label> \
        <span role="status" class="muted"></span></p>
        """

    private func row(_ scene: ReportScene, _ number: Int, isLinked: Bool) -> String {
        let name = HTMLText.name(scene.name)
        let title = isLinked ? "<a href=\"#scene-\(number)\">\(name)</a>" : name
        let reason = scene.error.map { "<p class=\"reason\">\(HTMLText.escaped($0, limit: 400))</p>" } ?? ""
        let areas = scene.classes.compactMap(\.hectares)
        let area = areas.isEmpty ? "" : HTMLText.hectares(areas.reduce(0, +))
        return "<tr><th scope=\"row\">\(title)\(reason)</th><td>\(Self.state(of: scene))</td>"
            + "<td class=\"wide\">\(shares(scene))</td><td class=\"number wide\">\(area)</td>"
            + "<td class=\"number\">\(scene.seconds.map(HTMLText.time) ?? "")</td></tr>"
    }

    static func state(of scene: ReportScene) -> String {
        if scene.error != nil { return "<span class=\"state bad\">failed</span>" }
        let count = scene.warnings.count
        return count == 0
            ? "<span class=\"state good\">done</span>"
            : "<span class=\"state odd\">\(HTMLText.counted(count, "warning"))</span>"
    }

    /// The shares of the classes side by side in one bar. The scene's own table has the same numbers.
    private func shares(_ scene: ReportScene) -> String {
        let rows = scene.classes.filter { $0.pixels > 0 }
        guard !rows.isEmpty else { return "" }
        let largest = rows.sorted { $0.pixels > $1.pixels }.prefix(6)
        let text = largest.map { "\(HTMLText.escaped($0.name, limit: 80)) \(HTMLText.percent(scene.share(of: $0)))" }
        let parts = rows.prefix(40).map { row in
            "<i style=\"flex:\(Self.rounded(scene.share(of: row)));background:\(HTMLText.color(row.color))\"></i>"
        }
        let label = text.joined(separator: ", ")
        return "<span class=\"shares\" role=\"img\" aria-label=\"\(label)\" title=\"\(label)\">\(parts.joined())</span>"
    }

    private static func rounded(_ share: Double) -> Double { (share * 10_000).rounded() / 10_000 }
}
