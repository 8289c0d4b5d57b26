package import FileIO
package import RasterIO

/// The report of a training: one HTML page that needs no other file and no network.
///
/// It shows how loss and scores went, what the network takes for what on what was held out, and the blocks of it that the
/// network does worst and best on. All text from outside is escaped. The same training makes the same page: there is no
/// time of day in it.
package struct TrainingPage: Sendable {
    /// The title of the page.
    package var title: String
    /// The epochs in their order.
    package var epochs: [Epoch]
    /// The number of the epoch whose network was kept.
    package var bestEpoch: Int
    /// Why the training ended: "no better for 10 epochs".
    package var ending: String
    /// The names of the classes, with their colours in masks.
    package var classes: [LegendEntry]
    /// The scenes and their labelled pixels.
    package var scenes: [Scene] = []
    /// What was held out, against what the network makes of it; nil where nothing was.
    package var matrix: Evaluation.ConfusionMatrix?
    /// Blocks of what was held out, the worst first.
    package var worst: [Block] = []
    /// Blocks of what was held out, the best first.
    package var best: [Block] = []
    /// What was found: bands, size of pixels.
    package var found: [ReportFact] = []
    /// The options, and what made the file.
    package var facts: [ReportFact] = []

    /// The figures of an epoch.
    package struct Epoch: Sendable {
        /// The steps that were taken so far.
        package var step: Int
        /// The mean loss of the epoch's steps.
        package var loss: Double
        /// The mean loss over what is held out.
        package var validationLoss: Double?
        /// The mean over classes of the intersection over union.
        package var meanIoU: Double?
        /// The mean over classes of F1.
        package var meanF1: Double?
        /// The learning rate.
        package var rate: Double

        /// Makes the figures of an epoch.
        package init(
            step: Int, loss: Double, validationLoss: Double?, meanIoU: Double?, meanF1: Double?, rate: Double
        ) {
            self.step = step
            self.loss = loss
            self.validationLoss = validationLoss
            self.meanIoU = meanIoU
            self.meanF1 = meanF1
            self.rate = rate
        }
    }

    /// A scene, and what is known of it.
    package struct Scene: Sendable {
        /// The name of the scene.
        package var name: String
        /// Its size: "3000 x 2000".
        package var size: String
        /// The part of it that is held out: "600 x 2000 pixels from column 0, row 0"; "nothing".
        package var heldOut: String
        /// The labelled pixels of each class.
        package var pixels: [Int]

        /// Makes the line of a scene.
        package init(name: String, size: String, heldOut: String, pixels: [Int]) {
            self.name = name
            self.size = size
            self.heldOut = heldOut
            self.pixels = pixels
        }
    }

    /// A part of what was held out.
    package struct Block: Sendable {
        /// Where it is: "scene.tif, column 512, row 0".
        package var place: String
        /// The mean over its classes of the intersection over union.
        package var meanIoU: Double
        /// What it looks like.
        package var pictures: BlockPictures

        /// Makes a block.
        package init(place: String, meanIoU: Double, pictures: BlockPictures) {
            self.place = place
            self.meanIoU = meanIoU
            self.pictures = pictures
        }
    }

    /// Makes a page of what there always is.
    package init(title: String, epochs: [Epoch], bestEpoch: Int, ending: String, classes: [LegendEntry]) {
        self.title = title
        self.epochs = epochs
        self.bestEpoch = bestEpoch
        self.ending = ending
        self.classes = classes
    }

    /// Writes the page. It appears under its name only when it is complete.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    package func write(to path: String, overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(html.utf8), to: path, overwrite: overwrite)
    }

    /// The whole page.
    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
        style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
        <meta name="generator" content="Overtile">
        <title>\(HTMLText.escaped(title, limit: 300))</title>
        <style>\(ReportStyle.text)\(TrainingStyle.text)</style>
        </head>
        <body>
        <header class="page">
        <h1>\(HTMLText.escaped(title, limit: 300))</h1>
        <p class="summary">\(summary)</p>
        </header>
        <main>
        \(curves)
        \(TrainingTables(page: self).matrix)
        \(blocks(best.isEmpty ? "How it does" : "Where it is worst", "worst", worst))
        \(blocks("Where it is best", "best", best))
        \(TrainingTables(page: self).found)
        \(about)
        </main>
        </body>
        </html>

        """
    }

    private var summary: String {
        var parts = ["epoch \(bestEpoch) of \(HTMLText.number(Double(epochs.count))) was kept"]
        if let iou = matrix?.mean.iou { parts.append("mean IoU \(HTMLText.number(iou, digits: 4))") }
        parts.append("ended, as \(HTMLText.escaped(ending, limit: 200))")
        return parts.joined(separator: " <span aria-hidden=\"true\">·</span> ")
    }

    private var curves: String {
        func values(_ value: (Epoch) -> Double?) -> [Double?] {
            epochs.map { value($0).flatMap { $0.isFinite ? $0 : nil } }
        }
        var loss = TrainingChart(
            title: "Loss", lines: [.init(name: "steps", values: values(\.loss))], best: bestEpoch - 1)
        let heldOut = values(\.validationLoss)
        if heldOut.contains(where: { $0 != nil }) { loss.lines.append(.init(name: "held out", values: heldOut)) }
        var charts = [loss]
        let iou = values(\.meanIoU)
        if iou.contains(where: { $0 != nil }) {
            charts.append(
                TrainingChart(
                    title: "Scores on what is held out",
                    lines: [.init(name: "mean IoU", values: iou), .init(name: "mean F1", values: values(\.meanF1))],
                    best: bestEpoch - 1))
        }
        return "<section class=\"card\" aria-labelledby=\"curves\"><h2 id=\"curves\">Epochs</h2><div class=\"charts\">"
            + charts.map(\.html).joined() + "</div>" + TrainingTables(page: self).epochs + "</section>"
    }

    private func blocks(_ title: String, _ anchor: String, _ blocks: [Block]) -> String {
        guard !blocks.isEmpty else { return "" }
        let items = blocks.map { block in
            "<li><h3>\(HTMLText.name(block.place)) <span class=\"muted\">mean IoU "
                + "\(HTMLText.number(block.meanIoU, digits: 3))</span></h3>\(block.pictures.html)</li>"
        }
        let legend = classes.prefix(TrainingTables.mostLines).map {
            "<li>\(TrainingTables.swatch($0))\(HTMLText.name($0.name))</li>"
        }
        return "<section class=\"card\" aria-labelledby=\"\(anchor)\"><h2 id=\"\(anchor)\">\(title)</h2>"
            + "<ul class=\"blocks\">\(items.joined())</ul>"
            + "<ul class=\"legend\" aria-label=\"Legend\">\(legend.joined())</ul></section>"
    }

    private var about: String {
        guard !facts.isEmpty else { return "" }
        return "<section class=\"card\" aria-labelledby=\"about\"><h2 id=\"about\">How it was made</h2>"
            + ReportSection.list(facts) + "</section>"
    }
}
