import BatchRunner
import Foundation
import Segmentation
import TestData
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What the system tells of a folder.
struct FolderEventsTests {
    let folder: TemporaryFolder
    let events: FolderEvents

    init() throws {
        folder = try TemporaryFolder()
        events = FolderEvents()
        events.add([folder.url.path])
    }

    @Test("tells what was renamed into place, and what was written since")
    func renames() throws {
        #expect(!events.take().isAny)
        for name in ["a.part", "b.part"] { _ = try folder.write([1], to: name) }
        for name in ["a", "b"] { rename(folder.path("\(name).part"), folder.path("\(name).tif")) }
        _ = try folder.write([2], to: "c.tif")
        let descriptor = open(folder.path("b.tif"), O_WRONLY)
        close(descriptor)
        let news = events.take()
        #expect(news.isAny)
        #expect(news.renamed == [folder.path("a.tif")])
        #expect(news.written.isSuperset(of: [folder.path("b.tif"), folder.path("c.tif")]))
        #expect(!events.take().isAny)
    }

    /// A look makes a hidden file to ask for the time: one that ended the wait for the next look would go on for ever.
    @Test("says nothing of hidden files, which end no wait")
    func hidden() throws {
        let descriptor = open(folder.path(".x"), O_WRONLY | O_CREAT, 0o600)
        close(descriptor)
        let cancellation = Cancellation()
        Thread.detachNewThread {
            usleep(200_000)
            cancellation.cancel()
        }
        events.wait(seconds: 3600, cancellation: cancellation)
        #expect(cancellation.isCancelled)
        #expect(!events.take().isAny)
    }

    @Test("news end a wait, and so does a cancellation")
    func waits() throws {
        _ = try folder.write([1], to: "a.tif")
        events.wait(seconds: 3600, cancellation: Cancellation())
        #expect(events.take().isAny)
        let cancellation = Cancellation()
        Thread.detachNewThread {
            usleep(50_000)
            cancellation.cancel()
        }
        events.wait(seconds: 3600, cancellation: cancellation)
        #expect(!events.take().isAny)
    }
}
