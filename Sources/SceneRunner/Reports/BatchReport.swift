package import Foundation
package import Logging
import Models

/// A report of what one run did, scene by scene, as JSON has it.
package struct BatchReport: Encodable, Sendable {
    /// The result of one scene; for one that has not changed, that of its earlier run. What is not known is nil or empty.
    package struct Scene: Encodable, Sendable {
        /// The scene as it was named.
        package let scene: String
        /// The end of the run: "done", "unchanged", "failed" or "stopped".
        package let state: String
        /// The files that were written.
        package let outputs: [OutputRecord]
        /// The number of the scene's pixels.
        package let pixels: Int?
        /// The wall time of the scene's run.
        package let seconds: Double?
        /// Millions of the scene's pixels in a second.
        package let megapixelsPerSecond: Double?
        /// The part of the mask that each class covers.
        package let classShares: [ClassShare]
        /// All that was said of the scene.
        package let warnings: [String]
        /// The error that the scene failed with, in one line.
        package let error: String?
        /// The exit status that the error would have ended `segment` with.
        package let status: Int?

        init(_ result: SceneResult) {
            scene = result.scene
            var outcome: SceneOutcome?
            var failure: (message: String, status: Int)?
            switch result.ending {
            case .done(let done): (state, outcome) = ("done", done)
            case .unchanged: state = "unchanged"
            case .outside: state = "outside"
            case .failed(let message, let status): (state, failure) = ("failed", (message, status))
            case .stopped: state = "stopped"
            }
            let earlier = result.earlier
            outputs = outcome?.files ?? earlier?.files ?? []
            pixels = outcome?.pixels ?? earlier?.pixels
            seconds = outcome?.seconds ?? earlier?.seconds
            // A scene that was put together of parts was computed by others.
            megapixelsPerSecond =
                outcome.flatMap { $0.megapixelsPerSecond > 0 ? $0.megapixelsPerSecond : nil }
                ?? earlier.flatMap { run in
                    run.pixels.flatMap { pixels in run.seconds.map { Double(pixels) / 1e6 / max($0, 1e-9) } }
                }
            classShares = outcome?.classShares ?? earlier?.classShares ?? []
            warnings = outcome?.warnings ?? earlier?.warnings ?? []
            error = failure?.message
            status = failure?.status
        }
    }

    /// The time at which the run began.
    package let started: Date
    /// The time at which the run ended.
    package let finished: Date
    /// The model's file.
    package let model: String
    /// The folder of the outputs.
    package let folder: String
    /// The number of scenes that were done in this run.
    package let done: Int
    /// The number of scenes that were done before and had not changed.
    package let unchanged: Int
    /// The number of scenes that failed.
    package let failed: Int
    /// The number of scenes whose end the run did not see.
    package let stopped: Int
    /// The number of pixels of the scenes that were done in this run.
    package let pixels: Int
    /// The scenes, in their order.
    package let scenes: [Scene]

    /// Sums up what became of each scene.
    ///
    /// - Parameters:
    ///   - model: the model's file.
    ///   - folder: the folder of the outputs.
    package init(_ results: [SceneResult], model: String, folder: String, started: Date, finished: Date) {
        self.started = started
        self.finished = finished
        self.model = model
        self.folder = folder
        let scenes = results.map(Scene.init)
        func count(_ state: String) -> Int { scenes.count { $0.state == state } }
        (done, unchanged) = (count("done"), count("unchanged"))
        (failed, stopped) = (count("failed"), count("stopped"))
        pixels = scenes.reduce(0) { $0 + ($1.state == "done" ? $1.pixels ?? 0 : 0) }
        self.scenes = scenes
    }

    /// Writes the last line of a run into its log.
    package func log(to logger: Logger) {
        logger.info(
            "batch ended",
            metadata: [
                "done": .stringConvertible(done), "unchanged": .stringConvertible(unchanged),
                "failed": .stringConvertible(failed), "stopped": .stringConvertible(stopped),
                "folder": .string(folder),
            ])
    }

    /// The report as JSON, with times in ISO 8601.
    ///
    /// - Throws: `EncodingError` for numbers that are not finite.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
