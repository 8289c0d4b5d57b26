/// What tells how far a scene is.
protocol ProgressDisplay: AnyObject {
    func update(done: Int, of total: Int)

    /// Nothing more comes.
    func finish()
}
