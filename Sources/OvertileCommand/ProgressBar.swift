import Dispatch

/// A bar on a terminal: share done, speed, time left. Draws at most ten times a second.
final class ProgressBar {
    private let label: String
    private let pixels: Double
    private let started = DispatchTime.now()
    private var drawn: DispatchTime?

    /// - Parameter pixels: of the whole scene.
    init(label: String, pixels: Int) {
        self.label = label
        self.pixels = Double(pixels)
    }

    func update(done: Int, of total: Int) {
        let now = DispatchTime.now()
        if let drawn, now.uptimeNanoseconds - drawn.uptimeNanoseconds < 100_000_000, done < total { return }
        drawn = now
        let share = Double(done) / Double(total)
        let seconds = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
        let filled = Int(share * 30)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let left = Duration.seconds(share > 0 ? seconds / share - seconds : 0)
        let speed = Text.number(pixels * share / max(seconds, 1e-3) / 1e6, digits: 2)
        Console.writeError(
            "\r\u{1B}[K\(label) [\(bar)] \(Int(share * 100)) %  \(speed) Mpx/s  \(Text.time(left)) left")
    }

    /// Removes the bar.
    func finish() {
        if drawn != nil { Console.writeError("\r\u{1B}[K") }
    }
}
