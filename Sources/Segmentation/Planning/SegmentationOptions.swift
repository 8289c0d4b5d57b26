public import Models
public import RasterIO

/// What a user may ask of a run beside scene, model and output; everything has a default.
public struct SegmentationOptions: Sendable {
    // What is nil here is taken from the model's description, and else from the default that is given.

    /// The scene's bands in the model's order, counted from 1; by default all bands but alpha.
    public var bands: [Int]?
    public var scale: Float?
    public var offset: Float?
    /// One value, or one for each of the model's bands.
    public var mean: [Float]?
    /// One value, or one for each of the model's bands.
    public var std: [Float]?
    /// Overrides the scene's own nodata value.
    public var nodata: Double?

    /// What pixels the model is given; by default those that it was trained on, where it says so, else the scene's.
    public var resolution: ResolutionChoice?
    /// The pixels of the outputs.
    public var outputPixelGrid = OutputPixelGrid.scene

    /// Input pixels of a tile on a side; by default the cost model's choice. The model's own counts only where its network
    /// is tied to the tile's size.
    public var tile: Int?
    /// Input pixels around the kept ones; at least the network's own margin, which is the default.
    public var margin: Int?
    /// By default one for each core.
    public var workers: Int?
    /// Bytes for the whole process; by default half of the machine's memory.
    public var memory: Int?

    /// Names of the classes, from class 0 on; empty for the model's own.
    public var classNames: [String] = []
    /// With one output channel: a probability above this is class 1; by default 0.5. With more: a pixel none of whose
    /// probabilities reaches it is class 0; by default the largest wins, however small.
    public var threshold: Float?
    /// What the network's outputs are; by default logits.
    public var activation: ModelDescription.Activation?
    /// What probabilities are stored as: `.float32`, or `.uint8` or `.uint16` with a scale.
    public var probabilityType = SampleType.float32
    /// Islands of fewer pixels are given to their largest neighbour in the mask; nil leaves them.
    public var sieve: Int?
    /// What the outputs are written as.
    public var format = RasterFormat.geoTIFF
    /// Creation options of the format, `KEY=VALUE`.
    public var creationOptions: [String] = []
    public var overwrites = false

    public init() {}
}

/// A wish that cannot be met, or an input that does not fit the model.
public struct SegmentationError: Error, CustomStringConvertible, Sendable {
    public enum Code: Sendable {
        /// The options contradict the model, the scene or each other.
        case usage
        /// The scene does not fit the model.
        case badData
        /// The model and one tile need more memory than is allowed.
        case memoryTooSmall
        /// Another process is making the same output.
        case locked
    }

    public let code: Code
    /// One line: what is wrong, and what to do.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension Int {
    /// "1 band", "3 bands"
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
