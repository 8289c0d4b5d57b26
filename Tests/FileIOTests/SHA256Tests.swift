import FileIO
import TestData
import Testing

/// The values are those of FIPS 180-4's examples and of `sha256sum`.
struct SHA256Tests {
    @Test(
        "known checksums",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func known(_ text: String, _ sum: String) {
        #expect(SHA256.checksum(of: text) == sum)
    }

    @Test("pieces give what the whole gives, whatever their lengths", arguments: [1, 7, 63, 64, 65, 200])
    func pieces(_ length: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: length) {
            Array(bytes[start..<min(bytes.count, start + length)]).withUnsafeBytes { hash.add($0) }
        }
        #expect(hash.finish() == bytes.withUnsafeBytes { SHA256.checksum(of: $0) })
    }

    @Test("the checksum of a file, and one that is given up")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("abc".utf8), to: "a.txt")
        #expect(try SHA256.checksum(ofFile: path) == SHA256.checksum(of: "abc"))
        #expect(throws: CancellationError.self) { try SHA256.checksum(ofFile: path, isCancelled: { true }) }
        let error = #expect(throws: FileError.self) { try SHA256.checksum(ofFile: folder.path("none")) }
        #expect(error?.code == .readFailed)
    }
}
