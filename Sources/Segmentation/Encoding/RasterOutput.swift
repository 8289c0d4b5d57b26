import RasterIO

/// One of the rasters that a run makes: what it is, and where it will be.
///
///     let outputs = OutputSet(mask: "mask.tif", others: [.confidence: "confidence.tif"])
///     for kind in RasterOutput.Kind.allCases { print(kind, outputs.rasters[kind] ?? "not wanted") }
///
/// All that tells one kind from another is in this file. A new kind is a case here, with what its pixels hold and how they
/// are stored; an option of the command line in `RasterOptions.swift`; and a test. Plans, pipelines, folders, ledgers and
/// catalogues go through all kinds that there are.
public struct RasterOutput: Sendable {
    /// The rasters that there may be, the mask first, which every run makes.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// The class of each pixel.
        case mask
        /// The probability of each class: a band for each output channel of the network.
        case probabilities
        /// The probability of each pixel's class, in whole steps of a byte.
        case confidence
    }

    let kind: Kind
    /// The path that the finished raster will have.
    let path: String
    let options: RasterWriter.Options

    /// The bytes of all samples as they lie in memory.
    var byteCount: Int { RawLayout(options).byteCount }
}

extension RasterOutput.Kind {
    /// Returns what is stored of each pixel.
    func pixels(_ output: OutputEncoding) -> PixelStorage {
        switch self {
        case .mask: .classes
        case .probabilities:
            .probabilities(ProbabilityEncoding(sampleType: output.probabilityType), bands: output.channels)
        // One byte is enough for steps of 0.004.
        case .confidence: .probabilities(ProbabilityEncoding(sampleType: .uint8), bands: 1)
        }
    }

    /// Returns the names of the bands; none for classes, which have a legend.
    func bandNames(_ output: OutputEncoding) -> [String] {
        switch self {
        case .mask: return []
        case .probabilities:
            let names = output.legend.map(\.name)
            return output.channels == 1 ? [names[1]] : names
        case .confidence: return ["confidence"]
        }
    }

    /// Returns the value of a pixel in one of the bands, for a raster of probabilities.
    ///
    /// - Parameters:
    ///   - band: counted from 0.
    ///   - probabilities: those of the pixel, by output channel.
    ///   - winner: the class that the pixel has in the mask.
    func value(band: Int, _ probabilities: [Float], winner: Int) -> Float {
        switch self {
        case .mask: Float(winner)
        case .probabilities: probabilities[band]
        // What the model makes of its own choice. Less than a half is possible where a threshold decides, and with more
        // than two classes.
        case .confidence:
            probabilities.count > 1 ? probabilities[winner] : winner == 1 ? probabilities[0] : 1 - probabilities[0]
        }
    }
}

/// The content of a raster's pixels, and its form.
enum PixelStorage: Sendable {
    /// The number of a class, in 8 or 16 bits.
    case classes
    /// Values from 0 to 1, a band for each.
    case probabilities(ProbabilityEncoding, bands: Int)
}

/// The bytes that a pixel takes in each of the outputs, all bands together; 0 for an output that nobody asked for.
struct OutputBytes: Hashable, Sendable {
    private var bytes: [RasterOutput.Kind: Int]

    /// Takes the bytes of each kind; by default, those of a mask of few classes.
    init(_ bytes: [RasterOutput.Kind: Int] = [.mask: 1]) { self.bytes = bytes }

    /// The bytes of one output.
    subscript(kind: RasterOutput.Kind) -> Int { bytes[kind] ?? 0 }

    /// The bytes of all outputs together.
    var total: Int { bytes.values.reduce(0, +) }
}
