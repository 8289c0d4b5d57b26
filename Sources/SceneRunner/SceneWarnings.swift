import RasterIO
import Synchronization

/// Gathers what is said of scenes while they are run: GDAL's own warnings among it, which come from any thread and need
/// not say what they are about.
public final class SceneWarnings: Sendable {
    private struct State {
        /// By the path of each scene that is being run, each message once.
        var messages: [String: [String]] = [:]
    }

    private let state = Mutex(State())
    private let show: @Sendable (String) -> Void

    /// - Parameter show: is given every message at once, once for a scene, with the scene's name in it.
    public init(show: @escaping @Sendable (String) -> Void) { self.show = show }

    /// From now on the warnings of rasters come here.
    public func receiveRasterWarnings() { RasterWarnings.send { [self] in receive($0) } }

    /// What was said of a scene that has begun already stays.
    public func begin(_ scene: String) {
        state.withLock { if $0.messages[scene] == nil { $0.messages[scene] = [] } }
    }

    /// - Returns: what was said of the scene since it began.
    @discardableResult
    public func end(_ scene: String) -> [String] { state.withLock { $0.messages.removeValue(forKey: scene) ?? [] } }

    /// What was said of the scene so far.
    public func messages(about scene: String) -> [String] { state.withLock { $0.messages[scene] ?? [] } }

    /// Takes a message that is known to be about a scene.
    public func add(_ message: String, about scene: String) {
        receive(message.contains(scene) ? message : "\(scene): \(message)")
    }

    /// A message is the scene's whose name is in it, else that of the only one that is being run.
    func receive(_ message: String) {
        let text = state.withLock { state -> String? in
            let named = state.messages.keys.filter { message.contains($0) }.max { $0.utf8.count < $1.utf8.count }
            guard let scene = named ?? (state.messages.count == 1 ? state.messages.keys.first : nil) else {
                return message
            }
            guard state.messages[scene]?.contains(message) == false else { return nil }
            state.messages[scene]?.append(message)
            return named == nil ? "\(scene): \(message)" : message
        }
        if let text { show(text) }
    }
}
