public import FileIO
public import RasterIO
import TileGeometry

/// The agreement of a mask with the truth, pixel by pixel, wherever both have a class.
///
///     let evaluation = try Evaluation(mask: "mask.tif", truth: "labels.tif")
///     print(evaluation.matrix.mean.iou ?? 0)
///
/// Both are read in strips on the mask's grid, so memory does not grow with their size.
public struct Evaluation: Sendable {
    /// A class of the mask, the truth or both.
    public struct Class: Equatable, Sendable {
        /// The name of the class: the mask's, or else the truth's.
        public let name: String
        /// The class's value in the mask; nil if the mask has no such class.
        public let value: Int?
    }

    /// The path of the mask.
    public let mask: String
    /// The path of the truth.
    public let truth: String
    /// The classes that occur in the pixels that were compared.
    public let classes: [Class]
    /// The confusion matrix, in the order of `classes`.
    public let matrix: ConfusionMatrix
    /// The number of pixels where the truth has a class and the mask has no data.
    public let withoutMask: Int
    /// The number of pixels where the mask has a class and the truth has none, or one that is left out.
    public let withoutTruth: Int
    /// Lines for the user, such as classes that occur in only one of the two.
    public let warnings: [String]

    /// Compares a mask with a raster of the true classes, on any grid.
    ///
    /// - Parameters:
    ///   - mask: the path of a raster of classes.
    ///   - truth: the path of a raster of the true classes.
    ///   - pairs: classes of the truth and of the mask that are the same, as "1=0" or "forest=trees"; "3=none" leaves out
    ///     class 3 of the truth. Other classes are matched by name if both have names, and else by value.
    /// - Throws: `.unsupported` if a raster is not a mask, or the two do not overlap; `.badArgument` for pairs that
    ///   make no sense; `.readFailed`; and the errors of opening the two.
    public init(mask: String, truth: String, pairs: [String] = []) throws(RasterError) {
        try self.init(
            of: try RasterReader(path: mask), truth: .raster(try RasterReader(path: truth)), pairs: pairs)
    }

    /// Compares a mask with the truth.
    ///
    /// - Parameter pairs: classes of the truth and of the mask that are the same, as "1=0" or "forest=trees"; "3=none"
    ///   leaves out class 3 of the truth. Other classes are matched by name if both have names, and else by value.
    /// - Throws: `.unsupported` if a raster is not a mask, or the two do not overlap; `.badArgument` for pairs that
    ///   make no sense; `.readFailed`.
    package init(of mask: RasterReader, truth: GroundTruth, pairs: [String] = []) throws(RasterError) {
        let strips = try MaskStrips(mask)
        let placed = try PlacedTruth(truth, on: mask)
        let legend = ClassLegend(of: mask)
        let matching = try ClassMatching(
            mask: legend, truth: placed.legend, hasNamesOnly: placed.hasNamesOnly, pairs: pairs, path: truth.path)
        var count = PairCount(mask: mask.path, truth: truth.path)
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: strips.largest)
        defer { samples.deallocate() }
        try strips.forEach { (strip, values) throws(RasterError) in
            try placed.read(strip, into: samples)
            guard let start = samples.baseAddress else { return }
            try count.add(mask: values, truth: UnsafePointer(start), pixels: strip.size.area)
        }

