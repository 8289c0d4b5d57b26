import RasterIO
import TileGeometry

/// The section of a report about one scene.
struct ReportSection {
    let page: ReportPage
    let scene: ReportScene
    /// The number of the scene in the run, counted from 1.
    let number: Int
    /// The pictures, or why there are none; nil if the scene has no files to show.
    let pictures: Result<ReportPictures?, RasterError>?

    /// The most lines of one kind that are written out; further ones are only counted.
    private static let mostLines = 50

    /// The section. If the report has several scenes, the section can be opened and closed.
    var html: String {
        let anchor = "scene-\(number)"
        if page.scenes.count == 1 {
            return
                "<section class=\"scene\" id=\"\(anchor)\" aria-label=\"\(HTMLText.escaped(scene.name, limit: 300))\">"
                + "\(content)</section>"
        }
        return "<details class=\"card scene\"><summary><h2>\(HTMLText.name(scene.name))</h2> "
            + "\(ReportOverview.state(of: scene))</summary>"
            + "<div class=\"inside\" id=\"\(anchor)\">\(content)</div></details>"
    }

    private var content: String {
        let side = [classes, time].filter { !$0.isEmpty }
        let shown = picture
        let body =
            shown.isEmpty
            ? side.joined()
            : side.isEmpty
                ? shown
                : "<div class=\"pair\"><div>\(shown)</div><div class=\"side\">\(side.joined())</div></div>"
        return failure + warnings + body + facts
    }

    private var failure: String {
        scene.error.map {
            "<div class=\"note bad\" role=\"note\"><strong>Failed.</strong> \(HTMLText.escaped($0))</div>"
        } ?? ""
    }

    private var warnings: String {
        guard !scene.warnings.isEmpty else { return "" }
        let rest = scene.warnings.count - Self.mostLines
        let lines = scene.warnings.prefix(Self.mostLines).map { "<li>\(HTMLText.escaped($0))</li>" }
        return
            "<div class=\"note odd\" role=\"note\"><strong>\(HTMLText.counted(scene.warnings.count, "warning"))</strong>"
            + "<ul>\(lines.joined())\(rest > 0 ? "<li>and \(rest) more</li>" : "")</ul></div>"
    }

    /// The mask over the scene, with a slider between them.
    private var picture: String {
        switch pictures {
        case nil: return ""
        case .failure(let error):
            return "<p class=\"muted\">No picture: \(HTMLText.escaped(error.message))</p>"
        case .success(nil): return "<p class=\"muted\">No picture: the page would be too large.</p>"
        case .success(let pictures?): return figure(pictures)
        }
    }

    private func figure(_ pictures: ReportPictures) -> String {
        let (width, height) = (pictures.size.width, pictures.size.height)
        let name = HTMLText.escaped(scene.name, limit: 300)
        let shares = scene.classes.sorted { $0.pixels > $1.pixels }.prefix(6).map {
            "\(HTMLText.escaped($0.name, limit: 80)) \(HTMLText.percent(scene.share(of: $0)))"
        }
        let alt = "Mask of \(name)" + (shares.isEmpty ? "" : ": " + shares.joined(separator: ", "))
        let isSmall = width < 500 && height < 500
        // With hundreds of scenes, a browser decodes only the pictures of those that are opened.
        let isLazy = page.scenes.count > 1
        let image =
            "width=\"\(width)\" height=\"\(height)\"" + (isLazy ? " loading=\"lazy\" decoding=\"async\"" : "")
        return """
            <figure class="compare\(isSmall ? " pixels" : "")" style="--ratio:\(width)/\(height)">
            <div class="stage">
            <img class="under" src="\(pictures.scene)" alt="Scene \(name)" \(image)>
            <img class="over" src="\(pictures.mask)" alt="\(alt)" \(image)>
            <input class="wipe" type="range" min="0" max="100" step="0.5" value="50" \
            aria-label="Border between scene, on the left, and mask">
            <span class="border" aria-hidden="true"></span>
            </div>
            <figcaption><span>Scene</span>\
            <label class="fader">Mask opacity <input class="fade" type="range" min="0" max="100" value="100"></label>\
            <span>Mask</span></figcaption>
            </figure>
            \(scene.classes.isEmpty ? legend(pictures.legend) : "")
            """
    }

