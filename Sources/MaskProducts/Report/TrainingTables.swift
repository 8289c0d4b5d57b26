import RasterIO

/// The tables of a training's report.
struct TrainingTables {
    let page: TrainingPage

    /// The most lines of a table; further ones are only counted.
    static let mostLines = 50
    /// The most epochs that are written out.
    private static let mostEpochs = 1000
    /// The most classes whose confusion is shown pair by pair.
    private static let mostPairs = 20

    static func swatch(_ entry: LegendEntry) -> String {
        "<i class=\"swatch\" style=\"background:\(HTMLText.color(entry.color ?? .distinct(entry.value)))\" "
            + "aria-hidden=\"true\"></i>"
    }

    private func score(_ value: Double?) -> String { value.map { HTMLText.number($0, digits: 3) } ?? "–" }

    private func table(_ head: [String], _ rows: [String], more: Int = 0, _ noun: String = "") -> String {
        let cells = head.enumerated().map { "<th scope=\"col\"\($0 == 0 ? "" : " class=\"number\"")>\($1)</th>" }
        return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(noun)\"><table><thead><tr>"
            + cells.joined() + "</tr></thead><tbody>\(rows.joined())</tbody></table></div>"
            + (more > 0 ? "<p class=\"muted\">And \(HTMLText.number(Double(more))) more.</p>" : "")
    }

    /// All epochs, which can be opened.
    var epochs: String {
        let rows = page.epochs.prefix(Self.mostEpochs).enumerated().map { index, epoch in
            let numbers = [
                HTMLText.number(Double(epoch.step)), HTMLText.number(epoch.loss, digits: 4),
                epoch.validationLoss.map { HTMLText.number($0, digits: 4) } ?? "–",
                epoch.meanIoU.map { HTMLText.number($0, digits: 4) } ?? "–",
                epoch.meanF1.map { HTMLText.number($0, digits: 4) } ?? "–", "\(Float(epoch.rate))",
            ]
            let isBest = index + 1 == page.bestEpoch
            return "<tr><th scope=\"row\">\(index + 1)\(isBest ? " <span class=\"state good\">kept</span>" : "")</th>"
                + numbers.map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
        }
        return "<details><summary>All epochs</summary>"
            + table(
                ["Epoch", "Steps", "Loss", "Held out", "Mean IoU", "Mean F1", "Rate"], rows,
                more: page.epochs.count - rows.count, "Epochs") + "</details>"
    }

    /// The scores of each class, and what was taken for what.
    var matrix: String {
        guard let matrix = page.matrix else { return "" }
        var rows = page.classes.indices.prefix(Self.mostLines).map { index in
            let scores = matrix.scores(of: index)
            return row(
                "\(Self.swatch(page.classes[index]))\(HTMLText.name(page.classes[index].name))",
                [scores.iou, scores.f1, scores.precision, scores.recall].map(score)
                    + [HTMLText.number(Double(matrix.truth[index]))])
        }
        let mean = matrix.mean
        rows.append(
            row(
                "<strong>mean</strong>",
                [mean.iou, mean.f1, mean.precision, mean.recall].map(score) + [HTMLText.number(Double(matrix.total))]))
        return "<section class=\"card\" aria-labelledby=\"classes\"><h2 id=\"classes\">Classes on what is held out</h2>"
            + table(
                ["Class", "IoU", "F1", "Precision", "Recall", "Pixels"], rows,
                more: page.classes.count - rows.count + 1,
                "Scores") + confusion(matrix) + "</section>"
    }

    private func row(_ head: String, _ cells: [String]) -> String {
        "<tr><th scope=\"row\">\(head)</th>\(cells.map { "<td class=\"number\">\($0)</td>" }.joined())</tr>"
    }

    /// Rows are what is true, and columns what it was taken for; a cell's colour is its share of the row.
    private func confusion(_ matrix: Evaluation.ConfusionMatrix) -> String {
        guard page.classes.count <= Self.mostPairs else { return "" }
        let head = page.classes.map { "\(Self.swatch($0))\(HTMLText.name($0.name))" }
        let rows = page.classes.indices.map { truth in
            let cells = page.classes.indices.map { found -> String in
                let count = matrix.counts[truth][found]
                let share = matrix.truth[truth] > 0 ? Double(count) / Double(matrix.truth[truth]) : 0
                return "<td class=\"number cell\" style=\"--share:\((share * 1000).rounded() / 10)%\">"
                    + "\(HTMLText.percent(share))<br>\(HTMLText.number(Double(count)))</td>"
            }
            return "<tr><th scope=\"row\">\(head[truth])</th>\(cells.joined())</tr>"
        }
        return "<h3>What is taken for what</h3><p class=\"muted\">Rows are the truth, columns the mask.</p>"
            + table(["Truth"] + head, rows, "Confusion matrix")
    }

    /// The scenes with their labelled pixels, the bands and the size of pixels.
    var found: String {
        let rows = page.scenes.prefix(Self.mostLines).map { scene in
            row(
                HTMLText.name(scene.name),
                [HTMLText.escaped(scene.size), HTMLText.escaped(scene.heldOut)]
                    + scene.pixels.prefix(Self.mostPairs).map { HTMLText.number(Double($0)) })
        }
        let names = page.classes.prefix(Self.mostPairs).map { HTMLText.name($0.name) }
        return "<section class=\"card\" aria-labelledby=\"found\"><h2 id=\"found\">What was found</h2>"
            + table(
                ["Scene", "Size", "Held out"] + names, rows, more: page.scenes.count - rows.count,
                "Labelled pixels of each scene") + ReportSection.list(page.found) + "</section>"
    }
}