        var table: [ClassMatching.Class: [ClassMatching.Class: Int]] = [:]
        var (found, left) = (Set<ClassMatching.Class>(), count.withoutTruth)
        for pair in count.pairs {
            guard let match = matching.match(truth: pair.truth) else {
                left += pair.pixels
                continue
            }
            found.formUnion([.mask(pair.mask), match])
            table[match, default: [:]][.mask(pair.mask), default: 0] += pair.pixels
        }
        guard !found.isEmpty else {
            throw RasterError(
                .unsupported, path: truth.path,
                "\(mask.path) and \(truth.path) do not overlap: at no pixel do both have a class; look at both in a GIS"
            )
        }
        let order = found.sorted { Self.key($0) < Self.key($1) }
        self.mask = mask.path
        self.truth = truth.path
        classes = order.map { item in
            if case .mask(let value) = item { return Class(name: matching.name(of: item), value: value) }
            return Class(name: matching.name(of: item), value: nil)
        }
        matrix = ConfusionMatrix(order.map { row in order.map { table[row]?[$0] ?? 0 } })
        withoutMask = count.withoutMask
        withoutTruth = left
        warnings = placed.warnings + Self.warnings(classes, matrix, mask.path, truth.path)
    }

    /// Returns the sort key of a class: classes of the mask by value, then those that only the truth has.
    private static func key(_ item: ClassMatching.Class) -> Int {
        switch item {
        case .mask(let value): value
        case .truth(let value): 65_536 + value
        }
    }

    private static func warnings(
        _ classes: [Class], _ matrix: ConfusionMatrix, _ mask: String, _ truth: String
    ) -> [String] {
        func names(_ counts: [Int]) -> String? {
            let missing = zip(classes, counts).filter { $0.1 == 0 }.map(\.0.name)
            return missing.isEmpty ? nil : missing.joined(separator: ", ")
        }
        var warnings: [String] = []
        if let only = names(matrix.mask) { warnings.append("only in \(truth), not in \(mask): \(only)") }
        if let only = names(matrix.truth) { warnings.append("only in \(mask), not in \(truth): \(only)") }
        return warnings
    }
}

extension Evaluation: Encodable, NumberReport {
    private enum CodingKeys: CodingKey {
        case mask, truth, pixels, pixelsWithoutMask, pixelsWithoutTruth, accuracy, kappa, microIoU, mean, weightedMean
        case classes, confusion, warnings
    }

    /// The row of a class in the report.
    private struct Row: Encodable {
        let name: String
        let value: Int?
        let truthPixels: Int
        let maskPixels: Int
        let scores: ConfusionMatrix.Scores

        private enum CodingKeys: CodingKey { case name, value, truthPixels, maskPixels }

        func encode(to encoder: any Encoder) throws {
            try scores.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encodeIfPresent(value, forKey: .value)
            try container.encode(truthPixels, forKey: .truthPixels)
            try container.encode(maskPixels, forKey: .maskPixels)
        }
    }

    private var rows: [Row] {
        classes.indices.map { index in
            Row(
                name: classes[index].name, value: classes[index].value, truthPixels: matrix.truth[index],
                maskPixels: matrix.mask[index], scores: matrix.scores(of: index))
        }
    }

    /// Encodes the scores, the classes and the confusion matrix as one object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mask, forKey: .mask)
        try container.encode(truth, forKey: .truth)
        try container.encode(matrix.total, forKey: .pixels)
        try container.encode(withoutMask, forKey: .pixelsWithoutMask)
        try container.encode(withoutTruth, forKey: .pixelsWithoutTruth)
        try container.encodeIfPresent(matrix.accuracy, forKey: .accuracy)
        try container.encodeIfPresent(matrix.kappa, forKey: .kappa)
        try container.encodeIfPresent(matrix.microIoU, forKey: .microIoU)
        try container.encode(matrix.mean, forKey: .mean)
        try container.encode(matrix.weightedMean, forKey: .weightedMean)
        try container.encode(rows, forKey: .classes)
        try container.encode(matrix.counts, forKey: .confusion)
        try container.encode(warnings, forKey: .warnings)
    }

    /// Writes CSV if the path ends in `.csv`, and JSON otherwise. The file appears under its name only when it is
    /// complete.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`, `.writeFailed`.
    public func write(to path: String, overwrite: Bool = false) throws(FileError) {
        try writeReport(to: path, overwrite: overwrite)
    }

    /// A line for each class: its scores, and then its row of the confusion matrix.
    public var csv: String {
        let names = ["value", "class", "truth_pixels", "mask_pixels", "iou", "f1", "precision", "recall"]
        let lines = rows.enumerated().map { index, row in
            let scores = [row.scores.iou, row.scores.f1, row.scores.precision, row.scores.recall]
            return CSVLine.text(
                [row.value.map { "\($0)" } ?? "", row.name, "\(row.truthPixels)", "\(row.maskPixels)"]
                    + scores.map { CSVLine.number($0) } + matrix.counts[index].map { "\($0)" })
        }
        return CSVLine.text(names + classes.map { "taken for \($0.name)" }) + lines.joined()
    }
}
