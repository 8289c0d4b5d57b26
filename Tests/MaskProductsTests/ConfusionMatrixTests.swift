import MaskProducts
import Testing

/// The measures of a confusion matrix, worked out by hand.
@Suite struct ConfusionMatrixTests {
    private func isClose(_ value: Double?, _ expected: Double) -> Bool {
        value.map { abs($0 - expected) < 1e-12 } ?? false
    }

    @Test("two classes")
    func two() {
        // 50 pixels: 20 true negatives, 5 false positives, 10 false negatives, 15 true positives.
        let matrix = Evaluation.ConfusionMatrix([[20, 5], [10, 15]])
        #expect(matrix.truth == [25, 25] && matrix.mask == [30, 20] && matrix.total == 50)
        #expect(isClose(matrix.accuracy, 35.0 / 50))
        // Chance: 0.5 x 0.6 + 0.5 x 0.4 = 0.5; the textbook's example of kappa.
        #expect(isClose(matrix.kappa, 0.4))
        let scores = matrix.scores(of: 1)
        #expect(isClose(scores.iou, 15.0 / 30) && isClose(scores.f1, 30.0 / 45))
        #expect(isClose(scores.precision, 15.0 / 20) && isClose(scores.recall, 15.0 / 25))
        #expect(isClose(matrix.mean.iou, (20.0 / 35 + 0.5) / 2))
        #expect(isClose(matrix.microIoU, 35.0 / 65))
    }

    @Test("three classes, of which one is rare: means by class and by the truth's pixels differ")
    func three() {
        let matrix = Evaluation.ConfusionMatrix([[80, 10, 0], [5, 45, 0], [6, 2, 2]])
        #expect(isClose(matrix.scores(of: 2).precision, 1) && isClose(matrix.scores(of: 2).recall, 0.2))
        #expect(isClose(matrix.scores(of: 0).iou, 80.0 / 101))
        let ious = [80.0 / 101, 45.0 / 62, 2.0 / 10]
        #expect(isClose(matrix.mean.iou, (ious[0] + ious[1] + ious[2]) / 3))
        #expect(isClose(matrix.weightedMean.iou, (90 * ious[0] + 50 * ious[1] + 10 * ious[2]) / 150))
        // Weighted by the truth, recall is the accuracy.
        #expect(isClose(matrix.weightedMean.recall, 127.0 / 150) && isClose(matrix.accuracy, 127.0 / 150))
    }

    @Test("quotients of zeros are nothing, and no part of a mean")
    func zeros() {
        // The mask never has class 1; nobody has class 2.
        let matrix = Evaluation.ConfusionMatrix([[8, 0, 0], [2, 0, 0], [0, 0, 0]])
        let missed = matrix.scores(of: 1)
        #expect(missed.precision == nil && missed.recall == 0 && missed.f1 == 0 && missed.iou == 0)
        #expect(
            matrix.scores(of: 2) == Evaluation.ConfusionMatrix.Scores(iou: nil, f1: nil, precision: nil, recall: nil))
        #expect(isClose(matrix.mean.precision, 0.8) && isClose(matrix.mean.recall, 0.5))
        #expect(matrix.kappa == 0)
        // One class: chance agrees everywhere.
        #expect(Evaluation.ConfusionMatrix([[7]]).kappa == nil && Evaluation.ConfusionMatrix([[7]]).accuracy == 1)
        #expect(Evaluation.ConfusionMatrix([[0]]).accuracy == nil && Evaluation.ConfusionMatrix([]).kappa == nil)
    }
}
