public import Models
public import RasterIO

/// The wishes that a user may have for a run beside the scene, the model and the outputs. Everything has a default.
///
/// A property that is nil is taken from the model's description, and where that says nothing, from the default that is
/// given here.
///
///     var options = SegmentationOptions()
///     options.scale = 1 / 10_000
///     options.classNames = ["land", "water"]
public struct SegmentationOptions: Sendable {
    // MARK: The scene's pixels

    /// The scene's bands in the model's order, by number or by name; by default all bands but alpha.
    public var bands: [ModelDescription.BandSelector]?
    /// The pixels that all bands are laid on, where the scene is made of several files.
    public var stackResolution = StackResolution.first
    /// True if the scale and the offset that the scene's bands carry are applied before everything else; by default they
    /// are not.
    public var appliesStoredScale: Bool?
    /// The factor that pixels are multiplied with first; by default 1/255 for bytes, and 1 for all other types.
    public var scale: Float?
    /// The number that is added to scaled pixels; by default 0.
    public var offset: Float?
    /// The mean that is then subtracted: one value, or one for each of the model's bands; by default 0.
    public var mean: [Float]?
    /// The standard deviation that pixels are divided by last: one value, or one for each of the model's bands; by
    /// default 1.
    public var std: [Float]?
    /// The value of pixels without data; by default the scene's own.
    public var nodata: Double?
    /// Who chooses the four above: whoever says something, or what the network's norms remember of its training, where that
    /// is clearly another scaling.
    public var scaling = ScalingChoice.asSaid
    /// True if what the network is given is compared with what its norms remember, so that a wrong scaling is warned of.
    public var checksFeed = true

    /// What opening the scene may reach; by default all that GDAL does.
    package var access = RasterAccess.anything

    /// The part of the scene that is wanted; by default all of it. Outputs cover its bounding box.
    public var area: AreaOfInterest?

    /// The size of the pixels that the model is given; by default that of the pixels that it was trained on, where it says
    /// so, else the scene's.
    public var resolution: Resolution?
    /// The pixels of the outputs.
    public var outputPixelGrid = PixelGrid.scene
    /// True if a scene may be given to the model in more than a hundred times its own pixels.
    package var allowsManyPixels = false

    // MARK: Tiles, workers and memory

    /// The input pixels of a tile on a side; by default the cost model's choice. The model's own tile counts only where its
    /// network is tied to the tile's size.
    public var tile: Int?
    /// The input pixels around those that are kept; by default the network's own margin, which is also the least.
    public var margin: Int?
    /// The number of tiles that are computed at the same time; by default one for each processor that the process may use.
    public var workers: Int?
    /// The bytes that the whole process may use; by default half of the machine's memory, or of what its control group allows.
    public var memory: Int?

    // MARK: The outputs

    /// The names of the classes, from class 0 on; empty for the model's own.
    public var classNames: [String] = []
    /// With one output channel, a pixel is class 1 if its probability is above this; by default 0.5. With more channels, a
    /// pixel is class 0 if none of its probabilities reaches this; by default the largest wins, however small.
    public var threshold: Float?
    /// The meaning of the network's outputs; by default logits.
    public var activation: ModelDescription.Activation?
    /// What the network's outputs are for; by default what the model says, and else one class for each pixel.
    public var task: ModelTask?
    /// The classes that are left out of the mask, by name or by number from 0 on: their pixels have no data.
    public var skippedClasses: [String] = []
    /// The symmetries whose mean is taken; by default each tile is run once, as it is.
    public var augmentation: Augmentation?
    /// The type that probabilities are stored as: `.float32`, or `.uint8` or `.uint16` with a scale.
    public var probabilityType = SampleType.float32
    /// The number of pixels that an island of the mask needs to stay: smaller ones are given to their largest neighbour;
    /// nil leaves all islands.
    public var sieve: Int?
    /// The kind of file that the outputs are.
    public var format = RasterFormat.geoTIFF
    /// Creation options of the format, as `KEY=VALUE`.
    public var creationOptions: [String] = []
    /// True if files under the outputs' names are replaced.
    public var overwrites = false

    /// Makes options that leave everything to the defaults.
    public init() {}
}

/// Who chooses how pixels are scaled.
///
///     var options = SegmentationOptions()
///     options.scaling = .auto
public enum ScalingChoice: String, Sendable, CaseIterable {
    /// The options, else the model's description, else the default.
    case asSaid = "said"
    /// What the network's norms remember of its training, where a usual scaling fits it clearly better.
    case auto
}

/// A wish that cannot be met, or an input that does not fit the model.
///
///     do {
///         print(try SceneRun(scene: "scene.tif", model: model, outputs: OutputSet(mask: "mask.tif")).tiles)
///     } catch let error as SegmentationError where error.code == .memoryTooSmall {
///         print(error)
///     }
public struct SegmentationError: Error, CustomStringConvertible, Sendable {
    /// The kind of trouble, for code that acts on it.
    public enum Code: Sendable {
        /// The options contradict the model, the scene or each other.
        case usage
        /// The scene does not fit the model.
        case badData
        /// The model and one tile need more memory than is allowed.
        case memoryTooSmall
        /// The scene has no pixel in the area that is wanted.
        case outsideArea
        /// Another process is making the same output.
        case locked
        /// The scene was written to while it was read.
        case changed
        /// The system gives too few threads, or too little memory.
        case shortOfResources
    }

    /// The kind of trouble.
    public let code: Code
    /// One line that says what is wrong, and what to do.
    public let description: String
    /// What a person may be asked, whose yes is `SegmentationOptions.allowsManyPixels`; nil where nothing is to be asked.
    package let question: String?

    init(_ code: Code, _ description: String, question: String? = nil) {
        self.code = code
        self.description = description
        self.question = question
    }
}

extension Int {
    /// Returns a number with its noun: "1 band", "3 bands".
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
