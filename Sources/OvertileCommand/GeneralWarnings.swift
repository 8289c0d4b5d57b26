import Overtile
import Synchronization

/// Keeps warnings that would be the same for each scene of a run from being printed with every one.
final class GeneralWarnings: Sendable {
    private let told = Mutex(Set<SceneWarning.Generality>())

    /// The warnings without those whose like was here before.
    func news(of warnings: [SceneWarning]) -> [SceneWarning] {
        warnings.filter { warning in
            guard let generality = warning.generality else { return true }
            return told.withLock { $0.insert(generality).inserted }
        }
    }
}
