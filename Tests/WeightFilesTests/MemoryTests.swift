import Testing
import TestModelFiles
import WeightFiles

/// How much memory hostile files take, measured in a process of their own.
@Suite struct MemoryTests {
    /// Before there was a bound, 3.5 MB of pickle took 500 MB (a memo of Nones) or 1.6 GB (tensors of 64 axes).
    @Test func hostilePicklesTakeASmallMultipleOfTheirSize() async {
        await #expect(processExitsWith: .success) {
            let pickles = HostilePickle.all(byteCount: 3_500_000)
            Self.expectToStay(
                within: 120 << 20, reading: pickles.map { ($0.name, TorchWriter.archive(pickle: $0.bytes).bytes) })
        }
    }

    @Test func hostileHeadersTakeASmallMultipleOfTheirSize() async {
        await #expect(processExitsWith: .success) {
            let count = 24_000_000
            let headers = [
                ("tensors", Self.repeated(#""%":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#, count)),
                ("metadata", #"{"__metadata__":"# + Self.repeated(#""%":"""#, count) + "}"),
                ("string", "{\"" + String(repeating: "a", count: count) + "\":1}"),
                ("spaces", "{" + String(repeating: " ", count: count) + "}"),
            ]
            Self.expectToStay(
                within: 160 << 20, reading: headers.map { ($0.0, SafetensorsWriter.file(header: $0.1)) })
        }
    }

    /// An object of members, each with a number for its `%`, of about `count` bytes.
    private static func repeated(_ member: String, _ count: Int) -> String {
        let parts = member.split(separator: "%", maxSplits: 1)
        let members = (0..<count / (member.utf8.count + 7)).map { "\(parts[0])\(10_000_000 + $0)\(parts[1])" }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func expectToStay(within bound: Int, reading files: [(name: String, bytes: [UInt8])]) {
        PeakMemory.expectToStay(within: bound, reading: files) { path in
            do { _ = try Checkpoint.read(path: path) } catch {}
            return true
        }
    }
}
