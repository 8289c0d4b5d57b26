extension Evaluation {
    /// The counts of pixels of one class that were taken for another, and the scores that follow from it.
    ///
    ///     let matrix = Evaluation.ConfusionMatrix([[50, 2], [3, 45]])
    ///     print(matrix.accuracy!)  // 0.95
    ///
    /// Scores are defined and named as in scikit-learn. A score that would be 0 divided by 0 is nil: the precision of a
    /// class that does not occur in the mask, or the recall of one that does not occur in the truth. Means leave such
    /// classes out.
    public struct ConfusionMatrix: Equatable, Sendable {
        /// The counts, classes x classes: `counts[t][m]` pixels are of class t in the truth and of class m in the mask.
        public let counts: [[Int]]

        /// Makes a matrix of counts, rows for the truth and columns for the mask.
        ///
        /// - Precondition: the matrix is square.
        public init(_ counts: [[Int]]) {
            precondition(counts.allSatisfy { $0.count == counts.count }, "a confusion matrix is square")
            self.counts = counts
            truth = counts.map { $0.reduce(0, +) }
            mask = counts.indices.map { column in counts.reduce(0) { $0 + $1[column] } }
            total = truth.reduce(0, +)
            correct = counts.indices.reduce(0) { $0 + counts[$1][$1] }
        }

        /// The number of pixels of each class in the truth.
        public let truth: [Int]
        /// The number of pixels of each class in the mask.
        public let mask: [Int]
        /// The number of pixels that were compared.
        public let total: Int
        /// The number of pixels that have the same class in both.
        public let correct: Int

        /// The scores of one class, or their mean over classes. Each is 0 to 1, or nil if it is not defined.
        public struct Scores: Equatable, Sendable, Encodable {
            /// Intersection over union (the Jaccard index): TP / (TP + FP + FN).
            public var iou: Double?
            /// The harmonic mean of precision and recall. For one class, it equals the Dice coefficient.
            public var f1: Double?
            /// TP / (TP + FP): the part of the class's pixels in the mask that is right. In remote sensing, user's
            /// accuracy.
            public var precision: Double?
            /// TP / (TP + FN): the part of the class's pixels in the truth that the mask finds. In remote sensing,
            /// producer's accuracy.
            public var recall: Double?

            /// Makes scores of known numbers.
            public init(iou: Double?, f1: Double?, precision: Double?, recall: Double?) {
                self.iou = iou
                self.f1 = f1
                self.precision = precision
                self.recall = recall
            }
        }

        /// Returns the scores of a class, by its index in the matrix.
        public func scores(of index: Int) -> Scores {
            let (hits, truth, mask) = (counts[index][index], truth[index], mask[index])
            return Scores(
                iou: Self.quotient(hits, truth + mask - hits), f1: Self.quotient(2 * hits, truth + mask),
                precision: Self.quotient(hits, mask), recall: Self.quotient(hits, truth))
        }

        /// The part of all pixels that have the same class in both. The micro means of precision, recall and F1 over all
        /// classes are the same number.
        public var accuracy: Double? { Self.quotient(correct, total) }

        /// The micro mean of the IoU: intersection over union of the pixels of all classes together.
        public var microIoU: Double? { Self.quotient(correct, 2 * total - correct) }

        /// Cohen's kappa: the agreement beyond chance. It is 1 for full agreement and 0 for what two unrelated rasters with
        /// these class frequencies would have. nil if chance alone gives full agreement, as with one class only.
        public var kappa: Double? {
            guard total > 0 else { return nil }
            let whole = Double(total)
            let chance = counts.indices.reduce(0) { $0 + Double(truth[$1]) / whole * Double(mask[$1]) / whole }
            return chance < 1 ? (Double(correct) / whole - chance) / (1 - chance) : nil
        }

        /// The macro mean: the mean over classes, all of equal weight.
        public var mean: Scores { average { _ in 1 } }

        /// The mean over classes, weighted by their pixels in the truth. Its IoU is the frequency weighted IoU.
        public var weightedMean: Scores { average { Double(truth[$0]) } }

        private func average(_ weight: (Int) -> Double) -> Scores {
            let all = counts.indices.map { (scores: scores(of: $0), weight: weight($0)) }
            func mean(_ score: (Scores) -> Double?) -> Double? {
                let known = all.compactMap { item in score(item.scores).map { ($0, item.weight) } }
                let sum = known.reduce(0) { $0 + $1.1 }
                return sum > 0 ? known.reduce(0) { $0 + $1.0 * $1.1 } / sum : nil
            }
            return Scores(iou: mean(\.iou), f1: mean(\.f1), precision: mean(\.precision), recall: mean(\.recall))
        }

        private static func quotient(_ part: Int, _ whole: Int) -> Double? {
            whole > 0 ? Double(part) / Double(whole) : nil
        }
    }
}
