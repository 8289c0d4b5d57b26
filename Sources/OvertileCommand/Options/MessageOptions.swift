import ArgumentParser
import Overtile
import Synchronization

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

    /// GDAL's own warnings, which need not concern the pixels that are read, each once for a scene: some come with
    /// every block.
    ///
    /// - Parameter others: files that a message may name instead.
    func showRasterWarnings(about scene: String, _ others: String...) {
        guard !quiet else { return RasterWarnings.send(to: nil) }
        let said = Mutex<Set<String>>([])
        RasterWarnings.send { message in
            guard said.withLock({ $0.insert(message).inserted }) else { return }
            let names = others.map { $0.split(separator: "/").last.map(String.init) ?? $0 } + [scene]
            Console.warn(names.contains(where: message.contains) ? message : "\(scene): \(message)")
        }
    }

    /// A bar belongs on a terminal only.
    func progressBar(_ label: String, pixels: Int) -> ProgressBar? {
        quiet || !Console.isTerminal ? nil : ProgressBar(label: label, pixels: pixels)
    }
}
