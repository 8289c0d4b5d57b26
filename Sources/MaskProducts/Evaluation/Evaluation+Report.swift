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
