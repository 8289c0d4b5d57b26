/// Progress for programs that show a bar of their own: a line `progress 37` for each whole percent that is reached.
final class ProgressLines: ProgressDisplay {
    private var told: Int?

    func update(done: Int, of total: Int) {
        tell(percent: total > 0 ? Int((Double(done) / Double(total) * 100).rounded(.down)) : 100)
    }

    /// - Parameter percent: 0...100.
    func tell(percent: Int) {
        guard percent != told else { return }
        told = percent
        Console.note("progress \(percent)")
    }

    func finish() {}
}
