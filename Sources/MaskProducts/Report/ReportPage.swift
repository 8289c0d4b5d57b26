import Dispatch
package import FileIO
import RasterIO
import Synchronization
import TileGeometry

/// The report of a run over one scene or thousands: one HTML page that needs no other file and no network.
///
/// Pictures are as large as a page of about 20 MB allows. All text from outside, such as the names of files, is
/// escaped. The same input makes the same page.
package struct ReportPage: Sendable {
    /// The title of the page.
    package var title: String
    /// The scenes in the order of the run. The page shows failures first.
    package var scenes: [ReportScene]
    /// The facts that hold for all scenes: model, version, plan, options.
    package var facts: [ReportFact] = []
    /// The end of the run, as text for people; nil leaves it out.
    package var date: String?
    /// The size limit of the page in bytes. If the text alone has more, there are no pictures.
    package var byteLimit = 20_000_000

    /// Makes a page of a title and scenes.
    package init(title: String, scenes: [ReportScene]) {
        self.title = title
        self.scenes = scenes
    }

    /// The most scenes that get a section of their own; failures come first.
    static let mostSections = 2000
    /// The most lines of the table; further scenes are only counted.
    static let mostRows = 20_000
    /// The most bytes of the pictures of one scene.
    private static let largestBudget = 1_300_000

    /// Writes the page. It appears under its name only when it is complete.
    ///
    /// A picture that cannot be made is no failure: the page says why it is missing.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    package func write(to path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.check(path: path, overwrite: overwrite)
        try StagedDocument.write(Array(html().utf8), to: path, overwrite: overwrite)
    }

    /// Returns the whole page.
    package func html() -> String {
        let shown = sections
        let bare = document(shown.map { ReportSection(page: self, scene: $0.scene, number: $0.number, pictures: nil) })
        let illustrated = shown.count { $0.scene.scene != nil && $0.scene.mask != nil }
        guard illustrated > 0 else { return bare }
        let room = max(0, byteLimit - bare.utf8.count)
        let budget = min(Self.largestBudget, room / illustrated - 1000)
        let pictures = Mutex<[Int: Result<ReportPictures?, RasterError>]>([:])
        DispatchQueue.concurrentPerform(iterations: shown.count) { index in
            guard let made = Self.pictures(of: shown[index].scene, budget: budget) else { return }
            pictures.withLock { $0[index] = made }
        }
        let made = pictures.withLock { $0 }
        return document(
            shown.enumerated().map { index, item in
                ReportSection(page: self, scene: item.scene, number: item.number, pictures: made[index])
            })
    }

    private static func pictures(of scene: ReportScene, budget: Int) -> Result<ReportPictures?, RasterError>? {
        guard let path = scene.scene, let mask = scene.mask else { return nil }
        return Result { () throws(RasterError) in
            try ReportPictures(
                scene: path, access: scene.access, mask: mask, bands: scene.bands, preview: scene.preview,
                budget: budget)
        }
    }

    /// The scenes in the order of the page, failures first, each with its number in the run.
    var ordered: [(number: Int, scene: ReportScene)] {
        let all = scenes.enumerated().map { (number: $0.offset + 1, scene: $0.element) }
        return all.filter { $0.scene.error != nil } + all.filter { $0.scene.error == nil }
    }

    /// The scenes that have a section of their own.
    private var sections: [(number: Int, scene: ReportScene)] { Array(ordered.prefix(Self.mostSections)) }

    private func document(_ sections: [ReportSection]) -> String {
        HTMLText.page(
            title: title, summary: summary, script: (ReportScript.text, ReportScript.digest),
            main: [
                scenes.count == 1 ? "" : ReportOverview(page: self).html,
                sections.map(\.html).joined(separator: "\n"), about,
            ].joined(separator: "\n"))
    }

    private var summary: String {
        let failed = scenes.count { $0.error != nil }
        var parts = scenes.count == 1 ? [] : [HTMLText.counted(scenes.count, "scene")]
        if failed > 0 {
            parts.append("<strong class=\"bad\">\(scenes.count == 1 ? "" : "\(failed) ")failed</strong>")
        } else if scenes.count > 1 {
            parts.append("all done")
        }
        let warned = scenes.count { !$0.warnings.isEmpty }
        if warned > 0, scenes.count > 1 { parts.append("\(warned) with warnings") }
        let pixels = scenes.compactMap { $0.error == nil ? $0.size?.area : nil }.reduce(0, +)
        if pixels > 0 {
            let millions = Double(pixels) / 1e6
            parts.append("\(HTMLText.number(millions, digits: millions < 9.95 ? 2 : 0)) million pixels")
        }
        let seconds = scenes.compactMap(\.seconds).reduce(0, +)
        if seconds > 0 { parts.append(HTMLText.time(seconds)) }
        if let date { parts.append(HTMLText.escaped(date, limit: 100)) }
        return parts.joined(separator: " <span aria-hidden=\"true\">·</span> ")
    }

    private var about: String {
        guard !facts.isEmpty else { return "" }
        return "<section class=\"card\" aria-labelledby=\"about\"><h2 id=\"about\">How it was made</h2>"
            + ReportSection.list(facts) + "</section>"
    }
}
