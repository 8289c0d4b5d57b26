import Foundation
import Segmentation
import TestData
import Testing

@testable import BatchRunner

#if canImport(Glibc)
    import Glibc
#endif

/// The user's command for scenes that are done.
struct DoneCommandTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("gets paths in its environment, whatever is in them, and the rest as it is")
    func environment() throws {
        let scene = "/in/a b'\"; $(touch \(folder.path("oops"))) `id`\n.tif"
        let command = DoneCommand("printf %s \"$OVERTILE_SCENE\" > \"$TARGET\"; test -n \"$PATH\"; cat")
        let ending = command.run(
            ["OVERTILE_SCENE": scene, "TARGET": folder.path("told")], cancellation: Cancellation())
        #expect(ending == .succeeded)
        #expect(String(decoding: try folder.bytes("told"), as: UTF8.self) == scene)
        #expect(try folder.names == ["told"])
    }

    @Test(
        "its ending is told",
        arguments: [
            ("exit 3", DoneCommand.Ending.failed(status: 3)), ("kill -9 $$", .killed(signal: 9)), ("true", .succeeded),
        ])
    func endings(_ command: String, _ ending: DoneCommand.Ending) {
        #expect(DoneCommand(command).run([:], cancellation: Cancellation()) == ending)
    }

    /// A command that started others, all of which hear of the end.
    @Test("a cancellation ends it and what it started")
    func cancelled() throws {
        let cancellation = Cancellation()
        let (ready, told) = (folder.path("ready"), folder.path("told"))
        Thread.detachNewThread {
            while access(ready, F_OK) != 0 { usleep(5000) }
            cancellation.cancel()
        }
        let command = DoneCommand(
            "(trap 'echo ended > \(told); exit' TERM; echo > \(ready); sleep 60 & wait) & wait")
        #expect(command.run([:], cancellation: cancellation) == .stopped)
        let patience = ContinuousClock.now + .seconds(10)
        while try !folder.names.contains("told"), ContinuousClock.now < patience { usleep(5000) }
        #expect(try folder.names.contains("told"))
    }
}
