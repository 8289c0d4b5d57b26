import Foundation
import Overtile
import Synchronization

/// What is said while a watch runs: a line for each scene that failed, warnings, and on a terminal a bar for the scene and a
/// line when it is done.
final class WatchProgress: BatchObserver {
    private let messages: MessageOptions
    private let bar = Mutex<(bar: ProgressBar, pixels: Int)?>(nil)

    init(_ messages: MessageOptions) { self.messages = messages }

    func began(_ scene: String, _ run: SceneRun) {
        run.warnings.forEach { messages.warn($0.line(about: scene)) }
        let name = URL(fileURLWithPath: scene).lastPathComponent
        bar.withLock { $0 = messages.progressBar(name, pixels: run.job.scene.size.area).map { ($0, 0) } }
    }

    func advanced(_ scene: String, tiles: Int, of count: Int) {
        bar.withLock { $0?.bar.update(done: tiles, of: count) }
    }

    func ended(_ result: SceneResult) {
        finish()
        switch result.ending {
        case .failed(let message, _):
            Console.report(message.contains(result.scene) ? message : "\(result.scene): \(message)", isLogged: true)
        case .done(let outcome):
            guard messages.verbose || (Console.isTerminal && !messages.quiet) else { return }
            Console.note(
                "\(outcome.outputs.mask): \(Text.time(.seconds(outcome.seconds))), "
                    + "\(Text.number(outcome.megapixelsPerSecond, digits: 3)) Mpx/s, \(Text.shares(outcome.classShares))"
            )
        case .unchanged, .stopped: break
        }
    }

    /// Removes the bar.
    func finish() {
        bar.withLock { bar in
            bar?.bar.finish()
            bar = nil
        }
    }
}
