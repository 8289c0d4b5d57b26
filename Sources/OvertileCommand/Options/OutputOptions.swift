public import ArgumentParser
public import Overtile

/// The model, and the paths of the outputs.
struct FileOptions: ParsableArguments {
    @OptionGroup var networks: ModelPaths

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            The mask, a GeoTIFF. For several scenes, an existing folder. It may be in object storage, as may all other outputs \
            then: /vsis3/bucket/mask.tif, /vsigs/..., /vsiaz/...
            """, valueName: "path"), completion: .masks)
    var output: String

    @OptionGroup var others: SceneRasterOptions

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace outputs that exist.")
    var overwrite = false

    @Option(
        help: ArgumentHelp(
            """
            The folder in which outputs are made that go into object storage, before they are uploaded. By default, one in \
            the user's cache.
            """, valueName: "folder"), completion: .directory)
    var scratch: String?

    @Option(
        help: ArgumentHelp(
            """
            The folder in object storage in which parts of an output there keep their work (see --part). By default, a hidden \
            one beside the mask.
            """, valueName: "folder"))
    var work: String?
}

/// The meaning of the outputs, and the form in which they are written.
struct OutputOptions: ParsableArguments {
    @OptionGroup var classes: ClassOptions

    @Option(
        name: [.long, .customLong("of", withSingleDash: true)],
        help: ArgumentHelp(
            """
            The format of the outputs: GeoTIFF, or cloud-optimised GeoTIFF with overviews, for viewing over a network. \
            While a cloud-optimised file is made, the disk needs room for it twice.
            """, valueName: "GTiff|COG"))
    var of = RasterFormat.geoTIFF

    @Option(
        help: ArgumentHelp(
            """
            How --probabilities are stored: as float32, or in steps of 0.004 (uint8, 255 for no data) or 0.00002 \
            (uint16, 65535 for no data), with the bands' scale.
            """, valueName: "float32|uint8|uint16"))
    var probabilitiesType = ProbabilitiesType.float32

    @Option(
        help: ArgumentHelp(
            """
            Remove islands of fewer pixels than this from the mask: each becomes part of its largest neighbour. \
            Probabilities and confidence stay as they are.
            """, valueName: "pixels"))
    var sieve: Int?

    @Option(
        help: ArgumentHelp(
            """
            Classes that are left out of the mask, by name or number: their pixels are written as pixels without data, \
            and have no polygons.
            """, valueName: "clouds,0"))
    var skipClasses: String?

    @Option(
        name: [.long, .customLong("co", withSingleDash: true)],
        help: ArgumentHelp(
            """
            A creation option of GDAL's driver (see --of), such as COMPRESS=ZSTD. May be repeated.
            """, valueName: "KEY=VALUE"
        ))
    var co: [String] = []

    mutating func validate() throws {
        if let sieve, !(1...1_000_000_000).contains(sieve) {
            throw ValidationError("--sieve \(sieve) is no number of pixels: give 1 or more")
        }
        if let wrong = co.first(where: { !$0.contains("=") || $0.first == "=" }) {
            throw ValidationError("--co takes KEY=VALUE, as COMPRESS=ZSTD, not \"\(wrong)\"")
        }
    }

    func apply(to options: inout SegmentationOptions) {
        classes.apply(to: &options)
        options.format = of
        options.probabilityType = probabilitiesType.sampleType
        options.sieve = sieve
        options.creationOptions = co
        options.skippedClasses = skipClasses?.split(separator: ",").map { String($0).trimmed } ?? []
    }
}

extension RasterFormat: ExpressibleByArgument {
    /// Reads the name of a format, in letters of either case.
    public init?(argument: String) {
        guard let format = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = format
    }
}

/// The sample types in which probabilities can be stored.
enum ProbabilitiesType: String, CaseIterable, ExpressibleByArgument {
    case float32, uint8, uint16

    var sampleType: SampleType {
        switch self {
        case .float32: .float32
        case .uint8: .uint8
        case .uint16: .uint16
        }
    }
}

/// The meaning of the model's outputs.
struct ClassOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The names of the classes in the model's order, from class 0 on. GIS programs show them.",
            valueName: "water,land"))
    var classes: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            With one output, a pixel is class 1 if its probability is above the threshold, else class 0; 0.5 by \
            default. With several outputs, a pixel is class 0 if none of its probabilities reaches the threshold.
            """, valueName: "0…1"))
    var threshold: Float?

    @Option(
        help: ArgumentHelp(
            "What the model's outputs are. Logits, the default, become probabilities by a sigmoid or a softmax.",
            valueName: "logits|probabilities"))
    var activation: ModelDescription.Activation?

    @Option(
        help: ArgumentHelp(
            """
            What the model's outputs are for: one class for each pixel (segmentation, the default), a mask band for each \
            class, which is there or not (multilabel, the default for sigmoids over several outputs), or the values \
            themselves, as float32 (regression). A model that says it is something else needs this.
            """, valueName: "segmentation|multilabel|regression"))
    var task: ModelTask?

    func apply(to options: inout SegmentationOptions) {
        options.task = task
        options.classNames =
            classes?.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed } ?? []
        options.threshold = threshold
        options.activation = activation
    }
}

extension ModelDescription.Activation: ExpressibleByArgument {}
extension SegmentationOptions.PixelGrid: ExpressibleByArgument {}
extension ModelTask: ExpressibleByArgument {}
