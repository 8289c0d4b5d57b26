public import Logging

/// The log's line for each scene: what a person looks for in the morning, and a program adds up.
public struct SceneLog: Sendable {
    private let logger: Logger

    public init(_ logger: Logger) { self.logger = logger }

    public func done(_ outcome: SceneOutcome) {
        var shares: Logger.Metadata = [:]
        for share in outcome.classShares { shares[share.name] = .stringConvertible(Self.rounded(share.share, 6)) }
        var metadata: Logger.Metadata = [
            "scene": .string(outcome.scene), "pixels": .stringConvertible(outcome.pixels),
            "seconds": .stringConvertible(Self.rounded(outcome.seconds, 3)),
            "megapixelsPerSecond": .stringConvertible(Self.rounded(outcome.megapixelsPerSecond, 3)),
            "classShares": .dictionary(shares),
            "warnings": .array(outcome.warnings.map { .string($0) }),
        ]
        for (kind, path) in outcome.outputs.files { metadata[kind.rawValue] = .string(path) }
        logger.info("scene done", metadata: metadata)
    }

    public func failed(_ scene: String, message: String, status: Int, attempts: Int) {
        logger.error(
            "scene failed",
            metadata: [
                "scene": .string(scene), "error": .string(message), "status": .stringConvertible(status),
                "attempts": .stringConvertible(attempts),
            ])
    }

    public func unchanged(_ scene: String) { logger.debug("scene unchanged", metadata: ["scene": .string(scene)]) }

    private static func rounded(_ value: Double, _ digits: Int) -> Double {
        let power = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return (value * power).rounded() / power
    }
}
