package import RasterIO
import TileGeometry

/// How well a mask agrees with the truth, pixel by pixel, where both say something.
///
/// Both are read in strips on the mask's grid: memory does not grow with them.
public struct Evaluation: Sendable {
    /// A class of the mask, the truth or both.
    public struct Class: Equatable, Sendable {
        public let name: String
        /// The mask's value; nil where the mask knows no such class.
        public let value: Int?
    }

    public let mask: String
    public let truth: String
    /// Those that occur where the two are compared.
    public let classes: [Class]
    /// In the order of `classes`.
    public let matrix: ConfusionMatrix
    /// Pixels where the mask has no data and the truth says something.
    public let withoutMask: Int
    /// Pixels where the mask has a class and the truth says nothing, or what was to be left out.
    public let withoutTruth: Int
    /// What the user should know: classes that only one of the two has.
    public let warnings: [String]

    /// - Parameter pairs: classes of the truth and of the mask that are the same, as "1=0" or "forest=trees"; "3=none"
    ///   leaves out what the truth calls 3. Others are matched by name where both have names, and by value else.
    /// - Throws: `.unsupported` for what is no mask, and where the two do not overlap; `.badArgument` for pairs that
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

    /// Classes of the mask by value, those of the truth alone behind them.
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

extension Evaluation: NumberReport {
    private enum CodingKeys: CodingKey {
        case mask, truth, pixels, pixelsWithoutMask, pixelsWithoutTruth, accuracy, kappa, microIoU, mean, weightedMean
        case classes, confusion, warnings
    }

    /// One class in a file.
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

    /// A line for each class, with its row of the confusion matrix behind the scores.
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
