import ArgumentParser

/// The root command; each subcommand is a thin file beside this one.
struct OvertileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overtile",
        abstract: "Segments georeferenced rasters of any size with U-Nets, without seams.",
        discussion: """
            A scene is cut into overlapping tiles, mirrored beyond its borders; each tile is run through the network, and
            the results are put together as one raster on the scene's own grid.

            Exit codes: 0 done, 1 some scenes failed, 64 wrong usage, 65 bad raster or model, 66 no such input, 70 a bug
            in Overtile, 73 the output exists or cannot be created, 74 reading or writing failed, 130 after Ctrl-C, 143
            after SIGTERM.
            """,
        version: "0.1.0",
        subcommands: [SegmentCommand.self, InspectCommand.self, PlanCommand.self])
}

@main
enum Main {
    static func main() {
        do {
            var command = try OvertileCommand.parseAsRoot()
            try command.run()
        } catch {
            guard let status = ExitStatus(for: error) else { OvertileCommand.exit(withError: error) }
            Console.report(error)
            status.exit()
        }
    }
}
