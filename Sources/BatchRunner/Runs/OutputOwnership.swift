import FileIO

/// Which files a scene's own earlier run wrote: those a redo may replace without being asked to.
struct OutputOwnership {
    private let earlier: [String: LedgerOutput]

    /// - Parameter earlier: as the ledger has them.
    init(_ earlier: [LedgerOutput]) {
        self.earlier = Dictionary(earlier.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    }

    /// Whether all of these outputs that are there are the ledger's own, as they were written. One that is under way was
    /// written by a run that did not live to say so. One that somebody has changed since is not the ledger's any more.
    func covers(_ outputs: SceneOutputs) -> Bool {
        outputs.files.allSatisfy { _, path in
            guard let stamp = FileStamp(path: path) else { return true }
            guard let own = earlier[CanonicalPath.named(path)] else { return false }
            // A copy that was put back may have another time.
            return own.isUnderway || own.stamp == stamp
                || (own.checksum != nil && (try? SHA256.checksum(ofFile: path)) == own.checksum)
        }
    }
}
