public import ArgumentParser
public import Overtile

/// The model, and where the results go.
struct FileOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The trained network: an ONNX model, PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
            valueName: "file"))
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The mask, a GeoTIFF; a folder that exists for several scenes.", valueName: "path"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "Also write probabilities, a GeoTIFF with a band for each class; another folder for several scenes.",
            valueName: "path"))
    var probabilities: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write the probability of each pixel's class in the mask, a uint8 GeoTIFF in steps of 0.004 (the band's \
            scale), 255 where there is no data; another folder for several scenes.
            """, valueName: "path"))
    var confidence: String?

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace outputs that exist.")
    var overwrite = false
}

/// What the mask means and how it is written.
struct OutputOptions: ParsableArguments {
    @OptionGroup var classes: ClassOptions

    @Option(
        name: [.long, .customLong("of", withSingleDash: true)],
        help: ArgumentHelp(
            """
            What the outputs are: GeoTIFFs, or cloud-optimised ones, with overviews, for viewing over a network. The \
            disk needs room for both while one is made.
            """, valueName: "GTiff|COG"))
    var of = RasterFormat.geoTIFF

    @Option(
        help: ArgumentHelp(
            """
            How --probabilities are stored: as they are, or in steps of 0.004 or 0.00002 (the bands' scale), 255 or 65535 \
            where there is no data.
            """, valueName: "float32|uint8|uint16"))
    var probabilitiesType = ProbabilitiesType.float32

    @Option(
        help: ArgumentHelp(
            """
            Take islands of fewer pixels out of the mask: each is given to its largest neighbour. Probabilities and \
            confidence stay as they are.
            """, valueName: "pixels"))
    var sieve: Int?

    @Option(
        name: [.long, .customLong("co", withSingleDash: true)],
        help: ArgumentHelp(
            "Creation option of GDAL's driver (see --of), as COMPRESS=ZSTD; may be given again.", valueName: "KEY=VALUE"
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
    }
}

extension RasterFormat: ExpressibleByArgument {
    public init?(argument: String) {
        guard let format = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = format
    }
}

/// Sample types of probabilities.
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

/// What the model's outputs mean.
struct ClassOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Names of the classes, from class 0 on, in the model's order; GIS programs show them.",
            valueName: "water,land"))
    var classes: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            With one output: a pixel whose probability is above this is class 1, else class 0; 0.5 by default. With \
            more: a pixel none of whose probabilities reaches it is class 0.
            """, valueName: "0…1"))
    var threshold: Float?

    @Option(
        help: ArgumentHelp(
            "What the model's outputs are; logits by default, of which a sigmoid or a softmax makes probabilities.",
            valueName: "logits|probabilities"))
    var activation: ModelDescription.Activation?

    func apply(to options: inout SegmentationOptions) {
        options.classNames =
            classes?.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed } ?? []
        options.threshold = threshold
        options.activation = activation
    }
}

extension ModelDescription.Activation: ExpressibleByArgument {}
extension OutputGrid: ExpressibleByArgument {}
