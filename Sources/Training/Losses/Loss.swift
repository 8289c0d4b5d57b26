/// What training makes small: how far a network's scores are from the truth.
///
///     Loss(.crossEntropy, classWeights: [1, 4], addsDice: true)
package struct Loss: Hashable, Sendable {
    /// How the scores of a pixel are judged.
    package enum Kind: Hashable, Sendable {
        /// `-log(softmax(scores)[class])`.
        case crossEntropy
        /// Binary cross entropy with logits, of one output: class 1 against the rest.
        case binaryCrossEntropy
    }

    /// How the scores of a pixel are judged.
    package var kind: Kind
    /// What a pixel of each class weighs; nil for 1.
    package var classWeights: [Double]?
    /// True if soft Dice is added: 1 less the mean over classes of `(2 Σpt + 1) / (Σp + Σt + 1)`, over all labelled pixels
    /// of the batch, where p are probabilities and t is 1 where the class is true. For one output it is of class 1.
    package var addsDice: Bool

    /// The target of pixels that count for nothing.
    package static let unlabelled: UInt8 = 255

    /// A loss; pixels of all classes weigh the same where nothing else is said.
    package init(_ kind: Kind = .crossEntropy, classWeights: [Double]? = nil, addsDice: Bool = false) {
        self.kind = kind
        self.classWeights = classWeights
        self.addsDice = addsDice
    }
}

/// A batch of crops with their labels.
package struct TrainingBatch: Sendable {
    /// The pixels as the network takes them, (samples, bands, height, width).
    package var images: [Float]
    /// The class of each pixel of the network's output, (samples, height, width); `Loss.unlabelled` for none.
    package var targets: [UInt8]
    /// What each of these pixels weighs; nil for 1.
    package var weights: [Float]?

    /// A batch of these crops.
    package init(images: [Float], targets: [UInt8], weights: [Float]? = nil) {
        self.images = images
        self.targets = targets
        self.weights = weights
    }

    /// One of so many equal parts of the samples.
    func part(_ index: Int, of parts: Int) -> TrainingBatch {
        func part<Element>(_ all: [Element]) -> [Element] {
            let count = all.count / parts
            return Array(all[index * count..<(index + 1) * count])
        }
        return TrainingBatch(images: part(images), targets: part(targets), weights: weights.map(part))
    }
}
