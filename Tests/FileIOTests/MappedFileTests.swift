import FileIO
import Foundation
import Glibc
import TestData
import Testing

/// Files that are mapped into memory, and the runs of bytes that readers cut out of them.
struct MappedFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("only a regular file that holds something is mapped, and the others say what they are")
    func kinds() throws {
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let cases: [(path: String, failure: MappedFile.Failure)] = [
            (folder.path("none"), .missing), (folder.path("none/below"), .missing), (folder.url.path, .folder),
            // Opening a pipe that nobody writes into would wait for ever.
            (pipe, .special), ("/dev/null", .special), (try folder.write([], to: "empty"), .empty),
        ]
        for (path, failure) in cases {
            #expect(throws: failure, "\(path)") { _ = try MappedFile(path: path) }
        }
    }

    @Test("a slice reaches no byte outside itself, whatever numbers a file holds")
    func bounds() throws {
        let file = try MappedFile(path: folder.write(Array(0..<10), to: "a.bin"))
        let inner = try #require(FileSlice(file).slice(at: 2, count: 5))
        #expect(inner.bytes == [2, 3, 4, 5, 6])
        #expect(inner.slice(at: 1, count: 4)?.bytes == [3, 4, 5, 6])
        #expect(inner.slice(at: 5, count: 0)?.bytes == [])
        for (offset, count) in [(0, 6), (1, 5), (5, 1), (6, 0), (-1, 2), (0, -1), (.max, 1), (1, .max)] {
            #expect(inner.slice(at: offset, count: count) == nil, "\(offset), \(count)")
        }
        #expect(inner.slice(at: UInt64.max, count: UInt64(1)) == nil)
        #expect(inner.slice(at: UInt64(1), count: UInt64.max) == nil)
        #expect(inner.starts(with: [2, 3]) && inner.starts(with: [5, 6], at: 3))
        #expect(!inner.starts(with: [6, 7], at: 4), "7 lies behind the slice")
    }

    @Test("integers are little-endian, aligned or not")
    func integers() throws {
        let file = try MappedFile(path: folder.write([0, 1, 2, 3, 4, 0xff], to: "a.bin"))
        let slice = FileSlice(file)
        #expect(slice.integer(at: 1, as: UInt32.self) == 0x0403_0201)
        #expect(slice.integer(at: 5, as: Int8.self) == -1)
        #expect(slice.integer(at: 3, as: UInt32.self) == nil)
    }

    @Test("the file lives as long as a slice of it, and pages that were given back are read again")
    func lifetime() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 256) }
        let slice = FileSlice(try MappedFile(path: folder.write(bytes, to: "a.bin")))
        slice.releasePages()
        #expect(slice.bytes == bytes)
        #expect(slice.text == nil, "0xff is no UTF-8")
    }
}
