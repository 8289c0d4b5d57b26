/// The complete samples of all rasters of a scene, which finished files are made of: those of one run, or of the parts of
/// a divided one.
protocol RasterWork: AnyObject {
    /// The rasters, the mask first.
    var outputs: [RasterOutput] { get }
    /// The samples of each of them.
    var sources: [any RawSource] { get }
    /// The number of tiles that the network ran on.
    var tilesComputed: Int { get }
    /// The rows of tiles that were there before this run.
    var resumedTileRows: Int { get }
    /// The folder beside the mask.
    var folder: WorkFolder { get }

    /// Keeps or removes the work, after a run that did not come to its end.
    ///
    /// - Parameter scene: its path.
    /// - Returns: the error, and what became of the work.
    func end(after error: any Error, scene: String) -> any Error
    /// The work is done, and the command not yet over.
    func keepRecord()
    /// The work is done, or of no more use.
    func remove()
}
