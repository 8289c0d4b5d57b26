import Overtile

/// The files of a command that runs whole folders of scenes, beside those of each scene.
struct FolderRunFiles {
    let files: OtherFiles

    init(
        models: [String], _ choices: ModelChoices, _ area: AreaOptions, products: FolderProductOptions,
        reports: ReportOptions, log: LogOptions
    ) {
        var files = OtherFiles(models: models, choices, area, zones: products.companions.zones.zones)
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

extension OtherFiles {
    /// Gathers what a command reads beside its scenes and its first model.
    init(models: [String], _ choices: ModelChoices, _ area: AreaOptions, zones: String?) {
        self.init()
        models.dropFirst().forEach { read($0, "a model") }
        read(choices.modelItem, "the model's item")
        read(area.aoi, "the area")
        read(zones, "the zones")
    }
}
