import ArgumentParser
import Foundation
import Overtile

/// Options for when an arriving scene is run, how often it is tried, and what happens afterwards.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Stay and watch until Ctrl-C or SIGTERM.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            """
            An upload is complete once its size and time have not changed for so many seconds and, in a TIFF, no block \
            is missing. With a marker (scene.tif.done or scene.done), or when the file is renamed into place, it is \
            complete at once.
            """, valueName: "seconds"))
    var settle = 60.0

    @Option(
        help: ArgumentHelp(
            """
            How often a scene that fails is tried, with growing pauses in between.
            """, valueName: "n"))
    var maxAttempts = 3

    @Option(
        help: ArgumentHelp(
            "The folder for scenes that failed so often, each with a text that says why. By default, FOLDER/failed.",
            valueName: "dir"), completion: .directory)
    var failedFolder: String?

    @Option(
        help: ArgumentHelp(
            """
            A shell command that is run for each scene that is done, with OVERTILE_SCENE, OVERTILE_MASK, \
            OVERTILE_PROBABILITIES (where they are written), OVERTILE_MODEL, OVERTILE_PIXELS and OVERTILE_SECONDS in \
            its environment. If the command fails, a warning says so.
            """, valueName: "command"))
    var onDone: String?

    mutating func validate() throws {
        guard settle >= 0, settle <= 1e7 else {
            throw ValidationError("--settle \(settle) is no number of seconds to wait: give one from 0 on, such as 60")
        }
        guard maxAttempts > 0 else {
            throw ValidationError("--max-attempts \(maxAttempts) would try no scene: give 1 or more")
        }
    }

    /// Makes the settings of the watch.
    ///
    /// - Parameter outputs: the folders that hold outputs.
    /// - Throws: `UsageError` if scenes and outputs would lie in one folder.
    func settings(folder: String, choice: SceneChoice, outputs: [String]) throws -> FolderWatch.Settings {
        let watched = CanonicalPath.destination(of: folder)
        for output in outputs where CanonicalPath.destination(of: output) == watched {
            throw UsageError("outputs in \(output) would lie among the scenes that are watched: choose another folder")
        }
        var settings = FolderWatch.Settings(
            folder: watched, failedFolder: failedFolder.map { CanonicalPath.destination(of: $0) })
        guard RemoteFile.isRemote(settings.failed.path) == RemoteFile.isRemote(watched) else {
            throw UsageError(
                "--failed-folder \(settings.failed.path) and \(folder) are not both in object storage: name one on the same side"
            )
        }
        guard settings.failed.path != watched else {
            throw UsageError("scenes that fail would stay in \(folder): choose another folder for --failed-folder")
        }
        settings.isRecursive = choice.recursive
        settings.names = choice.names
        settings.excluding = outputs.map { RemoteFile.isRemote($0) ? CanonicalPath.destination(of: $0) : $0 }
        settings.arrival = ArrivalRule(settle: .seconds(settle))
        settings.retry = RetryRule(maxAttempts: maxAttempts)
        return settings
    }
}
