import RasterIO
import Synchronization

/// Something that the user should know about a scene, and that is no error.
package struct SceneWarning: Equatable, Sendable {
    /// The subject of the warning.
    package enum Subject: Equatable, Sendable {
        /// The names of outputs.
        case outputs
        /// The input of the model, and the tiles that the scene is cut into.
        case plan
        /// A raster that is read or written, in GDAL's words.
        case raster
        /// The work in progress of an earlier run.
        case work
        /// The products of the mask.
        case products
    }

    /// The subject of the warning.
    package let subject: Subject
    /// One line for people; it need not name the scene.
    package let text: String

    /// Makes a warning of its subject and its text.
    package init(_ subject: Subject, _ text: String) {
        self.subject = subject
        self.text = text
    }

    /// The text with the scene's name before it, unless the name is part of it.
    package func line(about scene: String) -> String { text.contains(scene) ? text : "\(scene): \(text)" }
}

/// Gathers what is said of scenes while they are run: GDAL's own warnings among it, which come from any thread and need
/// not say what they are about.
///
///     let warnings = SceneWarnings { print($0) }
///     warnings.receiveRasterWarnings()
///     warnings.begin(scene)
///     defer { warnings.end(scene) }
package final class SceneWarnings: Sendable {
    private struct State {
        /// The messages about each scene that is being run, by its path; each message once.
        var messages: [String: [String]] = [:]
    }

    private let state = Mutex(State())
    private let show: @Sendable (String) -> Void

    /// Makes a collection without scenes.
    ///
    /// - Parameter show: is given each message at once, once for a scene, with the scene's name in it.
    package init(show: @escaping @Sendable (String) -> Void) { self.show = show }

    /// From now on the warnings of rasters come here.
    package func receiveRasterWarnings() { RasterWarnings.send { [self] in receive(SceneWarning(.raster, $0)) } }

    /// Begins to gather what is said of a scene. What was said of one that has begun already stays.
    package func begin(_ scene: String) {
        state.withLock { if $0.messages[scene] == nil { $0.messages[scene] = [] } }
    }

    /// Ends gathering what is said of a scene.
    ///
    /// - Returns: what was said of it since it began.
    @discardableResult
    package func end(_ scene: String) -> [String] { state.withLock { $0.messages.removeValue(forKey: scene) ?? [] } }

    /// Returns what was said of the scene so far.
    package func messages(about scene: String) -> [String] { state.withLock { $0.messages[scene] ?? [] } }

    /// Takes a warning that is known to be about a scene.
    package func add(_ warning: SceneWarning, about scene: String) {
        let line = warning.line(about: scene)
        let isNews = state.withLock { state in
            guard let said = state.messages[scene] else { return true }
            guard !said.contains(line) else { return false }
            state.messages[scene]?.append(line)
            return true
        }
        if isNews { show(line) }
    }

    /// Takes a warning from anywhere. It is about the scene whose name is in it, else about the only one that is being
    /// run, else about nobody knows which.
    func receive(_ warning: SceneWarning) {
        let message = warning.text
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
