/// What a user may ask of a run beside scene, model and output; everything has a default.
public struct SegmentationOptions: Sendable {
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

    /// Input pixels of a tile on a side; by default the cost model's choice.
    public var tile: Int?
    /// Input pixels around the kept ones; at least the network's own margin, which is the default.
    public var margin: Int?
    /// By default one for each core.
    public var workers: Int?
    /// Bytes for the whole process; by default half of the machine's memory.
    public var memory: Int?

    /// Names of the classes, from class 0 on.
    public var classNames: [String] = []
    /// With one output channel: a probability above this is class 1.
    public var threshold: Float = 0.5
    /// GeoTIFF creation options, `KEY=VALUE`.
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
    }

    public let code: Code
    /// One line: what is wrong, and what to do.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
