import ArgumentParser
import Overtile

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Compare a mask with the truth: confusion matrix, IoU, F1, precision, recall, accuracy, kappa.",
        discussion: """
            The truth is a raster of classes on any grid, of which the nearest pixel counts, or a layer of polygons \
            with a field that holds the class. Pixels where either has no class are left out. Classes are matched by \
            name if both have names, and else by value; --map overrides this.

            For one class, F1 equals the Dice coefficient. Over all classes, the accuracy equals the micro means of \
            precision, recall and F1. A score that would be 0 divided by 0 is shown as "-" and left out of means.

            The keys of --json and of an --output that is no .csv:
              pixels        number of pixels compared; pixelsWithoutMask and pixelsWithoutTruth were left out
              accuracy      share of pixels with the same class in both; kappa is the agreement beyond chance
              microIoU      intersection over union of all classes' pixels together
              mean          iou, f1, precision, recall: the mean over classes (macro)
              weightedMean  the same weighted by the truth's pixels; its iou is the frequency weighted IoU
              classes       for each class its value, name, truthPixels, maskPixels, iou, f1, precision, recall
              confusion     a row for each class of the truth, a column for each of the mask, in the classes' order
              warnings      lines about classes that occur in only one of the two, and the like

            A .csv has a line for each class, which ends with the class's row of the confusion matrix.

            Examples:
              overtile evaluate mask.tif labels.tif --map 1=0,2=1
              overtile evaluate mask.tif fields.gpkg --field crop --outside 0
            """)

    @Argument(help: "A raster of classes, as segment writes.", completion: .masks)
    var mask: String

    @Argument(help: "The truth: a raster of classes, or polygons with --field.", completion: .truths)
    var truth: String

    @Option(
        help: ArgumentHelp(
            "Classes that are the same, as TRUTH=MASK, by value or name; 3=none leaves class 3 of the truth out.",
            valueName: "1=0,2=1"))
    var map: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            The field of the polygons that holds the class, as a value or a name.
            """, valueName: "field"))
    var field: String?

    @Option(help: ArgumentHelp("The layer of the polygons, if the file has several.", valueName: "layer"))
    var layer: String?

    @Option(
        help: ArgumentHelp(
            "The class of pixels outside all polygons, by value or name. By default, they are left out.",
            valueName: "class"))
    var outside: String?

    @OptionGroup(title: "Output") var report: NumberOutputOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    mutating func validate() throws {
        guard field == nil else { return }
        if layer != nil { throw ValidationError("--layer is for polygons: give --field too") }
        if outside != nil { throw ValidationError("--outside is for polygons: give --field too") }
    }

    func run() throws {
        try report.check(against: [mask, truth])
        messages.showRasterWarnings(about: mask, truth)
        // Each row of blocks is read only once, so a small cache is enough.
        RasterCache.limit(bytes: 128 << 20)
        let mask = try RasterReader(path: mask)
        let evaluation = try Evaluation(
            of: mask, truth: try groundTruth(for: mask),
            pairs: map.flatMap { $0.split(separator: ",") }.map { String($0).trimmed })
        evaluation.warnings.forEach(messages.warn)
        try report.emit(evaluation, table: EvaluationTable.text(evaluation))
    }

    private func groundTruth(for mask: RasterReader) throws -> GroundTruth {
        guard let field else {
            do {
                return .raster(try RasterReader(path: truth))
            } catch {
                guard error.code == .notARaster, let fields = try? RasterPolygons.fields(ofFile: truth) else {
                    throw error
                }
                throw UsageError(
                    "\(truth) holds polygons or the like: say with --field which field is the class; it has "
                        + (fields.isEmpty ? "none" : fields.joined(separator: ", ")))
            }
        }
        let value = try outside.flatMap { try ClassLegend(of: mask).values(of: [$0]).first }
        return .polygons(
            try RasterPolygons(
                path: truth, layer: layer, field: field, size: mask.size, reference: mask.spatialReference),
            outside: value)
    }
}

/// Formats an evaluation as tables for people.
enum EvaluationTable {
    static func text(_ evaluation: Evaluation) -> String {
        let matrix = evaluation.matrix
        let summary = [
            ("Pixels", Text.grouped(matrix.total)),
            ("Left out", leftOut(evaluation)),
            ("Accuracy", number(matrix.accuracy)),
            ("Kappa", number(matrix.kappa)),
            ("IoU, micro", number(matrix.microIoU)),
        ]
        let names = evaluation.classes.map { Console.oneLine($0.name) }
        let counts = [matrix.truth, matrix.mask].map { $0.map { Text.grouped($0) } }
        let classes = names.indices.map { index in
            [names[index]] + cells(matrix.scores(of: index)) + counts.map { $0[index] }
        }
        let means = [
            ["mean"] + cells(matrix.mean) + ["", ""], ["mean by truth"] + cells(matrix.weightedMean) + ["", ""],
        ]
        let head = [["Class", "IoU", "F1 = Dice", "Precision", "Recall", "Truth", "Mask"]]
        let confusion =
            [["Truth \\ Mask"] + names] + zip(names, matrix.counts).map { [$0] + $1.map { Text.grouped($0) } }
        let width = Console.resultWidth
        return [
            Text.table(summary, fitting: width), Text.columns(head + classes + means, fitting: width),
            Text.columns(confusion, fitting: width),
        ].joined(separator: "\n\n")
    }

    private static func leftOut(_ evaluation: Evaluation) -> String {
        "\(Text.grouped(evaluation.withoutMask)) without data in the mask, "
            + "\(Text.grouped(evaluation.withoutTruth)) without truth"
    }

    private static func cells(_ scores: Evaluation.ConfusionMatrix.Scores) -> [String] {
        [scores.iou, scores.f1, scores.precision, scores.recall].map(number)
    }

    private static func number(_ value: Double?) -> String { value.map { Text.number($0, digits: 4) } ?? "-" }
}
