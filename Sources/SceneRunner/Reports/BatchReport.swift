import FileIO
public import Foundation
public import Logging
import Models

/// What one run of a batch did, scene by scene.
public struct BatchReport: Encodable, Sendable {
    public struct Scene: Encodable, Sendable {
        public let scene: String
        /// "done", "unchanged", "failed" or "stopped".
        public let state: String
        public let outputs: [LedgerOutput]
        public let pixels: Int?
        public let seconds: Double?
        public let megapixelsPerSecond: Double?
        public let classShares: [ClassShare]
        public let warnings: [String]
        public let error: String?
        /// The exit status that the error would have ended `segment` with.
        public let status: Int?

        init(_ result: SceneResult) {
            scene = result.scene
            var outcome: SceneOutcome?
            var failure: (message: String, status: Int)?
            switch result.ending {
            case .done(let done): (state, outcome) = ("done", done)
            case .unchanged: state = "unchanged"
            case .failed(let message, let status): (state, failure) = ("failed", (message, status))
            case .stopped: state = "stopped"
            }
            outputs = outcome?.files ?? []
            pixels = outcome?.pixels
            seconds = outcome?.seconds
            megapixelsPerSecond = outcome?.megapixelsPerSecond
            classShares = outcome?.classShares ?? []
            warnings = outcome?.warnings ?? []
            error = failure?.message
            status = failure?.status
        }
    }

    public let started: Date
    public let finished: Date
    public let model: String
    public let folder: String
    public let done: Int
    public let unchanged: Int
    public let failed: Int
    public let stopped: Int
    /// Of scenes that were done in this run.
    public let pixels: Int
    public let scenes: [Scene]

    /// - Parameters:
    ///   - model: its file.
    ///   - folder: where the outputs are.
    public init(_ results: [SceneResult], model: String, folder: String, started: Date, finished: Date) {
        self.started = started
        self.finished = finished
        self.model = model
        self.folder = folder
        let scenes = results.map(Scene.init)
        func count(_ state: String) -> Int { scenes.count { $0.state == state } }
        (done, unchanged) = (count("done"), count("unchanged"))
        (failed, stopped) = (count("failed"), count("stopped"))
        pixels = scenes.reduce(0) { $0 + ($1.pixels ?? 0) }
        self.scenes = scenes
    }

    /// The log's last line of a run.
    public func log(to logger: Logger) {
        logger.info(
            "batch ended",
            metadata: [
                "done": .stringConvertible(done), "unchanged": .stringConvertible(unchanged),
                "failed": .stringConvertible(failed), "stopped": .stringConvertible(stopped),
                "folder": .string(folder),
            ])
    }

    /// As JSON, times in ISO 8601.
    ///
    /// - Throws: `FileError`.
    func write(to path: String, overwrite: Bool) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        try StagedDocument.write(Array((text + "\n").utf8), to: path, overwrite: overwrite)
    }
}
