import StoredTensors
import Testing
import TestModelFiles
import WeightFiles

/// Archives around a sound pickle of one tensor of two elements.
@Suite struct ZipArchiveTests {
    private let archive = TorchWriter.archive(
        pickle: PickleWriter.pickle { $0.stateDict([.vector(count: 2)]) },
        storages: [("0", ([1, 2] as [Float]).littleEndianBytes)])

    @Test("every way to write a sound archive", arguments: [false, true], [false, true])
    func variants(isZip64: Bool, isStreamed: Bool) throws {
        for hasZip64End in [false, true] {
            var archive = archive
            archive.hasZip64End = hasZip64End
            archive.comment = Array("trained on tiles of PK\u{5}\u{6}".utf8)
            for index in archive.entries.indices {
                archive.entries[index].isZip64 = isZip64
                archive.entries[index].isStreamed = isStreamed
            }
            #expect(try Checkpoint.read(bytes: archive.bytes).elements == ["w": [1, 2]])
        }
    }

    @Test("any name for the archive's folder", arguments: ["archive", "model", "my net é", ""])
    func prefixes(prefix: String) throws {
        let archive = TorchWriter.archive(
            pickle: PickleWriter.pickle { $0.stateDict([.vector(count: 1)]) },
            storages: [("0", ([3] as [Float]).littleEndianBytes)], prefix: prefix)
        #expect(try Checkpoint.read(bytes: archive.bytes).elements == ["w": [3]])
    }

    @Test func compressedAndEncryptedEntriesAreRefused() throws {
        for index in [0, 2] {
            var compressed = archive
            compressed.entries[index].method = 8
            let error = try Checkpoint.error(bytes: compressed.bytes)
            #expect(error?.code == .unsupportedContainer)
            #expect(error?.message.contains("compressed") == true && error?.message.contains("save") == true)

            var encrypted = archive
            encrypted.entries[index].flags = 1
            #expect(try Checkpoint.error(bytes: encrypted.bytes)?.message.contains("encrypted") == true)
        }
    }

    @Test func namesThatComeTwiceAreRefused() throws {
        var archive = archive
        archive.entries.append(archive.entries[2])
        let error = try Checkpoint.error(bytes: archive.bytes)
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("'archive/data/0' twice") == true)
    }

    @Test("sizes that cannot be", arguments: [1 << 20, 1 << 31, 1 << 32, 1 << 63, .max - 30, .max] as [UInt64])
    func sizes(size: UInt64) throws {
        for index in [0, 2] {
            var archive = archive
            archive.entries[index].claimedSize = size
            archive.entries[index].isZip64 = true
            #expect(try Checkpoint.error(bytes: archive.bytes)?.code == .truncated)
        }
    }

    @Test("places that cannot be", arguments: [1, 1 << 31, 1 << 32, 1 << 63, .max - 30, .max] as [UInt64])
    func offsets(offset: UInt64) throws {
        for index in [0, 2] {
            var archive = archive
            archive.entries[index].claimedOffset = offset
            archive.entries[index].isZip64 = true
            #expect(try Checkpoint.error(bytes: archive.bytes)?.code == .malformed)
        }
    }

    /// A storage that would reach into the central directory, but not beyond the file.
    @Test func dataEndsBeforeTheDirectory() throws {
        var archive = ZipWriter([.init(name: "a/data.pkl", data: Array(repeating: 0, count: 8))])
        archive.entries[0].claimedSize = 9
        #expect(try Checkpoint.error(bytes: archive.bytes)?.code == .truncated)
        archive.entries[0].claimedSize = 8
        #expect(try Checkpoint.error(bytes: archive.bytes)?.code == .refused)  // 0 is no instruction
    }

    /// An entry may not borrow the header of another: readers that trust one or the other would see two files.
    @Test func localHeadersMustAgree() throws {
        var archive = archive
        archive.entries[2].claimedOffset = 0
        #expect(try Checkpoint.error(bytes: archive.bytes)?.code == .malformed)
    }

    @Test("directories that cannot be", arguments: [0, 1, 1000, 1 << 32, 1 << 63, .max] as [UInt64])
    func directories(number: UInt64) throws {
        for hasZip64End in [false, true] {
            var archives = [archive, archive, archive]
            archives[0].claimedEntryCount = number
            archives[1].claimedDirectorySize = number
            archives[2].claimedDirectoryOffset = number
            for var archive in archives {
                archive.hasZip64End = hasZip64End
                let error = try Checkpoint.error(bytes: archive.bytes)
                #expect([.malformed, .truncated, .unknownContainer].contains(error?.code))
            }
        }
    }

    @Test func missingStoragesAreNamed() throws {
        var archive = archive
        archive.entries.remove(at: 2)
        let error = try Checkpoint.error(bytes: archive.bytes)
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("'w'") == true && error?.message.contains("'archive/data/0'") == true)
    }

    @Test func otherZipFilesAreNotCheckpoints() throws {
        let other = ZipWriter([.init(name: "word/document.xml", data: [1, 2, 3])])
        #expect(try Checkpoint.error(bytes: other.bytes)?.code == .unknownContainer)
        #expect(try Checkpoint.error(bytes: ZipWriter([]).bytes)?.code == .unknownContainer)

        var script = archive
        script.entries.append(.init(name: "archive/constants.pkl", data: [0x80, 2, 0x29, 0x2e]))
        script.entries.append(.init(name: "archive/code/__torch__/UNet.py", data: []))
        let error = try Checkpoint.error(bytes: script.bytes)
        #expect(error?.code == .notAStateDict)
        #expect(error?.message.contains("TorchScript") == true)

        var twins = archive
        twins.entries.append(.init(name: "other/data.pkl", data: []))
        #expect(try Checkpoint.error(bytes: twins.bytes)?.code == .malformed)
    }
}
