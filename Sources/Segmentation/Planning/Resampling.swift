package import Models
package import RasterIO
import TileGeometry

extension SegmentationOptions {
    /// The size of the pixels that a model is given.
    public enum Resolution: Hashable, Sendable {
        /// The scene's own pixels.
        case native
        /// Pixels as large as those that the model was trained on.
        case model
        /// Pixels of so many metres on a side.
        case metres(Double)
    }

    /// The pixels that the outputs are written in.
    public enum PixelGrid: String, CaseIterable, Sendable {
        /// The scene's own pixels: each takes what the model says of the place under its centre.
        case scene
        /// The pixels that the model was given.
        case model
    }
}

/// The pixels that a model is given of a scene: the scene's own, or others that are made of them.
package struct Resampling: Sendable {
    /// The pixels that the model is given, laid over the scene's own.
    package let pixelGrid: ResampledGrid
    /// The size of the scene's own pixels; nil where the scene does not say.
    package let ground: GroundPixelSize?
    /// The metres of the model's pixels, and who says so; nil where the scene is run as it is.
    package let wanted: Sourced<Double>?
    /// True if the outputs have the pixels that the model was given, so that tiles are written as they are computed.
    package let keepsPixels: Bool
    /// The warnings about pixels.
    let warnings: [PlanWarning]

    /// The model's own resolution is followed only where it differs by more than this part from the scene's.
    private static let tolerance = 0.01

    /// Pixels that are enlarged by more than this deserve a warning.
    private static let boldEnlargement = 4.0

    /// More than this many times the scene's own pixels must be asked for.
    private static let mostPixels = 100.0

    /// Decides as the options say, and else as the model's description does.
    ///
    /// - Throws: `SegmentationError` for a resolution that cannot be: of usage where the user gives it, and of bad data where
    ///   the model does.
    init(_ scene: RasterReader, description: ModelDescription, options: SegmentationOptions) throws {
        ground = GroundPixelSize(of: scene.spatialReference, size: scene.size)
        (pixelGrid, wanted, warnings) = try Self.pixels(of: scene, ground: ground, description, options)
        keepsPixels = pixelGrid.isNative || options.outputPixelGrid == .model
    }

    private static func pixels(
        of scene: RasterReader, ground: GroundPixelSize?, _ description: ModelDescription,
        _ options: SegmentationOptions
    ) throws -> (ResampledGrid, Sourced<Double>?, [PlanWarning]) {
        let native = ResampledGrid(of: scene.size)
        guard let asked = try wanted(description, options) else { return (native, nil, []) }
        guard let ground else {
            guard options.resolution == nil else {
                throw SegmentationError(
                    .usage, "\(whyUnknown(scene.path)): give --resolution native, or georeference it first")
            }
            return (
                native, nil, [.unknownPixelSize(scene: scene.path, metres: asked.value, source: asked.source)]
            )
        }
        var steps = [asked.value / ground.width, asked.value / ground.height]
        let tolerance = options.resolution.map { if case .metres = $0 { 1e-9 } else { Self.tolerance } }
        if steps.allSatisfy({ abs($0 - 1) <= tolerance ?? Self.tolerance }) { steps = [1, 1] }
        // What the user asks for is a matter of the command line; what a model's file asks for, one of the file.
        let fault: SegmentationError.Code = if case .metres = options.resolution { .usage } else { .badData }
        let limit = ResampledGrid.largestRatio
        let sides = [Double(scene.size.width) / steps[0], Double(scene.size.height) / steps[1]]
        guard steps.allSatisfy({ $0 <= limit && $0 >= 1 / limit }), sides.allSatisfy({ $0 < Double(Int32.max) }) else {
            throw SegmentationError(
                fault,
                "\(scene.path): its pixels are \(text(ground)) on the ground, too far from \(asked.value) m "
                    + "(\(asked.source)): give --resolution native, or another")
        }
        guard options.allowsManyPixels || 1 / (steps[0] * steps[1]) <= mostPixels * 1.001 else {
            let what =
                "\(scene.path): its pixels of \(text(ground)), enlarged to \(asked.value) m (\(asked.source)), become "
                + "\(Int(sides[0].rounded(.up))) x \(Int(sides[1].rounded(.up))), more than a hundred times as many"
            throw SegmentationError(
                fault, "\(what): give --yes if that is meant, or --resolution native",
                question: "\(what). Is that meant?")
        }
        let pixelGrid = ResampledGrid(raster: scene.size, columnStep: steps[0], rowStep: steps[1])
        let isBold = steps.contains { $0 < 1 / boldEnlargement }
        return (
            pixelGrid, pixelGrid.isNative ? nil : asked,
            isBold
                ? [.pixelsEnlarged(scene: scene.path, pixels: ground, metres: asked.value, source: asked.source)] : []
        )
    }

    /// Says why a scene cannot be run at a resolution.
    static func whyUnknown(_ scene: String) -> String {
        "\(scene): the size of its pixels on the ground is not known, as it does not say where it lies"
    }

    private static func wanted(
        _ description: ModelDescription, _ options: SegmentationOptions
    ) throws -> Sourced<Double>? {
        switch options.resolution {
        case .native: return nil
        case .metres(let metres): return Sourced(metres, source: "--resolution")
        case .model:
            guard let resolution = description.resolution else {
                throw SegmentationError(
                    .usage, "--resolution model: the model does not say at what it was trained: give a number of metres"
                )
            }
            return resolution
        case nil: return description.resolution
        }
    }

    /// Returns a size for people: "0.5 m", or "8.41 x 12.3 m".
    package static func text(_ ground: GroundPixelSize) -> String {
        func number(_ value: Double) -> String { "\(Float((value * 1e4).rounded() / 1e4))" }
        let (width, height) = (number(ground.width), number(ground.height))
        return width == height ? "\(width) m" : "\(width) x \(height) m"
    }
}
