package import RasterIO

/// A warning about a plan. Code asks for the case, people read the description.
package enum PlanWarning: Equatable, Sendable, CustomStringConvertible {
    // The scene's pixels.

    /// None of the scene's bands has a name, and they are taken in their order for those that the model names.
    case namelessBands(scene: String, wanted: String, source: String)
    /// The scene has as many bands as the model takes, and one of them is marked as alpha: it is taken for data.
    case alphaTakenForData(scene: String, band: Int)
    /// The scene's bands carry a scale or an offset, and nobody asks for them to be applied.
    case storedScaleUnused(scene: String, scale: StoredScale)
    /// The scene's bands carry no scale and no offset that could be applied, though someone asks for it.
    case noStoredScale(scene: String)
    /// Nobody says how pixels are scaled, and bytes are scaled to values from 0 to 1.
    case bytesScaled(scene: String)
    /// Nobody says how pixels are scaled, and pixels of this type are taken as they are.
    case pixelsUnscaled(scene: String, type: SampleType)
    /// The scene does not say where it lies, so that it is run as it is and not at so many metres.
    case unknownPixelSize(scene: String, metres: Double, source: String)
    /// Pixels are enlarged so much that the model sees no more detail for it.
    case pixelsEnlarged(scene: String, pixels: GroundPixelSize, metres: Double, source: String)

    // The network's tiles.

    /// The model names a tile that its network does not take.
    case describedTileUnused(tile: Int, source: String)
    /// The model names an overlap, in percent, that leaves nothing of a tile.
    case describedOverlapUnused(overlap: Double, source: String)
    /// What the network says of a pixel depends on the tile that the pixel lies in.
    case seams(reason: String, tile: Int, canGrow: Bool)

    /// Something about the polygons of the wanted part, in whole words.
    case area(String)

    // Shortage of memory.

    /// The weights of wide layers fit only in the form that makes for more multiplications.
    case slowerKernels
    /// Only smaller tiles fit than the cost model wants.
    case smallerTiles(tile: Int, preferred: Int)
    /// Only so many workers fit.
    case fewerWorkers(workers: Int, requested: Int)

    /// True if more memory would change the plan.
    package var isShortageOfMemory: Bool {
        switch self {
        case .slowerKernels, .smallerTiles, .fewerWorkers: true
        case .namelessBands, .alphaTakenForData, .storedScaleUnused, .noStoredScale, .bytesScaled, .pixelsUnscaled,
            .unknownPixelSize, .pixelsEnlarged, .describedTileUnused,
            .describedOverlapUnused, .seams, .area:
            false
        }
    }

    /// One line for people.
    package var description: String {
        switch self {
        case .namelessBands(let scene, let wanted, let source):
            "\(scene): its bands have no names, and are taken for \(wanted) (\(source)) in their order"
        case .alphaTakenForData(let scene, let band):
            "\(scene): band \(band) is marked as alpha, and taken for data, as the model takes as many bands as there are"
        case .storedScaleUnused(let scene, let scale):
            "\(scene): its bands say that values mean \(scale), which is not applied: --apply-scale does so, and "
                + "--no-apply-scale is silent about it"
        case .noStoredScale(let scene):
            "\(scene): its bands carry no scale and no offset: --apply-scale changes nothing"
        case .bytesScaled(let scene):
            "\(scene): pixels are scaled by 1/255, as no scale, offset, mean or std was given"
        case .pixelsUnscaled(let scene, let type):
            "\(scene): \(type) pixels are given to the model as they are, as no scale, offset, mean or std was given"
        case .unknownPixelSize(let scene, let metres, let source):
            "\(Resampling.whyUnknown(scene)): it is run as it is, not at \(metres) m (\(source))"
        case .pixelsEnlarged(let scene, let pixels, let metres, let source):
            "\(scene): pixels of \(Resampling.text(pixels)) are enlarged to \(metres) m (\(source)): "
                + "no detail comes from that"
        case .describedTileUnused(let tile, let source):
            "\(source): the network takes no tiles of \(tile) pixels: it is not used"
        case .describedOverlapUnused(let overlap, let source):
            "\(source): \(overlap) % leave nothing of a tile: it is not used"
        case .seams(let reason, let tile, let canGrow):
            "not seamless: \(reason); where tiles of \(tile) pixels meet, seams may show"
                + (canGrow ? ": larger tiles (--tile) have fewer" : "")
        case .area(let text): text
        case .slowerKernels:
            "memory is short: wide layers run without Winograd's algorithm, which is slower"
        case .smallerTiles(let tile, let preferred):
            "memory is short: tiles of \(tile) pixels instead of \(preferred), so that pixels may differ in the last digits "
                + "from a run with more memory"
        case .fewerWorkers(let workers, let requested):
            "memory is short: \(workers.counted("worker")) instead of \(requested)"
        }
    }
}