    private func legend(_ entries: [LegendEntry]) -> String {
        let items = entries.prefix(Self.mostLines).map {
            "<li>\(swatch($0.color ?? .distinct($0.value)))\(HTMLText.name($0.name))</li>"
        }
        return items.isEmpty ? "" : "<ul class=\"legend\" aria-label=\"Legend\">\(items.joined())</ul>"
    }

    private var classes: String {
        guard !scene.classes.isEmpty else { return "" }
        let areas = scene.classes.contains { $0.hectares != nil }
        let rows = scene.classes.prefix(Self.mostLines).map { row in
            let share = scene.share(of: row)
            let amount = areas ? row.hectares.map(HTMLText.hectares) ?? "" : HTMLText.number(Double(row.pixels))
            return "<tr><th scope=\"row\">\(swatch(row.color))\(HTMLText.name(row.name))</th>"
                + "<td class=\"number\">\(HTMLText.percent(share))</td><td class=\"number\">\(amount)</td></tr>"
                + "<tr class=\"bar\" aria-hidden=\"true\"><td colspan=\"3\">\(bar(share, HTMLText.color(row.color)))</td></tr>"
        }
        let rest = scene.classes.count - Self.mostLines
        let more =
            rest > 0
            ? "<p class=\"muted\">And \(HTMLText.counted(rest, "class"))\(rest == 1 ? "" : "es") more.</p>" : ""
        return
            "<h3>Classes</h3><table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">Share</th>"
            + "<th scope=\"col\" class=\"number\">\(areas ? "Hectares" : "Pixels")</th></tr></thead>"
            + "<tbody>\(rows.joined())</tbody></table>\(more)"
    }

    private var time: String {
        guard !scene.stages.isEmpty else {
            return scene.seconds.map { "<p class=\"muted\">Took \(HTMLText.time($0)).</p>" } ?? ""
        }
        let limit = scene.stages.map(scene.utilization).max() ?? 0
        let rows = scene.stages.prefix(Self.mostLines).map { stage in
            let busy = scene.utilization(of: stage)
            let isLimit = busy == limit && limit > 0 && scene.stages.count > 1
            return "<tr><th scope=\"row\">\(HTMLText.escaped(stage.name, limit: 80))"
                + "\(isLimit ? ", <span class=\"muted\">the limit</span>" : "")</th>"
                + "<td class=\"number\">\(HTMLText.percent(busy))</td>"
                + "<td class=\"number\">\(threadTime(stage))</td></tr>"
                + "<tr class=\"bar\" aria-hidden=\"true\"><td colspan=\"3\">\(bar(busy, "var(--accent)"))</td></tr>"
        }
        return "<h3>Time\(scene.seconds.map { ": \(HTMLText.time($0))" } ?? "")</h3>"
            + "<table><thead><tr><th scope=\"col\">Stage</th><th scope=\"col\" class=\"number\">Busy</th>"
            + "<th scope=\"col\" class=\"number\">Time</th></tr></thead><tbody>\(rows.joined())</tbody></table>"
    }

    private func threadTime(_ stage: ReportScene.Stage) -> String {
        stage.threads > 1
            ? "\(stage.threads) × \(HTMLText.time(stage.busySeconds / Double(stage.threads)))"
            : HTMLText.time(stage.busySeconds)
    }

    private var facts: String {
        var facts = scene.facts
        if let size = scene.size { facts.insert(ReportFact("Size", "\(size.width) x \(size.height) pixels"), at: 0) }
        return facts.isEmpty ? "" : Self.list(facts)
    }

    static func list(_ facts: [ReportFact]) -> String {
        let items = facts.prefix(mostLines).map { fact in
            let text = HTMLText.escaped(fact.value)
            let value = fact.file.map { "<a href=\"\(HTMLText.reference($0))\">\(text)</a>" } ?? text
            return "<div><dt>\(HTMLText.escaped(fact.label, limit: 100))</dt><dd>\(value)</dd></div>"
        }
        return "<dl>\(items.joined())</dl>"
    }

    private func swatch(_ color: LegendEntry.Color) -> String {
        "<i class=\"swatch\" style=\"background:\(HTMLText.color(color))\" aria-hidden=\"true\"></i>"
    }

    private func bar(_ share: Double, _ color: String) -> String {
        "<span class=\"track\"><i style=\"width:\((share * 10_000).rounded() / 100)%;background:\(color)\"></i></span>"
    }
}
