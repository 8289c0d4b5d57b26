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

    @Test("a shared lock goes with others of its kind, and with no other lock")
    func shared() throws {
        do {
            let locks = try (0..<3).map { _ in try FolderLock(folder: folder.url.path, isShared: true, hasLease: true) }
            #expect(throws: FileError.self) { _ = try FolderLock(folder: folder.url.path) }
            withExtendedLifetime(locks) {}
        }
        let lock = try FolderLock(folder: folder.url.path)
        let error = #expect(throws: FileError.self) {
            _ = try FolderLock(folder: folder.url.path, isShared: true, hasLease: true)
        }
        #expect(error?.code == .locked)
        withExtendedLifetime(lock) {}
    }

    @Test("the lock ends with who holds it")
    func lockEnds() throws {
        do { _ = try FolderLock(folder: folder.url.path) }
        _ = try FolderLock(folder: folder.url.path)
    }
}
