import Glibc
import TestData
import Testing

@testable import FileIO

/// Files that another program cuts short while they are mapped. What is looked at is the process's, and keeps it from
/// publishing anything: so it is a process of its own.
@Suite struct CutFilesTests {
    /// A reader went down with a SIGBUS where a model was copied over while it was read.
    @Test func lostPagesAreZerosAndNothingIsPublished() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let page = 4096
            let path = try folder.write([UInt8](repeating: 7, count: 5 * page + 10), to: "model.bin")
            do {
                let file = try MappedFile(path: path)
                func byte(_ offset: Int) -> UInt8 { file.withUnsafeBytes { $0[offset] } }
                try #require(byte(0) == 7 && byte(5 * page) == 7)
                try #require(truncate(path, off_t(2 * page)) == 0)
                try #require(byte(page) == 7 && CutFiles.count == 0, "what is left is read as before")
                try #require(CutFiles.mappedPath == nil)
                try #require([2, 4, 5].map { byte($0 * page + 9) } == [0, 0, 0])
                try #require(CutFiles.count == 3 && CutFiles.mappedPath == path && CutFiles.lastPath == path)
                // Whatever was made of the zeros does not get a name.
                let output = try StagedDocument(path: folder.path("out.json"), overwrite: false)
                try output.write(Array("{}".utf8))
                let refusal = #expect(throws: FileError.self) { try output.publish() }
                try #require(refusal?.code == .readFailed && refusal?.message.contains("became shorter") == true)
                output.remove()
                try #require(try folder.names == ["model.bin"])
            }
            // Once nobody holds the file, it is no more in the way.
            try #require(CutFiles.mappedPath == nil && CutFiles.lastPath == path)
            let output = try StagedDocument(path: folder.path("out.json"), overwrite: false)
            try output.write(Array("{}".utf8))
            try output.publish()
        }
    }

    /// A SIGBUS that is not about a mapped file ends the process, as always.
    @Test func otherSignalsTakeTheirCourse() async {
        await #expect(processExitsWith: .signal(SIGBUS)) {
            let folder = try TemporaryFolder()
            let file = try MappedFile(path: try folder.write([1, 2, 3], to: "model.bin"))
            try #require(file.count == 3)
            raise(SIGBUS)
        }
    }
}
