public import Models
package import RasterIO
import TileGeometry

/// The size of the pixels that a model is given.
public enum ResolutionChoice: Hashable, Sendable {
    /// The scene's own.
    case native
    /// What the model was trained at.
    case model
    case metres(Double)
}

/// The grid that masks and probabilities are written on.
public enum OutputGrid: String, CaseIterable, Sendable {
    /// The scene's own: each pixel takes what the model says of the place under its centre.
    case scene
    /// That of the pixels that the model was given.
    case model
}

/// On which grid over a scene a model is run.
public struct Resampling: Sendable {
    package let grid: ResampledGrid
    /// The scene's own pixels; nil where it does not say.
    package let ground: GroundPixelSize?
    /// Metres of the model's pixels, and who says so; nil where the scene is run as it is.
    public let wanted: Sourced<Double>?
    let warnings: [String]

    /// The model's own resolution is followed only where it differs by more from the scene's.
    private static let tolerance = 0.01

    /// Pixels that are enlarged by more than this deserve a warning.
    private static let boldEnlargement = 4.0

    /// - Throws: `SegmentationError` for a resolution that cannot be.
    init(_ scene: RasterReader, description: ModelDescription, options: SegmentationOptions) throws {
        ground = GroundPixelSize(of: scene.spatialReference, size: scene.size)
        let native = ResampledGrid(of: scene.size)
        let asked = try Self.wanted(description, options)
        guard let asked else {
            (grid, wanted, warnings) = (native, nil, [])
            return
        }
        guard let ground else {
            let why =
                "\(scene.path): the size of its pixels on the ground is not known, as it does not say where it lies"
            guard options.resolution == nil else {
                throw SegmentationError(.usage, "\(why): give --resolution native, or georeference it first")
            }
            (grid, wanted) = (native, nil)
            warnings = ["\(why): it is run as it is, not at \(asked.value) m (\(asked.source))"]
            return
        }
        var steps = [asked.value / ground.width, asked.value / ground.height]
        let tolerance = options.resolution.map { if case .metres = $0 { 1e-9 } else { Self.tolerance } }
        if steps.allSatisfy({ abs($0 - 1) <= tolerance ?? Self.tolerance }) { steps = [1, 1] }
        let limit = ResampledGrid.largestRatio
        let sides = [Double(scene.size.width) / steps[0], Double(scene.size.height) / steps[1]]
        guard steps.allSatisfy({ $0 <= limit && $0 >= 1 / limit }), sides.allSatisfy({ $0 < Double(Int32.max) }) else {
            throw SegmentationError(
                .usage,
                "\(scene.path): its pixels are \(Self.text(ground)) on the ground, too far from \(asked.value) m "
                    + "(\(asked.source)): give --resolution native, or another")
        }
        grid = ResampledGrid(raster: scene.size, columnStep: steps[0], rowStep: steps[1])
        wanted = grid.isNative ? nil : asked
        warnings =
            steps.contains { $0 < 1 / Self.boldEnlargement }
            ? [
                "\(scene.path): pixels of \(Self.text(ground)) are enlarged to \(asked.value) m (\(asked.source)): "
                    + "no detail comes from that"
            ] : []
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

    /// "0.5 m", or "8.41 x 12.3 m"
    package static func text(_ ground: GroundPixelSize) -> String {
        func number(_ value: Double) -> String { "\(Float((value * 1e4).rounded() / 1e4))" }
        let (width, height) = (number(ground.width), number(ground.height))
        return width == height ? "\(width) m" : "\(width) x \(height) m"
    }
}
