import ArgumentParser
import Overtile

/// How much is said on standard error.
struct MessageOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Also say what was planned, which kernels run, and where the time went.")
    var verbose = false

    mutating func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other.") }
    }

    func warn(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// GDAL's own warnings, which need not concern the pixels that are read.
    func showRasterWarnings() {
        let isShown = !quiet
        RasterWarnings.send { if isShown { Console.warn($0) } }
    }

    /// A bar belongs on a terminal only.
    func progressBar(_ label: String, pixels: Int) -> ProgressBar? {
        quiet || !Console.isTerminal ? nil : ProgressBar(label: label, pixels: pixels)
    }
}
