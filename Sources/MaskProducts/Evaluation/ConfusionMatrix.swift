/// How often pixels of one class were taken for another, and what follows from it.
///
/// The measures are those of scikit-learn, names included. A measure is nil where it is a quotient of zeros: the
/// precision of a class that the mask never has, the recall of one that the truth never has. Means leave such classes
/// out.
public struct ConfusionMatrix: Equatable, Sendable {
    /// Truth down, mask across: `counts[t][m]` pixels are of class t and were taken for class m.
    public let counts: [[Int]]

    /// - Precondition: the matrix is square.
    public init(_ counts: [[Int]]) {
        precondition(counts.allSatisfy { $0.count == counts.count }, "a confusion matrix is square")
        self.counts = counts
        truth = counts.map { $0.reduce(0, +) }
        mask = counts.indices.map { column in counts.reduce(0) { $0 + $1[column] } }
        total = truth.reduce(0, +)
        correct = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    }

    /// Pixels of each class in the truth.
    public let truth: [Int]
    /// Pixels of each class in the mask.
    public let mask: [Int]
    public let total: Int
    /// Pixels that both say are of the same class.
    public let correct: Int

    /// How well one class was found.
    public struct Scores: Equatable, Sendable, Encodable {
        /// Intersection over union, Jaccard's index: TP / (TP + FP + FN).
        public var iou: Double?
        /// The harmonic mean of precision and recall. For one class Dice's coefficient is the same number.
        public var f1: Double?
        /// The part of what the mask takes for the class that is of it; the user's accuracy of remote sensing.
        public var precision: Double?
        /// The part of the class that the mask finds; the producer's accuracy.
        public var recall: Double?

        public init(iou: Double?, f1: Double?, precision: Double?, recall: Double?) {
            self.iou = iou
            self.f1 = f1
            self.precision = precision
            self.recall = recall
        }
    }

    public func scores(of index: Int) -> Scores {
        let (hits, truth, mask) = (counts[index][index], truth[index], mask[index])
        return Scores(
            iou: Self.quotient(hits, truth + mask - hits), f1: Self.quotient(2 * hits, truth + mask),
            precision: Self.quotient(hits, mask), recall: Self.quotient(hits, truth))
    }

    /// The part of all pixels that both say are of the same class. Over all classes, precision, recall and F1 (micro
    /// means) are this number too.
    public var accuracy: Double? { Self.quotient(correct, total) }

    /// Intersection over union of all classes' pixels together (the micro mean).
    public var microIoU: Double? { Self.quotient(correct, 2 * total - correct) }

    /// Cohen's kappa: by how much the agreement exceeds that of two rasters with these classes by chance, 1 for all of
    /// it. nil where chance leaves no room, as with one class only.
    public var kappa: Double? {
        guard total > 0 else { return nil }
        let whole = Double(total)
        let chance = counts.indices.reduce(0) { $0 + Double(truth[$1]) / whole * Double(mask[$1]) / whole }
        return chance < 1 ? (Double(correct) / whole - chance) / (1 - chance) : nil
    }

    /// The mean over classes (macro).
    public var mean: Scores { average { _ in 1 } }

    /// The mean over classes, each weighted by its pixels in the truth; of the IoU, the frequency weighted IoU.
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
