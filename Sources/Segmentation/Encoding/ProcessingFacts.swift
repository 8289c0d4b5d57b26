import Foundation
import Models
import RasterIO
import TileGeometry

extension SegmentationJob {
    /// What made the outputs, for their own metadata: enough to make them again, and nothing that differs from run to run,
    /// such as a date or the number of workers.
    var processingFacts: [String: String] {
        func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
        let grid = plan.grid
        var facts = [
            "TIFFTAG_SOFTWARE": "Overtile \(OvertileVersion.current)",
            "OVERTILE_VERSION": OvertileVersion.current,
            "OVERTILE_SCENE": name(scene.path),
            "OVERTILE_MODEL": name(model.path),
            "OVERTILE_MODEL_SHA256": model.checksum,
            "OVERTILE_MODEL_FAMILY": model.family,
            "OVERTILE_TILE": "\(grid.tile)",
            "OVERTILE_MARGIN": "\(grid.margin)",
            "OVERTILE_STEP": "\(grid.step)",
            "OVERTILE_BANDS": bands.map(String.init).joined(separator: ","),
            "OVERTILE_ACTIVATION": output.areProbabilities ? "probabilities" : "logits",
        ]
        for (key, values, standard) in [
            ("SCALE", normalization.scale, Float(1)), ("OFFSET", normalization.offset, 0),
            ("MEAN", normalization.mean, 0), ("STD", normalization.std, 1),
        ] where values.contains(where: { $0 != standard }) {
            facts["OVERTILE_\(key)"] = values.map { "\($0)" }.joined(separator: ",")
        }
        if output.channels == 1 { facts["OVERTILE_THRESHOLD"] = "\(output.threshold)" }
        if let threshold = output.smallestProbability { facts["OVERTILE_THRESHOLD"] = "\(threshold)" }
        if let wanted = resolution.wanted { facts["OVERTILE_RESOLUTION"] = "\(wanted.value)" }
        if !resolution.grid.isNative { facts["OVERTILE_GRID"] = options.outputGrid.rawValue }
        if let sieve = options.sieve { facts["OVERTILE_SIEVE"] = "\(sieve)" }
        if let depth = model.options.depth { facts["OVERTILE_DEPTH"] = "\(depth)" }
        return facts
    }
}
