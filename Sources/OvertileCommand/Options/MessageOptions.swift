import ArgumentParser
import Overtile

/// How much is said on standard error.
struct MessageOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Also say what was planned, which kernels run, and where the time went.")
    var verbose = false

    mutating func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other: give one of them") }
    }

    func warn(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// Gathers GDAL's own warnings, which need not concern the pixels that are read, each once for a scene: some come
    /// with every block.
    func receiveRasterWarnings() -> SceneWarnings {
        let isQuiet = quiet
        let warnings = SceneWarnings { if !isQuiet { Console.warn($0) } }
        warnings.receiveRasterWarnings()
        return warnings
    }

    /// Shows GDAL's own warnings about these files.
    func showRasterWarnings(about files: String...) {
        let warnings = receiveRasterWarnings()
        for file in files { warnings.begin(file) }
    }

    /// A bar belongs on a terminal only.
    func progressBar(_ label: String, pixels: Int) -> ProgressBar? {
        quiet || !Console.isTerminal ? nil : ProgressBar(label: label, pixels: pixels)
    }
}
