import Overtile

/// The files of a command that runs whole folders of scenes, beside those of each scene.
struct FolderRunFiles {
    let files: OtherFiles

    init(
        model: ModelChoices, products: FolderProductOptions, reports: ReportOptions, log: LogOptions
    ) {
        var files = OtherFiles()
        files.read(products.companions.zones.zones, "the zones")
        files.read(model.modelItem, "the model's item")
        files.write(reports.report, "--report")
        files.write(reports.metrics, "--metrics")
        files.write(log.logFile, "--log-file")
        self.files = files
    }

    /// Refuses files that would be written to and are inputs, before any of them is opened.
    ///
    /// - Parameter scenes: all files that the command may take for scenes.
    /// - Throws: `OutputError`.
    func check(scenes: [String], model: String) throws { try files.refuseClashes(scenes: scenes, model: model) }
}
