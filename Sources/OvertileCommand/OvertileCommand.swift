import ArgumentParser
import Foundation
import Overtile

#if canImport(Glibc)
    import Glibc
#endif

/// The root command; each subcommand is a thin file beside this one.
struct OvertileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overtile",
        abstract: "Segments georeferenced rasters of any size with U-Nets, without seams.",
        discussion: """
            A scene is cut into overlapping tiles, and mirrored beyond its borders. Each tile is run through the \
            network, and the results are put together as one raster on the scene's own grid.

            Results go to standard output. Warnings, errors and progress go to standard error, each error as one line, \
            which is broken at its spaces where a terminal shows it.

            Exit codes:
              0    done
              1    some of several scenes failed; an error line was printed for each
              64   the command line is wrong, or does not fit the model or the scene
              65   the raster or the model is bad, or they do not fit each other
              66   there is no such input, or it may not be read
              70   a bug in Overtile
              73   the output exists, or cannot be created there
              74   reading or writing failed, as on a full disk
              75   another run is making the same output, or works in the same folder
              130  stopped by Ctrl-C; 129 by a closed terminal, 143 by SIGTERM
            """,
        version: OvertileVersion.current,
        subcommands: [
            SegmentCommand.self, MergeCommand.self, BatchCommand.self, WatchCommand.self, StatusCommand.self,
            InspectCommand.self, PlanCommand.self, TrainCommand.self, BenchCommand.self, ConvertCommand.self,
            StatsCommand.self,
            EvaluateCommand.self,
            PolygonizeCommand.self, PreviewCommand.self, CheckCommand.self, DoctorCommand.self,
            VersionCommand.self,
        ])
}

/// Prints what --version prints, for those who ask in the manner of git.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show the version, with the commit that a package was built from.",
        discussion: """
            It is that of --version, and what outputs say of themselves (OVERTILE_VERSION). 'overtile doctor' also shows \
            those of GDAL and oneDNN.
            """)

    func run() throws { try Console.print(OvertileVersion.current) }
}

@main
enum Main {
    static func main() {
        StandardStreams.reopenClosed()
        Signals.ignoreThoseOfWriting()
        Signals.endOnSignal()
        do {
            try Arguments.check()
            var command = try OvertileCommand.parseAsRoot()
            try ResourceTrial.require(
                threads: GrantedResources.current.processors + ResourceTrial.otherThreads,
                bytes: ResourceTrial.firstBytes)
            try command.run()
        } catch {
            exit(after: error)
        }
    }

    private static func exit(after error: any Error) -> Never {
        guard let status = ExitStatus(for: error) else {
            if let usage = UsageError(error) { exit(after: usage) }
            guard let help = Help.text(for: error) else { OvertileCommand.exit(withError: error) }
            do { try Console.print(help) } catch { exit(after: error) }
            Glibc.exit(EXIT_SUCCESS)
        }
        switch status {
        case .readerLeft: break
        case .interrupted, .terminated, .hungUp:
            Console.report(Signals.farewell)
        default: Console.report(error)
        }
        status.exit()
    }
}
