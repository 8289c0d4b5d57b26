import Dispatch

/// Shows how much of a scene is done.
protocol ProgressDisplay: AnyObject {
    func update(done: Int, of total: Int)

    /// Ends the display. No update follows.
    func finish()
}

/// A progress bar on a terminal, with the share that is done, the speed and the time left. It is drawn at most ten
/// times a second.
final class ProgressBar: ProgressDisplay {
    private let label: String
    private let pixels: Double
    private let started = DispatchTime.now()
    private var drawn: DispatchTime?
    /// The tiles that an earlier run had done when this one began.
    private var doneBefore: Int?

    /// - Parameter pixels: the number of pixels of the whole scene.
    init(label: String, pixels: Int) {
        self.label = Console.oneLine(label)
        self.pixels = Double(pixels)
    }

    func update(done: Int, of total: Int) {
        let now = DispatchTime.now()
        let doneBefore = doneBefore ?? done
        self.doneBefore = doneBefore
        if let drawn, now.uptimeNanoseconds - drawn.uptimeNanoseconds < 100_000_000, done < total { return }
        drawn = now
        let share = Double(done) / Double(total)
        let seconds = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
        let ownShare = Double(done - doneBefore) / Double(total)
        var numbers = ""
        // Before a tile of this run is done, nobody knows how fast it is.
        if ownShare > 0 {
            let left = Duration.seconds(seconds / ownShare * (1 - share))
            let speed = Text.number(pixels * ownShare / max(seconds, 1e-3) / 1e6, digits: 2)
            numbers = "  \(speed) Mpx/s" + (done < total ? "  \(Text.time(left)) left" : "")
        }
        Console.draw([Self.line(label, share, numbers)])
    }

    /// Removes the bar.
    func finish() {
        if drawn != nil { Console.writeError(Console.clear) }
    }

    /// Returns a line with a bar that fits the terminal, its label shortened if need be.
    ///
    /// - Parameters:
    ///   - share: the part that is done, 0 to 1.
    ///   - numbers: what stands behind the percentage.
    static func line(_ label: String, _ share: Double, _ numbers: String) -> String {
        let room = Console.drawnWidth
        let end = " " + bar(share) + " \(Int(share * 100)) %" + numbers
        return Text.prefix(Text.shortened(label, columns: room - Text.width(end)) + end, columns: room)
    }

    /// The bar alone, as long as suits the terminal.
    static func bar(_ share: Double) -> String {
        let room = Console.drawnWidth
        let length = room < 70 ? 10 : room < 100 ? 20 : 30
        let filled = Int(share * Double(length))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: length - filled) + "]"
    }
}

/// Progress for programs that show a bar of their own: a line such as `progress 37` for each whole percent.
final class ProgressLines: ProgressDisplay {
    private var told: Int?

    func update(done: Int, of total: Int) {
        tell(percent: total > 0 ? Int((Double(done) / Double(total) * 100).rounded(.down)) : 100)
    }

    /// Prints a line if the percentage has changed.
    ///
    /// - Parameter percent: 0 to 100.
    func tell(percent: Int) {
        guard percent != told else { return }
        told = percent
        Console.note("progress \(percent)")
    }

    func finish() {}
}
