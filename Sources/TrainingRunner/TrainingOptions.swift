import Segmentation
package import Training

/// The wishes that a user may have for a training beside scenes, truth and output. Everything has a default.
package struct TrainingOptions: Sendable {
    // MARK: The network

    /// The family of a new network.
    package var family = NetworkDesign.Family.paper
    /// The sizes of map, full resolution counted; nil for the family's usual number.
    package var levels: Int?
    /// The channels at full resolution.
    package var base = 16
    /// True for a batch norm behind each convolution; the paper's network alone leaves it open.
    package var hasBatchNorm = true
    /// How maps become larger; nil for the family's usual way.
    package var upsampling: NetworkDesign.Upsampling?
    /// True for a head on each depth of U-Net++.
    package var hasDeepSupervision = false
    /// How new weights are drawn.
    package var initialWeights = InitialWeights.pytorch
    /// A checkpoint to go on from, instead of a new network.
    package var start: String?
    /// True if the encoder of that checkpoint stays as it is.
    package var freezesEncoder = false

    // MARK: The loss

    /// True for one output, class 1 against class 0, judged by binary cross entropy.
    package var isBinary = false
    /// The probability above which a pixel is class 1, for one output: the network is judged by it, and its file says so.
    package var threshold: Float = 0.5
    /// True if soft Dice is added to the loss.
    package var addsDice = false
    /// What the pixels of each class weigh.
    package var classWeights = ClassWeights.equal
    /// The weights of pixels between touching objects; nil for none.
    package var borderWeights: BorderWeights?

    /// What the pixels of each class weigh in the loss.
    package enum ClassWeights: Sendable, Equatable {
        /// All the same.
        case equal
        /// As much as they are rare: the inverse of their share, with mean 1.
        case inverseFrequency
        /// These, by class.
        case given([Double])
    }

    // MARK: The steps

    /// The crops of a step.
    package var batch = 4
    /// The input pixels of a crop on a side; nil for what suits the network.
    package var crop: Int?
    /// How parameters follow their gradients.
    package var rule = OptimizerRule.adamW()
    /// The learning rate.
    package var rate = 1e-3
    /// How the rate changes.
    package var schedule = Schedule.cosine
    /// Steps over which the rate rises from nearly 0.
    package var warmUp = 0
    /// The largest norm of the gradients; nil for any.
    package var largestGradient: Double?
    /// Where crops are drawn.
    package var draw = CropDraw.labels
    /// The changes to crops by which the network sees more than there is.
    package var augmentation = CropAugmentation()
    /// The share that the mean of the network's numbers keeps at each step, which is judged and written instead of the last
    /// step's; nil for no mean.
    package var averaging: Double?
    /// The first number of all that is drawn.
    package var seed: UInt64 = 1

    /// How the learning rate changes.
    package enum Schedule: String, CaseIterable, Sendable {
        /// Not at all.
        case constant
        /// It falls to 0 along half a wave of the cosine.
        case cosine
        /// It becomes a tenth when the validation stops improving.
        case plateau
    }

    // MARK: The end

    /// The part of each scene that is held out to judge by, 0 to 0.5.
    package var validation = 0.2
    /// The most passes over the data.
    package var epochs = 50
    /// The most steps; nil for any number.
    package var steps: Int?
    /// The seconds after which no other epoch begins; nil for any number.
    package var seconds: Double?
    /// The epochs without a better mean IoU after which the training ends.
    package var patience = 10

    // MARK: The machine

    /// The threads that share out each step; nil for one for each processor that the process may use.
    package var workers: Int?
    /// The bytes that the process may use; nil for half of the machine's memory, or of what its control group allows.
    package var memory: Int?
    /// True if the output may replace a file.
    package var overwrites = false

    /// The usual wishes.
    package init() {}

    /// The bytes that the process may use.
    package var memoryLimit: Int { budget.total }
    /// The bytes of these for blocks of scenes that GDAL keeps decoded.
    package var rasterCacheBytes: Int { budget.rasterCacheBytes }

    private var budget: MemoryBudget { memory.map { MemoryBudget(total: $0) } ?? .standard }
}

/// Where crops are drawn.
package enum CropDraw: String, CaseIterable, Sendable {
    /// As often as there are labels.
    case labels
    /// Each class as often as any other.
    case classes
    /// Nine of ten where classes meet, and the others as often as there are labels.
    case borders
}

/// The changes to crops by which the network sees more than there is.
package struct CropAugmentation: Sendable, Hashable {
    /// True for mirroring on both axes.
    package var flips = true
    /// True for quarter turns.
    package var turns = true
    /// The largest share by which a band's contrast and brightness are changed, in its standard deviations.
    package var intensity = 0.1
    /// The standard deviation, in pixels, of the paper's elastic deformation; 0 for none.
    package var elastic = 0.0
    /// The class that is painted over, and with what; nil for none.
    package var plasma: Plasma?

    /// The usual augmentation: flips, quarter turns, a tenth more or less of each band.
    package init() {}

    /// Crops as they are.
    package static let none: CropAugmentation = {
        var none = CropAugmentation()
        (none.flips, none.turns, none.intensity) = (false, false, 0)
        return none
    }()
}
