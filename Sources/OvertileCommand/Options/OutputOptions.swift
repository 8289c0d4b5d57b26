public import ArgumentParser
public import Overtile

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
