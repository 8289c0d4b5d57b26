import FileIO
import Foundation
import TestData
import Testing

struct FolderLockTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("one writer at a time")
    func lock() throws {
        let lock = try FolderLock(folder: folder.url.path)
        let error = #expect(throws: FileError.self) { _ = try FolderLock(folder: folder.url.path) }
        #expect(error?.code == .locked)
        #expect(error?.message.hasPrefix("another run works in \(folder.url.path): this one leaves") == true)
        withExtendedLifetime(lock) {}
        let missing = #expect(throws: FileError.self) { _ = try FolderLock(folder: folder.path("none")) }
        #expect(missing?.code == .cannotCreate)
    }

    @Test("the lock ends with who holds it")
    func lockEnds() throws {
        do { _ = try FolderLock(folder: folder.url.path) }
        _ = try FolderLock(folder: folder.url.path)
    }
}
