import ArgumentParser
import Overtile

/// Which files of a folder are scenes.
struct SceneChoice: ParsableArguments {
    @Flag(help: "Also take scenes from folders inside a folder.")
    var recursive = false

    @Option(
        help: ArgumentHelp(
            """
            Which files of a folder are scenes, as '*_ms.tif'; may be given again. By default those with the extension of \
            a format that scenes mostly have, such as .tif, .jp2 and .vrt.
            """, valueName: "glob"))
    var pattern: [String] = []

    var names: SceneNames { SceneNames(patterns: pattern) }
}
