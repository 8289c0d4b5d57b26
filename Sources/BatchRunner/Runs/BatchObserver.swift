/// Who wants to know how a batch goes on. Called from several threads at once.
public protocol BatchObserver: Sendable {
    /// A scene was opened and checked, and is about to be segmented.
    func began(_ scene: String, _ run: SceneRun)
    /// Tiles of a scene that are written.
    func advanced(_ scene: String, tiles: Int, of count: Int)
    func ended(_ result: SceneResult)
}
