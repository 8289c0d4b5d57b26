import Dispatch
import Foundation
import Overtile
import Synchronization

/// Prints the progress of a batch: warnings, a line for each scene that failed, and on a terminal two bars, one for the
/// scene and one for the batch. For a program, it prints lines about the batch instead of bars.
final class BatchProgress: PartObserver {
    private struct State {
        /// The scenes that are being run, in the order in which they began, each with the part that is done, 0 to 1, and how
        /// much of it an earlier run had done.
        var running: [(scene: String, done: Double, doneBefore: Double?)] = []
        /// The bytes of the scenes that have ended.
        var ended = 0.0
        /// What of all that this run did not compute, in bytes: an earlier run had, or it cannot be done.
        var notComputed = 0.0
        var endedScenes = 0
        var failed = 0
        var drawn: DispatchTime?
        var isDrawn = false
        let lines = ProgressLines()
    }

    private let messages: MessageOptions
    private let kind: ProgressOptions.Kind
    private let weights: [String: Double]
    private let total: Double
    private let started = DispatchTime.now()
    private let state = Mutex(State())
    private let general = GeneralWarnings()

    /// - Parameter sizes: the size of each scene in bytes, from which the time left is estimated before the scenes are
    ///   opened; for a part of a batch, what each scene and piece costs.
    init(_ messages: MessageOptions, _ progress: ProgressOptions, sizes: [String: Int]) {
        self.messages = messages
        kind = progress.progress
        let known = sizes.values.filter { $0 > 0 }
        let mean = known.isEmpty ? 1 : Double(known.reduce(0, +)) / Double(known.count)
        weights = sizes.mapValues { $0 > 0 ? Double($0) : mean }
        total = max(1, weights.values.reduce(0, +))
    }

    func began(_ scene: String, _ run: SceneRun) {
        general.news(of: run.sceneWarnings).forEach { messages.warn($0.line(about: scene)) }
        state.withLock { state in
            state.running.append((scene, 0, nil))
            draw(&state, always: true)
        }
    }

    func advanced(_ scene: String, tiles: Int, of count: Int) {
        state.withLock { state in
            guard let place = state.running.firstIndex(where: { $0.scene == scene }) else { return }
            let done = Double(tiles) / Double(count)
            state.running[place].done = done
            if state.running[place].doneBefore == nil {
                state.running[place].doneBefore = done
                state.notComputed += done * (weights[scene] ?? 0)
            }
            draw(&state, always: false)
        }
    }

    func ended(_ result: SceneResult) {
        if case .failed(let message, _) = result.ending {
            Console.report(message.contains(result.scene) ? message : "\(result.scene): \(message)", isLogged: true)
        }
        var isWhole = false
        if case .done = result.ending { isWhole = true }
        end(result.scene, isWhole: isWhole, hasFailed: result.hasFailed)
    }

    func ended(_ piece: String) { end(piece, isWhole: true, hasFailed: false) }

    private func end(_ name: String, isWhole: Bool, hasFailed: Bool) {
        state.withLock { state in
            if !isWhole {
                let done = state.running.first { $0.scene == name }?.done ?? 0
                state.notComputed += (1 - done) * (weights[name] ?? 0)
            }
            state.running.removeAll { $0.scene == name }
            state.ended += weights[name] ?? 0
            state.endedScenes += 1
            if hasFailed { state.failed += 1 }
            draw(&state, always: true)
        }
    }

    /// Removes the bars.
    func finish() {
        state.withLock { state in
            if state.isDrawn { Console.writeError(Console.clear) }
            state.isDrawn = false
        }
    }

    private func draw(_ state: inout State, always: Bool) {
        let running = state.running.reduce(0) { $0 + $1.done * (weights[$1.scene] ?? 0) }
        let share = min(1, (state.ended + running) / total)
        if kind == .lines { return state.lines.tell(percent: Int(share * 100)) }
        guard kind == .auto, Console.isTerminal, !messages.quiet else { return }
        let now = DispatchTime.now()
        if let drawn = state.drawn, now.uptimeNanoseconds - drawn.uptimeNanoseconds < 100_000_000, !always { return }
        state.drawn = now
        state.isDrawn = true
        let seconds = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
        // Before a tile of this run is done, nobody knows how fast it is.
        let ownShare = share - state.notComputed / total
        let left = ownShare > 0 && share < 1 ? "  \(Text.time(.seconds(seconds / ownShare * (1 - share)))) left" : ""
        let failed = state.failed > 0 ? ", \(state.failed) failed" : ""
        let batch = ProgressBar.line("\(state.endedScenes) of \(weights.count) scenes\(failed)", share, left)
        guard let scene = state.running.last else { return Console.draw([batch]) }
        let others = state.running.count > 1 ? " and \(state.running.count - 1) more" : ""
        let name = Console.oneLine(URL(fileURLWithPath: scene.scene).lastPathComponent + others)
        Console.draw([ProgressBar.line(name, scene.done, ""), batch])
    }
}

/// Prints the progress of a watch: warnings, a line for each scene that failed, and on a terminal a bar for the scene
/// and a line when it is done.
final class WatchProgress: BatchObserver {
    private let messages: MessageOptions
    private let bar = Mutex<(bar: ProgressBar, pixels: Int)?>(nil)
    private let general = GeneralWarnings()

    init(_ messages: MessageOptions) { self.messages = messages }

    func began(_ scene: String, _ run: SceneRun) {
        general.news(of: run.sceneWarnings).forEach { messages.warn($0.line(about: scene)) }
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
        case .unchanged, .outside, .stopped: break
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
