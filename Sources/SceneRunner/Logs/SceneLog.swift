package import Logging
package import Segmentation
import TileGeometry

/// Writes a line into the log for each scene that ends: what a person looks for in the morning, and a program adds up.
///
///     let log = SceneLog(logger)
///     log.done(try run.run(extras: .classShares))
package struct SceneLog: Sendable {
    private let logger: Logger

    /// Makes a log of scenes that writes to a logger.
    package init(_ logger: Logger) { self.logger = logger }

    /// Writes the line of a scene that is done: its pixels, seconds and speed, the shares of its classes, all warnings,
    /// and where each output lies.
    package func done(_ outcome: SceneOutcome) {
        var shares: Logger.Metadata = [:]
        for share in outcome.classShares { shares[share.name] = .stringConvertible(Self.rounded(share.share, 6)) }
        var metadata: Logger.Metadata = [
            "scene": .string(outcome.scene), "pixels": .stringConvertible(outcome.pixels),
            "seconds": .stringConvertible(Self.rounded(outcome.seconds, 3)),
            "megapixelsPerSecond": .stringConvertible(Self.rounded(outcome.megapixelsPerSecond, 3)),
            "classShares": .dictionary(shares),
            "warnings": .array(outcome.warnings.map { .string($0) }),
        ]
        for (kind, path) in outcome.outputs.files { metadata[kind.name] = .string(path) }
        logger.info("scene done", metadata: metadata)
    }

    /// Writes the line of a part of a scene that is done, and waits to be merged.
    package func done(_ summary: PartSummary, of scene: String) {
        logger.info(
            "part done",
            metadata: [
                "scene": .string(scene), "part": .string(summary.part.argument),
                "tiles": .stringConvertible(summary.tiles), "tilesResumed": .stringConvertible(summary.tilesResumed),
                "seconds": .stringConvertible(Self.rounded(summary.seconds, 3)),
            ])
    }

    /// Writes the line of a scene that failed.
    ///
    /// - Parameters:
    ///   - message: the error in one line.
    ///   - status: the exit status that the error would have ended `segment` with.
    ///   - attempts: the number of attempts so far, this one included.
    package func failed(_ scene: String, message: String, status: Int, attempts: Int) {
        logger.error(
            "scene failed",
            metadata: [
                "scene": .string(scene), "error": .string(message), "status": .stringConvertible(status),
                "attempts": .stringConvertible(attempts),
            ])
    }

    /// Writes the line of a scene that was done before and has not changed: for who debugs, as there may be thousands.
    package func unchanged(_ scene: String) { logger.debug("scene unchanged", metadata: ["scene": .string(scene)]) }

    /// Writes the line of a scene that has nothing in the area that is wanted.
    package func outside(_ scene: String) {
        logger.info("scene outside of the area", metadata: ["scene": .string(scene)])
    }

    private static func rounded(_ value: Double, _ digits: Int) -> Double {
        let power = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return (value * power).rounded() / power
    }
}
