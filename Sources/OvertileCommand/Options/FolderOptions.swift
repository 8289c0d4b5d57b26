import ArgumentParser
import Foundation
import Overtile

/// The model, and the folders and names of the outputs, for commands that run whole folders of scenes.
struct FolderOptions: ParsableArguments {
    @OptionGroup var networks: ModelPaths

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            An existing folder for the masks and for the ledger of what was done. It may be in object storage, as \
            /vsis3/bucket/masks, where a copy of the ledger is then kept; one machine at a time may run scenes into it.
            """, valueName: "dir"),
        completion: .directory)
    var output: String

    @OptionGroup var others: FolderRasterOptions

    @OptionGroup var place: ScratchOption

    @Option(
        help: ArgumentHelp(
            """
            A template for the names of outputs. It may contain {stem} (the scene's name without its extension), \
            {folder} (the name of the scene's folder), {model} (the first one's name) and {date} (the day of the run).
            """, valueName: "template"))
    var name = OutputNaming.standard

    @Flag(
        name: [.long, .customLong("overwrite", withSingleDash: true)],
        help: "Replace existing outputs, even those that the ledger does not know.")
    var overwrite = false

    /// Plans where the outputs go.
    ///
    /// - Throws: `BatchError`; `ModelFileError` if the model does not exist. A watch that finds no scene would not
    ///   notice that for months.
    func plan(_ products: FolderProductOptions) throws -> FolderLayout {
        for model in networks.models where !FileManager.default.fileExists(atPath: model) {
            throw ModelFileError(.noSuchFile, path: model, "no such file: check the path of the model")
        }
        return try layout(products)
    }

    /// Lays the outputs out, whether the models are there or not.
    ///
    /// - Throws: `BatchError`.
    func layout(_ products: FolderProductOptions) throws -> FolderLayout {
        try FolderLayout(
            folder: output, others: others.rasters, companions: products.beside, products: products.options(),
            naming: OutputNaming(name), model: networks.models[0], scratch: place.scratch)
    }
}

/// The folder of this machine that outputs in object storage need.
struct ScratchOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The folder for what has to be on this machine of outputs in object storage: the ledger, and outputs before they \
            are uploaded. By default, one in the user's cache.
            """, valueName: "folder"), completion: .directory)
    var scratch: String?
}

/// Decides which files of a folder are scenes.
struct SceneChoice: ParsableArguments {
    @Flag(help: "Also take scenes from the folders inside a folder.")
    var recursive = false

    @Option(
        help: ArgumentHelp(
            """
            Which files of a folder are scenes, such as '*_ms.tif'. May be repeated. By default, files with an \
            extension that is common for scenes, such as .tif, .jp2 and .vrt.
            """, valueName: "glob"))
    var pattern: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Scenes that are found in a folder or by a pattern are opened if they are local files in the format that \
            their name promises. GDAL drivers named here, such as VRT,WMS, open them under any name, and may reach \
            servers; "all" allows everything, as it is for scenes that are named one by one.
            """, valueName: "names"))
    var allowDrivers: String?

    mutating func validate() throws {
        guard let unknown = access.unknownDrivers.first else { return }
        throw ValidationError(
            "--allow-drivers \(unknown) names no driver: overtile doctor and gdalinfo --formats list them")
    }

    var names: SceneNames { SceneNames(patterns: pattern) }

    /// What scenes that are found may reach.
    var access: RasterAccess {
        .files(allowing: allowDrivers?.split(separator: ",").map { String($0).trimmed } ?? [])
    }
}
